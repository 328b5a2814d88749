"""A page that draws itself in the browser: its style, what it draws with and its numbers are put into one text."""

from __future__ import annotations

import json
import re
from importlib.resources import files

PLACE = re.compile(r"%([a-z_]+(?:\.[a-z]+)?)%")


def filled(page: str, **values: object) -> str:
    """The page of that name in this folder, for each `%name%` the value of that name as JSON, and for each
    `%name.suffix%` the file of that name, e.g. `%plane.js%`.

    No text within a value can end the JSON early. Raises KeyError for a name that has no value.

    >>> "plane(" in filled("explain.html", data={}, sounds={})
    True
    """
    folder = files("msftk.pages")

    def value(place: re.Match[str]) -> str:
        name = place[1]
        return folder.joinpath(name).read_text(encoding="utf-8") if "." in name else _as_json(values[name])

    return PLACE.sub(value, folder.joinpath(page).read_text(encoding="utf-8"))


def _as_json(value: object) -> str:
    """`<` stands escaped: a transcript may hold `</script>`."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")
