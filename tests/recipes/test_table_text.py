"""Every number of a written table is that of its JSON, and LaTeX can read what is written for it."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from msftk.evaluation.paired import Estimate
from msftk.files import without_nan
from msftk.recipes.table_text import cells, csv_text, header, label, latex, markdown
from msftk.recipes.wording import fixed

ATTRIBUTES = ["valence", "arousal", "dominance", "mean"]
UNDEFINED = Estimate(float("nan"), float("nan"), float("nan"), float("nan"))


def difference(row: str, value: float) -> dict[str, Any]:
    by = {
        a: {**asdict(Estimate(value + k / 7, value - 0.1, value + 0.2, 0.0004)), "holm": 0.012 * k}
        for k, a in enumerate(ATTRIBUTES)
    }
    return {"row": row, "by": by}


def row(name: str, place: int, **changed: Any) -> dict[str, Any]:
    ccc = {a: {"value": place / 3 + k / 11 - 0.2, "low": -0.12345, "high": 0.98765} for k, a in enumerate(ATTRIBUTES)}
    made = {"name": name, "part": "", "note": "", "sources": [], "intra": None, "fusion": "none", "runs": 5, "ccc": ccc}
    made |= {
        "adaptation": "full",
        "sd": {a: 0.01 * k for k, a in enumerate(ATTRIBUTES)},
        "each_run": [],
        "mean_of_folds": None,
    }
    return made | {"over_baseline": None, "over_above": None, "published": None} | changed


PUBLISHED = dict(zip(ATTRIBUTES, (0.725, 0.66, 0.592, 0.659), strict=True))
FOLDS = {"valence": 0.1, "arousal": 0.2, "dominance": 0.3, "mean": 0.2}
LES = {"sources": ["gs", "les"], "intra": "gated", "fusion": "fm-moe"}
TABLE: dict[str, Any] = without_nan(
    {
        "about": "50 % of a_b & {c}",
        "corpus": "tones",
        "split": "dev",
        "role": "selected on",
        "n": 120,
        "attributes": ATTRIBUTES,
        "sources": ["gs", "les"],
        "published": "Table 2",
        "rows": [
            row("base", 0, published=PUBLISHED, mean_of_folds=FOLDS),
            row("gs_les", 1, over_above=difference("base", -0.3), over_baseline=difference("base", -0.3), **LES),
            row("one-run", 2, runs=1, part="a 10 % control", note="read #2 ~ \\ ^", over_above=difference("base", 0.1)),
            row("undefined", 2, ccc={a: asdict(UNDEFINED) for a in ATTRIBUTES}),
        ],
        "cited": [{"name": "PCM [16]", "published": PUBLISHED}],
        "claims": ["gs_les scores lower than base in mean by 0.3 (p < 0.001)."],
        "scope": ["5 speakers: it holds for others as far as these are like them."],
    }
)


def numbers(text: str) -> list[str]:
    return re.findall(r"[-+]?\d+\.\d+", text)


def expected(one: dict[str, Any]) -> Iterator[str]:
    """The numbers of a row as they must stand, from the JSON alone."""
    for a in ATTRIBUTES:
        yield from numbers(fixed(one["ccc"][a]["value"], 3))
        yield from numbers(fixed(one["sd"][a], 3)) if one["runs"] > 1 else ()
    yield from numbers(f"{fixed(one['ccc']['mean']['low'], 3)} {fixed(one['ccc']['mean']['high'], 3)}")
    yield from numbers(fixed((one["mean_of_folds"] or {}).get("mean"), 3))
    for found in (one["over_above"], one["over_baseline"]):
        if found:
            mean = found["by"]["mean"]
            yield fixed(mean["value"], 3, signed=True)
            yield from (fixed(mean[bound], 3) for bound in ("low", "high", "holm"))
    yield from (fixed(value, 3) for value in (one["published"] or {}).values())


@pytest.mark.parametrize("place", range(4))
def test_every_number_of_a_row_is_the_jsons(place: int) -> None:
    one = TABLE["rows"][place]
    shown = list(expected(one))
    assert numbers(" ".join(cells(TABLE, one, "x"))) == shown
    (written,) = [line for line in markdown(TABLE).splitlines() if line.startswith(f"| {one['name']} ")]
    assert numbers(written) == shown
    tex = [line for line in latex(TABLE).splitlines() if line.startswith(one["name"].replace("_", r"\_") + " ")]
    assert numbers(tex[0].replace("$-$", "-")) == shown


def test_csv_has_the_numbers_of_the_json_whole() -> None:
    base, les, *_, cited = csv.DictReader(io.StringIO(csv_text(TABLE)))
    assert float(les["valence"]) == TABLE["rows"][1]["ccc"]["valence"]["value"]
    assert float(les["mean_low"]) == -0.12345
    assert float(les["over_baseline_arousal"]) == TABLE["rows"][1]["over_baseline"]["by"]["arousal"]["value"]
    assert float(les["over_above_mean_holm"]) == pytest.approx(0.036)
    assert (base["over_above"], les["over_above"], les["sources"]) == ("", "base", "gs+les")
    assert float(base["mean_mean_of_folds"]) == 0.2
    assert (cited["system"], cited["published_mean"], cited["valence"]) == ("PCM [16]", "0.659", "")


def test_a_difference_that_is_not_to_the_row_above_says_to_which() -> None:
    assert "(p = 0.036)" in cells(TABLE, TABLE["rows"][1], "x")[-6]
    assert "(p = 0.036, to base)" in cells(TABLE, TABLE["rows"][2], "x")[-6]
    assert header(TABLE)[-6] == "over the row above"


def test_markdown_has_as_many_columns_in_each_line() -> None:
    lines = [line for line in markdown(TABLE).splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {len(header(TABLE)) + 1}
    assert len(lines) == 2 + 4 + 1 + 1  # head, rows, the heading of a part, what is cited


KNOWN = """
begin end centering scriptsize hline caption multicolumn textit textbackslash textasciitilde textasciicircum pm bullet
"""


def refused(tex: str) -> str:
    """What LaTeX would not take of a table: the first thing that is wrong, or ""."""
    plain = re.sub(r"\\[&%$#_{}]", "", tex)  # escaped signs
    open_ones: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+\*?)\}", plain):
        if kind == "begin":
            open_ones.append(name)
        elif not open_ones or open_ones.pop() != name:
            return f"end of {name}"
    depth = 0
    for sign in plain:
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            return "a brace too many"
    commands = set(re.findall(r"\\([a-zA-Z]+)", plain))
    known = set(KNOWN.split())
    body = plain.partition(r"\begin{tabular}")[2].partition(r"\end{tabular}")[0]
    spec, *lines = body.strip().splitlines()
    columns = len(spec.strip("{}"))
    for line in lines:
        if line != r"\hline" and not (
            line.endswith(r" \\") and (line.count("&") == columns - 1 or "multicolumn" in line)
        ):
            return f"row {line}"
    text = re.sub(r"\$[^$]*\$", "", plain)
    outside = re.search(r"[#_%~^$]", text) or re.search(r"[^\x00-\x7f]", tex)
    checks = {"an open environment": open_ones, "open braces": depth, "commands": commands - known}
    return next((what for what, wrong in checks.items() if wrong), outside[0] if outside else "")


def test_latex_takes_the_table(tmp_path: Path) -> None:
    assert refused(latex(TABLE)) == ""
    for wrong in ("_", "{", r"\foo", "±"):  # the check is one
        assert refused(latex(TABLE).replace(r"\caption{", r"\caption{" + wrong)) != ""
    if shutil.which("pdflatex"):
        (tmp_path / "t.tex").write_text("\\documentclass{article}\\begin{document}" + latex(TABLE) + "\\end{document}")
        subprocess.run(["pdflatex", "-halt-on-error", "t.tex"], cwd=tmp_path, check=True, capture_output=True)


def test_the_json_is_plain() -> None:
    json.dumps(TABLE, allow_nan=False)


def test_a_row_says_that_its_encoder_is_frozen() -> None:
    assert label(row("gs", 0, adaptation="frozen")) == "gs (frozen)"
    assert (label(row("gs", 0)), label(row("words", 0, adaptation=None))) == ("gs", "words")
