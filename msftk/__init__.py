"""msftk: dimensional speech emotion recognition that listens to which words are stressed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msftk.types import ATTRIBUTES

if TYPE_CHECKING:
    from msftk.recipes.predict import load

__version__ = "0.1.0"
__all__ = ["ATTRIBUTES", "__version__", "load"]


def __getattr__(name: str) -> Any:
    """`msftk.load` is imported when first used, so that `import msftk` stays light (no torch)."""
    if name == "load":
        from msftk.recipes.predict import load

        return load
    raise AttributeError(f"module 'msftk' has no attribute '{name}'")
