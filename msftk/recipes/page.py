"""Self-contained HTML pages: one style, dark and light, every text escaped."""

from __future__ import annotations

from typing import Any

from msftk.extras import from_extra
from msftk.recipes.wording import fixed, interval, mean_and_spread, p_text, percent

PAGES = (".html", ".htm")


def template(name: str) -> Any:
    """The page of that name in msftk/pages; its `render` takes the facts, and misses none in silence.

    Raises InputError where jinja2 or matplotlib, which draws what stands on it, is not installed.

    >>> template("report.html").name
    'report.html'
    """
    with from_extra("viz", "the report"):
        import jinja2
        import matplotlib  # noqa: F401 - asked for here, so that its absence is told before the work
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.PackageLoader("msftk", "pages"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        fixed=fixed, interval=interval, percent=percent, p_text=p_text, mean_and_spread=mean_and_spread
    )
    return environment.get_template(name)
