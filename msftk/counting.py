"""How many of what, in the right number."""

from __future__ import annotations


def counted(n: int, one: str, many: str = "") -> str:
    """The number and its noun; `many`, where more than the noun changes or its plural is not in -s.

    >>> counted(1, "recording"), counted(2, "recording"), counted(0, "file is missing", "files are missing")
    ('1 recording', '2 recordings', '0 files are missing')
    """
    return f"{n} {one if n == 1 else many or f'{one}s'}"
