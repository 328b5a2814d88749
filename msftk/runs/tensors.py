"""The tensors of a folder of safetensors files: their shapes without reading them, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from msftk.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = "*.safetensors"


class Tensors(Mapping[str, "Tensor"]):
    """Name -> tensor, of all the folder's files. Use it in a `with` block. InputError for a file that is none."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._open = folder, ExitStack()
        self._files: dict[str, Any] = {}

    def __enter__(self) -> Tensors:
        for path in sorted(self._folder.glob(WEIGHTS)):
            try:
                file = self._open.enter_context(safe_open(path, framework="pt"))
            except (SafetensorError, OSError) as error:
                raise InputError(f"{path}: cannot be read as safetensors ({error}). Fetch it anew.") from error
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
