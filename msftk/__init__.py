"""msftk: dimensional speech emotion recognition that listens to which words are stressed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from msftk.recipes.predict import load
    from msftk.types import ATTRIBUTES

__version__ = "0.1.0"
__all__ = ["ATTRIBUTES", "__version__", "load"]

_PLACES = {"ATTRIBUTES": "msftk.types", "load": "msftk.recipes.predict"}


def __getattr__(name: str) -> Any:
    """What is exported is imported when it is first used, so that `import msftk` stays light: no NumPy, no torch."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'msftk' has no attribute '{name}'")
