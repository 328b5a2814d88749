"""What holds for every manifest, read or to be written: types of columns, each id once, ratings on the scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msftk.errors import InputError
from msftk.store.columns import NUMBERS
from msftk.types import ATTRIBUTES, RatingScale

if TYPE_CHECKING:
    import pyarrow


def cast(column: pyarrow.Array | pyarrow.ChunkedArray, wanted: pyarrow.Field, place: str, remedy: str) -> Any:
    """The column with the type of `wanted`; NaN, as other tools write what is absent, becomes null.

    Raises InputError, beginning with `place`, for the first value that cannot be of that type or is infinite.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    try:
        column = column.cast(wanted.type)
    except (ValueError, NotImplementedError) as error:
        first = _first_misfit(column.to_pylist(), lambda value: pa.scalar(value).cast(wanted.type))
        raise InputError(_misfit(first, wanted, place, remedy)) from error
    if wanted.name in NUMBERS:
        column = pc.if_else(pc.is_nan(column), None, column)  # "nan" in a column of texts
        row = pc.is_inf(column).index(True).as_py()
        if row >= 0:
            raise InputError(_misfit((row + 1, column[row].as_py()), wanted, place, remedy))
    return column


def column_of(values: Sequence[Any], wanted: pyarrow.Field, place: str, remedy: str) -> Any:
    """A column of values that have the type of `wanted` already. Raises InputError as `cast` does."""
    import pyarrow as pa

    try:
        column = pa.array(values, wanted.type)
    except (ValueError, TypeError, OverflowError) as error:
        first = _first_misfit(values, lambda value: pa.scalar(value, wanted.type))
        raise InputError(_misfit(first, wanted, place, remedy)) from error
    return cast(column, wanted, place, remedy)


def _first_misfit(values: Sequence[Any], take: Callable[[Any], object]) -> tuple[int, Any]:
    """Row, from 1 on, and value of the first that cannot be taken."""
    for row, value in enumerate(values, 1):
        try:
            take(value)
        except (ValueError, TypeError, OverflowError, NotImplementedError):
            return row, value
    return 1, values[0]  # only the column as a whole cannot be taken


def _misfit(found: tuple[int, Any], wanted: pyarrow.Field, place: str, remedy: str) -> str:
    kind = "a finite number" if wanted.name in NUMBERS else str(wanted.type)
    return f"{place}: row {found[0]}: {wanted.name} is {found[1]!r}, expected {kind} or null. {remedy}"


def check_table(table: pyarrow.Table, scale: RatingScale, place: str, remedy: str) -> None:
    """Raises InputError, beginning with `place`, for a row without id, an id twice, or a rating outside the scale."""
    import pyarrow.compute as pc

    ids = table["id"]
    none = pc.fill_null(pc.equal(ids, ""), True)
    if pc.any(none).as_py():
        raise InputError(f"{place}: row {none.index(True).as_py() + 1}: no id. {remedy}")
    if pc.count_distinct(ids).as_py() < len(ids):
        counts = pc.value_counts(ids)
        twice = counts.field("values")[pc.greater(counts.field("counts"), 1).index(True).as_py()]
        raise InputError(f"{place}: utterance '{twice}' stands there twice. Give each its own id.")
    raters = table["rater_ratings"].combine_chunks()
    one_each = raters.flatten()
    for name in ATTRIBUTES:
        if (row := _off(table[name], scale)) is not None:
            raise InputError(_off_scale(f"{place}: utterance '{ids[row]}'", name, table[name][row].as_py(), scale))
        if (found := _off(one_each.field(name), scale)) is not None:
            where = f"{place}: utterance '{ids[raters.value_parent_indices()[found].as_py()]}'"
            rated = one_each[found].as_py()
            raise InputError(_off_scale(f"{where}, rater '{rated['rater']}'", name, rated[name], scale))


def _off(ratings: pyarrow.Array | pyarrow.ChunkedArray, scale: RatingScale) -> int | None:
    """Place of the first rating outside the scale."""
    import pyarrow.compute as pc

    outside = pc.or_(pc.less(ratings, scale.low), pc.greater(ratings, scale.high))
    place: int = outside.index(True).as_py()
    return None if place < 0 else place


def _off_scale(place: str, name: str, rating: float, scale: RatingScale) -> str:
    return (
        f"{place}: {name} is {rating:g}, outside the rating scale {scale.low:g} to {scale.high:g}. "
        "Correct the rating, or name the right scale and prepare again."
    )
