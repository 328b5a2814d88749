"""Does a component keep its contract? One line a kind: `check_fusion("fm-moe", hidden=32)`, or with the class itself.

Each check raises AssertionError with a sentence for the plugin's author. What a contract says stands in interfaces/,
which function checks it in the row of its kind (`msftk.hookspecs.KINDS`).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from msftk.hookspecs import KINDS

_PLACES = {kind.check.partition(":")[2]: kind.check.partition(":")[0] for kind in KINDS if kind.check}

__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Callable[..., None]:
    if name not in _PLACES:
        raise AttributeError(f"module 'msftk.testing' has no '{name}'. It has: {', '.join(__all__)}.")
    check: Callable[..., None] = getattr(import_module(_PLACES[name]), name)
    return check
