"""Work for engines, in a module that other processes can import."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True)
class Inverse:
    """1 / item."""

    wants: ClassVar[str] = "model"

    def __call__(self, item: int) -> float:
        return 1 / item


class OddError(Exception):
    """An exception whose pickle cannot be read again: it is made of other arguments than it keeps."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


@dataclass(frozen=True)
class Raises:
    """Fails whatever it is given."""

    error: Any
    wants: ClassVar[str] = "model"

    def __call__(self, item: int) -> None:
        raise self.error(item, 2)


@dataclass(frozen=True)
class Who:
    """The process that works, and how many threads torch has there."""

    wants: ClassVar[str] = "model"

    def __call__(self, item: int) -> tuple[int, int]:
        import torch

        return os.getpid(), torch.get_num_threads()


@dataclass(frozen=True)
class Dies:
    """Dies of signal 9 at item 0, `times` times, and then answers."""

    folder: Path
    times: int
    wants: ClassVar[str] = "model"

    def __call__(self, item: int) -> int:
        if item == 0 and len(list(self.folder.iterdir())) < self.times:
            (self.folder / str(os.getpid())).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return item
