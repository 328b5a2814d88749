"""One self-contained HTML page of a run, or of several beside each other, and every number on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msftk.evaluation.comparison import Comparison
from msftk.evaluation.figures import (
    EACH_AS_A_DOT,
    curves_svg,
    residual_svg,
    scatter_svgs,
    shares_svg,
    systems_svg,
    training_svgs,
)
from msftk.files import write_whole
from msftk.prosody.figure import emphasis_svg
from msftk.recipes.claims import claims, scope
from msftk.recipes.compare import TO_FIRST, compare
from msftk.recipes.page import PAGES, template
from msftk.recipes.report_numbers import ReportNumbers
from msftk.recipes.systems import systems_inside
from msftk.recipes.table_file import check_out
from msftk.recipes.wording import SCORES
from msftk.runs.folder import RunFolder
from msftk.store.features import Store, default_store_path
from msftk.types import ATTRIBUTES

ELSEWHERE = ("settings", "packages", "versions", "device")  # of the card: what has a table of its own


def write_report(run: str | Path, out: str | Path, *, store: str | Path | None = None) -> Path:
    """Writes the page of a finished run, or the comparison of all runs in a folder, and returns its path.

    The split in front is the first test split, else dev. Utterances are drawn where they have an alignment.

    Raises:
        InputError: an unfinished run; a folder with runs of one system alone, or of other utterances; `out` is no page
            (.html) or cannot be written; jinja2 or matplotlib is missing (the message has the install line).
    """
    run, out = Path(run), Path(out)
    page = template("report.html")
    check_out(out, PAGES)
    if systems := systems_inside(run):
        write_whole(out, _comparison_page(run, compare(systems=systems, intersection=True)))
        return out
    found = ReportNumbers(RunFolder(run), Store(default_store_path(store)))
    write_whole(out, page.render(**_facts(found, found.json())))
    return out


def report_numbers(run: str | Path, *, store: str | Path | None = None) -> dict[str, Any]:
    """Every number that `write_report` shows, as plain values; undefined ones are None. Raises as `write_report`."""
    if systems := systems_inside(Path(run)):
        return _comparison_numbers(compare(systems=systems, intersection=True))
    return ReportNumbers(RunFolder(Path(run)), Store(default_store_path(store))).json()


def _facts(found: ReportNumbers, numbers: dict[str, Any]) -> dict[str, Any]:
    """What the template asks for: the numbers, and the pictures drawn of them."""
    attributes, card = numbers["attributes"], numbers["card"]
    residuals, routing, told = numbers["residuals"], numbers["routing"], numbers["deviations"]
    by_expert = {expert: {a: routing[a][expert] for a in attributes} for expert in numbers["experts"]}
    spread = {a: _points(numbers["spread"][a]) for a in attributes}
    axes = {
        "calibration": ("told deviation", "error (RMSE)"),
        "rejection": ("share of predictions kept, surest first", "error (RMSE)"),
    }
    fields = {"calibration": ("deviation", "rmse"), "rejection": ("kept", "rmse")}
    return {
        **numbers,
        "names": [*attributes, "mean"],
        "score_names": SCORES,
        "scale": found.scale,
        "each_as_a_dot": EACH_AS_A_DOT,
        "missing": list(missing_rows(numbers["splits"])),
        "pictures": {
            "scatter": scatter_svgs(found.predictions.values, found.truth, found.scale),
            "training": training_svgs(numbers["training"]) if numbers["training"] else [],
            "residuals": {by: residual_svg(parts, attributes) for by, parts in residuals.items()},
            "spread": curves_svg(spread, "rating", "prediction", ("quantile of ratings", "of predictions"), same=True),
            "routing": shares_svg(by_expert, "routing weight") if len(by_expert) > 1 else "",
            "gates": shares_svg({name: {"share": own} for name, own in numbers["gates"].items()}, "gate")
            if numbers["gates"]
            else "",
            "deviations": [
                curves_svg(told[name], *fields[name], labels, same=name == "calibration")
                for name, labels in axes.items()
                if told
            ],
        },
        "stressed": [
            {**one, "figure": emphasis_svg(found.id, found.waveform, found.f0_hz, found.emphasis)}
            for one, found in found.stressed()
        ],
        "settings": list(card_rows(card["settings"])),
        "environment": list(
            card_rows({name: card[name] for name in ("device", "versions", "packages") if name in card})
        ),
        "card_rows": list(card_rows({name: value for name, value in card.items() if name not in ELSEWHERE})),
    }


def _points(spread: Mapping[str, list[float]]) -> list[dict[str, float]]:
    pairs = zip(spread["ratings"], spread["predictions"], strict=True)
    return [{"rating": rating, "prediction": prediction} for rating, prediction in pairs]


def _comparison_numbers(found: Comparison) -> dict[str, Any]:
    return {**found.json(), "claims": claims(found, TO_FIRST), "scope": scope(found)}


def _comparison_page(folder: Path, found: Comparison) -> str:
    means = {name: own.ccc["mean"] for name, own in found.systems.items()}
    picture = systems_svg({name: (one.value, one.low, one.high) for name, one in means.items()})
    page: str = template("comparison.html").render(
        **_comparison_numbers(found),
        score_names=SCORES,
        title=f"{folder.name} on {found.facts['corpus']}",
        picture=picture,
    )
    return page


def missing_rows(splits: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, list[int]]]:
    """What utterances lack, and in how many of each split: predictions, ratings, each source by its reason.

    `splits`: split -> `Evaluation.json()`.
    """
    lacks = [one["missing"] for one in splits.values()]
    yield "prediction", [one["utterances"] for one in lacks]
    for attribute in ATTRIBUTES:
        yield f"rated {attribute}", [one["ratings"][attribute] for one in lacks]
    reasons = dict.fromkeys((s, why) for one in lacks for s, own in one["sources"].items() for why in own)
    for source, why in reasons:
        yield f"{source}: {why}", [one["sources"].get(source, {}).get(why, 0) for one in lacks]


def card_rows(card: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """The protocol card as rows: dotted path and value; what is absent or empty says so."""
    for key, value in card.items():
        if isinstance(value, Mapping) and value:
            yield from card_rows(value, f"{path}{key}.")
        elif isinstance(value, (list, tuple)):
            yield (
                f"{path}{key}",
                ", ".join(one["name"] if isinstance(one, Mapping) else str(one) for one in value) or "none",
            )
            for one in value:
                if isinstance(one, Mapping):  # a component with its options
                    options = {name: own for name, own in one.items() if name != "name"}
                    yield from card_rows(options, f"{path}{key}.{one['name']}.")
        else:
            yield f"{path}{key}", "none" if value in (None, "", {}) else str(value)
