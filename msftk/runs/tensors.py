"""The tensors of a folder of safetensors files: their shapes without reading them, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from msftk.errors import InputError
from msftk.hub import indexed_files

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = "*.safetensors"


def weight_files(folder: Path) -> list[Path]:
    """The files of a model's weights: model.safetensors, or those of the index, or all.

    Raises InputError where the index names one that is not there.
    """
    if (folder / "model.safetensors").is_file():
        return [folder / "model.safetensors"]
    named = indexed_files(folder)
    if missing := [path.name for path in named if not path.is_file()]:
        raise InputError(f"{folder}: {missing[0]} is not there, and its index names it. Fetch it anew.")
    return named or sorted(folder.glob(WEIGHTS))


class Tensors(Mapping[str, "Tensor"]):
    """Name -> tensor, of all the folder's files. Use it in a `with` block. InputError for a file that is none."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._open = folder, ExitStack()
        self._files: dict[str, Any] = {}

    def __enter__(self) -> Tensors:
        for path in weight_files(self._folder):
            try:
                file = self._open.enter_context(safe_open(path, framework="pt"))
            except (SafetensorError, OSError) as error:
                raise InputError(f"{path}: cannot be read as safetensors ({error}). Fetch it anew.") from error
            if twice := next(iter(self._files.keys() & file.keys()), None):
                raise InputError(
                    f"{path}: tensor {twice} stands in another file beside it too. Take away what is not its."
                )
            self._files |= dict.fromkeys(file.keys(), file)
        return self

    def __exit__(self, *told: object) -> None:
        self._open.close()

    def __getitem__(self, name: str) -> Tensor:
        tensor: Tensor = self._files[name].get_tensor(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: tuple(file.get_slice(name).get_shape()) for name, file in self._files.items()}
