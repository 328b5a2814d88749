"""The tables of a page as text, and numbers as they stand there, written a second time."""

from __future__ import annotations

from html.parser import HTMLParser


class Tables(HTMLParser):
    """id of each table -> its rows -> the text of their cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self._table: str | None = None
        self.feed(page)
        self.rows = {
            name: [[" ".join(cell.split()) for cell in row] for row in rows] for name, rows in self.rows.items()
        }

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._table = dict(attrs).get("id") or ""
            self.rows.setdefault(self._table, [])
        elif tag == "tr":
            self.rows[self._table].append([])
        elif tag in ("td", "th"):
            self.rows[self._table][-1].append("")
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._table = None

    def handle_data(self, data: str) -> None:
        if self._table is not None and self.rows[self._table] and self.rows[self._table][-1]:
            self.rows[self._table][-1][-1] += data


def said(value: float | None, sign: str = "", places: int = 2) -> str:
    return "–" if value is None else f"{round(value, places) + 0.0:{sign}.{places}f}"


def between(bounds: list[float | None], places: int = 2) -> str:
    return "" if None in bounds else f"[{said(bounds[0], places=places)}, {said(bounds[1], places=places)}]"
