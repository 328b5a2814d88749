"""Predictions as a CSV table of another system, columns found by published names; and the challenge's own form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations
from pathlib import Path

import numpy as np

from msftk.counting import counted
from msftk.errors import InputError
from msftk.evaluation.predictions import Predictions
from msftk.evaluation.scores import pearson
from msftk.tables import Row, Table, read_rows
from msftk.types import ATTRIBUTES, Float64, RatingScale

# As systems write them, in any case: msftk, the MSP-Podcast challenge, audformat (audEERING), and short forms.
IDS = ("id", "FileName", "file", "file_name", "utterance", "name")
COLUMNS = {
    "valence": ("valence", "EmoVal", "val", "V"),
    "arousal": ("arousal", "EmoAct", "activation", "act", "aro", "A"),
    "dominance": ("dominance", "EmoDom", "dom", "D"),
}
CHALLENGE_SCALE = RatingScale(1, 7)
EXCHANGED = 0.5  # more correlation in all than in the order of the names: columns were probably exchanged


def read_prediction_csv(
    path: str | Path, ids: Iterable[str], scale: RatingScale, own_scale: RatingScale | None = None
) -> Predictions:
    """Predictions of those of `ids` that the table has, laid on `scale`; rows of others are left out.

    A row is named by an id, or by an audio file whose stem is one. Columns are found by name (COLUMNS), whatever their
    order; an attribute without a column is NaN.

    Args:
        own_scale: what the values are on where no column `scale` says it (msftk writes one); None: `scale`.
    Raises:
        InputError: no such columns, two for one attribute, an utterance twice, no row that is one of `ids`, no number,
            rows on different scales, or most values off a scale that no column tells.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "x.csv").write_text("FileName,EmoAct,EmoVal,EmoDom\\na.wav,2,5,3\\n")
    ...     read_prediction_csv(Path(folder) / "x.csv", ["a"], RatingScale(1, 7)).values.tolist()
    [[5.0, 2.0, 3.0]]
    """
    path = Path(path)
    table = read_rows(path)
    if table.problems:
        raise InputError(table.problems[0])
    named = next((column for name in IDS if (column := table.column(name))), None)
    columns = {a: column for a, names in COLUMNS.items() if (column := _column(table, a, names))}
    if named is None or not columns:
        what = "names the utterance" if named is None else "holds valence, arousal or dominance"
        known = IDS if named is None else [name for names in COLUMNS.values() for name in names]
        raise InputError(
            f"{path}: no column that {what} (found: {', '.join(table.columns)}). Known: {', '.join(known)}. "
            "Name the columns in the first line."
        )
    rows = _by_id(path, table.rows, named, set(ids))
    said = {one: [row.number(columns.get(a)) for a in ATTRIBUTES] for one, row in rows.items()}
    values = np.array(list(said.values()), np.float64)
    if np.isnan(values).all():
        raise InputError(f"{path}: no number in its columns. Give a prediction to each utterance.")
    own = _scale_column(table)
    if own is None:
        own = own_scale or scale
        _check_on_scale(path, values, own)
    whole = (values - own.low)[:, None]
    made = Predictions(tuple(rows), values, own, ("whole",), whole, np.ones_like(whole))
    return made.on(scale)


def exchanged(values: Float64, truth: Float64) -> str:
    """What to say where predictions would follow the ratings much better in another order: [n, attribute]; else "".

    >>> truth = np.random.default_rng(0).normal(4, 1, (40, 3))
    >>> exchanged(truth[:, [1, 0, 2]], truth)[:72]
    'the columns follow the ratings better as arousal, valence, dominance (su'
    >>> exchanged(truth, truth)
    ''
    """
    follows = np.nan_to_num([[pearson(said, rated) for rated in truth.T] for said in values.T])
    places = range(len(ATTRIBUTES))
    best = max(permutations(places), key=lambda order: follows[places, order].sum())
    found, named = follows[places, best].sum(), follows.trace()
    if found - named < EXCHANGED:
        return ""
    order = ", ".join(ATTRIBUTES[place] for place in best)
    return (
        f"the columns follow the ratings better as {order} (sum of r {found:.2f}) than as {', '.join(ATTRIBUTES)} "
        f"({named:.2f}), which they are called: are they exchanged?"
    )


def challenge_columns(predictions: Predictions) -> dict[str, Sequence[object]]:
    """Columns of the MSP-Podcast challenge, in its order: FileName, EmoAct, EmoVal, EmoDom, on 1..7 and clipped.

    Raises InputError where an attribute is not predicted.

    >>> values = np.array([[2.0, 3.0, 9.0]])
    >>> made = Predictions(("a",), values, RatingScale(1, 7), ("one",), values[:, None] - 1, np.ones((1, 1, 3)))
    >>> challenge_columns(made)
    {'FileName': ['a.wav'], 'EmoAct': [3.0], 'EmoVal': [2.0], 'EmoDom': [7.0]}
    """
    if lacking := [a for a in ATTRIBUTES if a not in predictions.attributes]:
        raise InputError(f"the model does not predict {', '.join(lacking)}, and the challenge wants all three.")
    on_scale = predictions.on(CHALLENGE_SCALE).values.clip(CHALLENGE_SCALE.low, CHALLENGE_SCALE.high)
    by = dict(zip(ATTRIBUTES, on_scale.T.tolist(), strict=True))
    names = [f"{one}.wav" for one in predictions.ids]
    return {"FileName": names, "EmoAct": by["arousal"], "EmoVal": by["valence"], "EmoDom": by["dominance"]}


def _column(table: Table, attribute: str, names: Sequence[str]) -> str | None:
    found = list(dict.fromkeys(column for name in names if (column := table.column(name))))
    if len(found) > 1:
        raise InputError(
            f"{table.path}: columns '{found[0]}' and '{found[1]}' are both {attribute}. Keep the one that is predicted."
        )
    return found[0] if found else None


def _by_id(path: Path, rows: Sequence[Row], named: str, ids: set[str]) -> Mapping[str, Row]:
    """The rows of `ids`, in the table's order."""
    found: dict[str, Row] = {}
    names = []
    for row in rows:
        name = row.text(named) or ""
        file = name.replace("\\", "/").rpartition("/")[2]
        own = next((one for one in (name, file, file.rpartition(".")[0]) if one in ids), None)
        if own in found:
            raise InputError(f"{row.place}: '{name}' stands there twice. Keep one row an utterance.")
        if own is not None:
            found[own] = row
        names.append(name)
    if not found:
        raise InputError(
            f"{path}: none of its {counted(len(names), 'row')} is an utterance of this split (first: "
            f"'{next(iter(names), '')}'; the split has '{min(ids, default='')}'). Name rows by id or by audio file, or "
            "give another --split."
        )
    return found


def _scale_column(table: Table) -> RatingScale | None:
    """What the column `scale` says, as msftk writes it: 1..7."""
    first, column = table.rows[0], table.column("scale")
    text = first.text(column)
    if other := next((row for row in table.rows if row.text(column) != text), None):
        raise InputError(
            f"{other.place}: scale {other.text(column)}, and {text} in the first row. Keep tables of different "
            "scales apart."
        )
    return None if text is None else RatingScale.read(text, f"{first.place}: scale")


def _check_on_scale(path: Path, values: Float64, scale: RatingScale) -> None:
    """A regression goes a little beyond its scale now and then; most values off it are on another one."""
    known = values[~np.isnan(values)]
    off = (known < scale.low) | (known > scale.high)
    if off.mean() > 0.5:
        raise InputError(
            f"{path}: {counted(int(off.sum()), 'value')} of {len(known)} lie off the scale {scale} (they go from "
            f"{known.min():g} to {known.max():g}). Say on which scale they are: --scale LOW..HIGH, e.g. --scale 0..1."
        )
