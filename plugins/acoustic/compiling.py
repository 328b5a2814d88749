"""Whether torch.compile is worth its start here, and can run at all."""

from __future__ import annotations

import logging
import os
import shutil
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal

import torch

Compile = Literal["auto", "on", "off"]


class Compiling:
    """What an encoder asks before it runs; once it is `on` it stays on.

    auto: from the first training step on a CUDA GPU; a minute of compiling is too much for a few predictions. Where no
    compiler is found it stays off, and one line says so.
    """

    def __init__(self, asked: Compile) -> None:
        self.asked = asked
        self.on = False

    def decide(self, device: torch.device, training: bool) -> None:
        wanted = self.asked == "on" or (self.asked == "auto" and training and device.type == "cuda")
        self.on = self.on or (wanted and _finds_compiler(device.type))


def compile_options(device: torch.device) -> dict[str, Any]:
    """Lengths and batches of any size are one program; on a GPU, kernels are launched from C++, for Python is too slow.

    Measured on an H100 at 8 x 12 s: a step of 64 ms launched from Python, 59 ms from C++.
    """
    return {"dynamic": True, "options": {"cpp_wrapper": True} if device.type == "cuda" else None}


@cache
def _finds_compiler(kind: str) -> bool:
    commands = (os.environ["CXX"],) if "CXX" in os.environ else ("c++", "g++", "clang++")
    lacks_triton = kind == "cuda" and find_spec("triton") is None
    if not lacks_triton and any(map(shutil.which, commands)):
        return True
    missing = "the package triton" if lacks_triton else f"a C++ compiler ({' or '.join(commands)})"
    logging.getLogger(__name__).warning(
        "acoustic.compile: %s is not found, so the encoder runs uncompiled (slower, same numbers).", missing
    )
    return False
