"""The table of an ablation as Markdown, LaTeX and CSV, from its JSON."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from msftk.recipes.wording import fixed, interval, p_text

Json = Mapping[str, Any]
PLACES = 3


def header(table: Json) -> list[str]:
    """Names of the columns of Markdown and LaTeX."""
    published = [f"{table['published']}: {a}" for a in table["attributes"]] if table["published"] else []
    folds = ["mean of folds"] if _has_folds(table) else []
    return [
        *("system", *table["sources"], "within text", "fusion", "runs", *table["attributes"], "mean [95 %]", *folds),
        *("over the row above", "over the baseline", *published),
    ]


def cells(table: Json, row: Json, tick: str) -> list[str]:
    """The row under `header`, numbers rounded; differences are of the mean, p after Holm."""
    ccc, sd, published = row["ccc"], row["sd"], row["published"] or {}
    scores = [
        fixed(ccc[a]["value"], PLACES) + (f" ± {fixed(sd[a], PLACES)}" if row["runs"] > 1 else "")
        for a in table["attributes"]
    ]
    folds = [fixed((row["mean_of_folds"] or {}).get("mean"), PLACES)] if _has_folds(table) else []
    shown = [fixed(published.get(a), PLACES) for a in table["attributes"]] if table["published"] else []
    return [
        label(row),
        *(tick if source in row["sources"] else "" for source in table["sources"]),
        *(row["intra"] or "", row["fusion"], str(row["runs"]), *scores, _reach(ccc["mean"]), *folds),
        *(_over(row["over_above"], table, row), _over(row["over_baseline"]), *shown),
    ]


def label(row: Json) -> str:
    """The name of the row, and how much of its encoder learned, where that was not all."""
    return row["name"] if row["adaptation"] in (None, "full") else f"{row['name']} ({row['adaptation']})"


def _has_folds(table: Json) -> bool:
    return any(row["mean_of_folds"] for row in table["rows"])


def _reach(one: Json) -> str:
    return interval((one["low"], one["high"]), PLACES)


def _over(difference: Json | None, table: Json | None = None, row: Json | None = None) -> str:
    """A difference of means with interval and p, and what it is to, where that is not the row above."""
    if difference is None:
        return ""
    one, other = difference["by"]["mean"], ""
    if table is not None and row is not None:
        names = [known["name"] for known in table["rows"]]
        above = names[names.index(row["name"]) - 1]
        other = f", to {difference['row']}" if difference["row"] != above else ""
    p = "" if one["holm"] is None else f" (p {p_text(one['holm'])}{other})"
    return f"{fixed(one['value'], PLACES, signed=True)} {_reach(one)}".rstrip() + p


def notes(table: Json) -> list[str]:
    """What stands below the table, in any form; what may be claimed is said apart."""
    return [
        f"CCC on {table['split']} ({table['role']}), {table['n']} utterances; mean ± standard deviation of the runs.",
        "Differences are of the mean over attributes; those of each attribute stand in the JSON and the CSV.",
        *(f"{row['name']}: {row['note']}." for row in table["rows"] if row["note"]),
        *table["scope"],
    ]


def markdown(table: Json) -> str:
    """A table of GitHub's kind, with its notes as a list."""
    names = header(table)
    lines = [f"# {table['about'] or 'Ablation'}: {table['corpus']}, {table['split']}", "", _pipes(names)]
    lines.append(_pipes(["---", *("---:" for _ in names[1:])]))
    for part, rows in parts(table):
        lines += [_pipes([f"*{part}*", *("" for _ in names[1:])])] if part else []
        lines += [_pipes(cells(table, row, "✓")) for row in rows]
    lines += [_pipes(_cited(one, table, names)) for one in table["cited"]]
    said = [*(f"- {note}" for note in notes(table)), "", "What may be claimed of each row beside the one above:", ""]
    return "\n".join([*lines, "", *said, *(f"- {one}" for one in table["claims"])]) + "\n"


def _pipes(texts: Sequence[str]) -> str:
    return "| " + " | ".join(text.replace("|", r"\|") for text in texts) + " |"


def _cited(one: Json, table: Json, names: Sequence[str]) -> list[str]:
    shown = [fixed(one["published"][a], PLACES) for a in table["attributes"]]
    return [one["name"], *("" for _ in names[1 : -len(shown)]), *shown]


def parts(table: Json) -> Iterator[tuple[str, list[Json]]]:
    """Heading -> the rows below it, as they follow each other."""
    for part, rows in groupby(table["rows"], key=lambda row: str(row["part"])):
        yield part, list(rows)


def latex(table: Json) -> str:
    """A table for a paper, by LaTeX's own commands alone; the notes are its caption."""
    names = header(table)
    lines = [_row(names), r"\hline"]
    for part, rows in parts(table):
        lines += [rf"\hline \multicolumn{{{len(names)}}}{{l}}{{\textit{{{escaped(part)}}}}} \\"] if part else []
        lines += [_row(cells(table, row, "✓")) for row in rows]
    if table["cited"]:
        lines += [r"\hline", *(_row(_cited(one, table, names)) for one in table["cited"])]
    columns = "l" + "r" * (len(names) - 1)
    caption = escaped(" ".join(notes(table)))
    return "\n".join(
        [
            r"\begin{table*}",
            r"\centering\scriptsize",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\hline",
            *lines,
            r"\hline",
            r"\end{tabular}",
            rf"\caption{{{caption}}}",
            r"\end{table*}",
            "",
        ]
    )


def _row(texts: Sequence[str]) -> str:
    return " & ".join(map(escaped, texts)) + r" \\"


SPECIAL = {
    **{sign: "\\" + sign for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "✓": r"$\bullet$",
    "–": "--",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
}


def escaped(text: str) -> str:
    """Text as LaTeX prints it, a hyphen before a number as minus."""
    plain = "".join(SPECIAL.get(sign, sign) for sign in text)
    return re.sub(r"(?<![\w-])-(?=\d)", "$-$", plain)


def csv_text(table: Json) -> str:
    """A row a system, with every number as it stands in the JSON."""
    rows = [_record(row, table["attributes"]) for row in table["rows"]]
    rows += [{"system": one["name"], **_published(one, table["attributes"])} for one in table["cited"]]
    file = io.StringIO()
    writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _record(row: Json, attributes: Sequence[str]) -> dict[str, Any]:
    record = {"system": row["name"], "part": row["part"], "sources": "+".join(row["sources"])}
    record |= {
        "within_text": row["intra"],
        "fusion": row["fusion"],
        "adaptation": row["adaptation"],
        "runs": row["runs"],
    }
    for a in attributes:
        record |= {a: row["ccc"][a]["value"], f"{a}_low": row["ccc"][a]["low"], f"{a}_high": row["ccc"][a]["high"]}
        record |= {f"{a}_sd": row["sd"][a]}
        record |= {f"{a}_mean_of_folds": row["mean_of_folds"][a]} if row["mean_of_folds"] else {}
    for name in ("over_above", "over_baseline"):
        found = row[name] or {"row": None, "by": {}}
        record[name] = found["row"]
        for a in attributes:
            record |= {
                f"{name}_{a}{'' if part == 'value' else f'_{part}'}": v for part, v in found["by"].get(a, {}).items()
            }
    return record | _published(row, attributes)


def _published(row: Json, attributes: Sequence[str]) -> dict[str, Any]:
    return {f"published_{a}": row["published"][a] for a in attributes} if row["published"] else {}
