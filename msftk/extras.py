"""Packages that only some components need: each belongs to an extra, which its absence names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msftk.errors import InputError


class PackageMissingError(InputError):
    """A component was chosen whose package is not installed; the message has the line that installs it."""


@contextmanager
def from_extra(extra: str, wanted_for: str) -> Iterator[None]:
    """Around the imports of what `wanted_for` needs: `extra` is the one of pyproject.toml that brings it.

    Raises PackageMissingError where a package is missing.
    """
    try:
        yield
    except ImportError as error:
        package = (error.name or extra).partition(".")[0]
        raise PackageMissingError(
            f"{wanted_for} needs the package {package}, which is not installed. "
            f"Install it with: pip install 'msftk[{extra}]'."
        ) from error
