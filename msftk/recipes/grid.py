"""A grid: systems that are trained alike but for what each row sets, read from TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from msftk.assignments import read_toml
from msftk.errors import InputError, UnknownNameError, did_you_mean
from msftk.evaluation.comparison import COLUMNS
from msftk.hookspecs import KINDS
from msftk.interfaces.preparation import PreparationComponent
from msftk.settings import Settings, laid_over, load_settings

RUN_SETTINGS = [name for name in Settings.model_fields if name not in ("preset", "format_version")]
NAME = r"^[A-Za-z0-9][A-Za-z0-9._+-]*$"  # it is a folder's name
Published = Annotated[tuple[float, ...], Field(min_length=len(COLUMNS), max_length=len(COLUMNS))]


class Part(BaseModel):
    """A table of a grid's file: what is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Cited(Part):
    """A system that others scored, shown where the corpus is the same: CCC of valence, arousal, dominance, mean."""

    name: str
    published: Published


class Row(Part):
    """One system. `settings`: everything of the row that is no field here, laid over the settings of all rows."""

    name: str = Field(pattern=NAME, description="what it is called; its runs lie in a folder of that name")
    part: str = Field("", description="heading above the first row that has it")
    against: str = Field("", description="the row it is compared with, beside the baseline; default: the row above")
    note: str = Field("", description="what is said below the table")
    published: Published | None = Field(None, description="CCC of valence, arousal, dominance, mean as published")
    settings: dict[str, Any] = Field(default_factory=dict, description="not written: the other keys of the row")

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        settings = {key: value for key, value in given.items() if key in RUN_SETTINGS}
        return {key: value for key, value in given.items() if key not in settings} | {"settings": settings}


class Source(Part):
    """Where the published figures come from."""

    corpus: str = Field(description="name of the corpus, as `msftk prepare` knows it")
    split: str = Field(description="which split they are of")
    table: str = Field(description="where they stand")


class Grid(Part):
    """The rows of a table, the first of which is the baseline."""

    about: str = Field("", description="what the grid is for")
    folds: str | None = Field(None, description="session, speaker or speaker:K; default: splits of the corpus")
    published: Source | None = Field(None, description="what the figures of the rows are of")
    row: tuple[Row, ...] = Field(min_length=2, description="the systems")
    cited: tuple[Cited, ...] = Field((), description="systems of others, shown beside")

    @property
    def names(self) -> list[str]:
        return [row.name for row in self.row]

    def above(self, row: Row) -> str | None:
        """The row that `row` is compared with beside the baseline; None where there is none, or it is the baseline."""
        place = self.names.index(row.name)
        above = row.against or (self.names[place - 1] if place and self.row[place - 1].part == row.part else "")
        return above or None

    def only(self, names: Sequence[str]) -> Grid:
        """The rows of these names, in the grid's order. Raises UnknownNameError with the nearest."""
        for name in names:
            _check_row(name, self.names)
        chosen = tuple(row for row in self.row if row.name in names)
        kept = {row.name for row in chosen}
        plain = tuple(row if row.against in kept else row.model_copy(update={"against": ""}) for row in chosen)
        return self.model_copy(update={"row": plain})


def grids() -> list[str]:
    """Names of the grids that come with msftk."""
    return sorted(path.name.removesuffix(".toml") for path in files("msftk").joinpath("grids").iterdir())


def read_grid(name: str) -> Grid:
    """A grid by name, or of a TOML file.

    Raises:
        UnknownNameError: no such grid, or an unknown key, with the nearest.
        InputError: the file cannot be read, is no TOML, or a value is wrong.
    """
    if name in grids():
        values = tomllib.loads(files("msftk").joinpath("grids", f"{name}.toml").read_text(encoding="utf-8"))
    elif name.endswith(".toml") or Path(name).is_file():
        values = read_toml(Path(name))
    else:
        known = ", ".join(grids())
        raise UnknownNameError(f"unknown grid '{name}'. {did_you_mean(name, grids())}Known: {known}, or a TOML file.")
    return check_grid(values, name)


def check_grid(values: Mapping[str, Any], place: str) -> Grid:
    """The grid of plain values. Raises as `read_grid`; messages name `place` and the row."""
    try:
        grid = Grid.model_validate(dict(values))
    except ValidationError as error:
        raise _refused(error, values, place) from error
    for row in grid.row:
        if grid.names.count(row.name) > 1:
            raise InputError(f"{place}: two rows are called '{row.name}'. Give each a name of its own.")
        if row.against:
            _check_row(row.against, grid.names)
    return grid


def _refused(error: ValidationError, values: Mapping[str, Any], place: str) -> InputError:
    """What pydantic refused first, in one line that names the row."""
    first = error.errors()[0]
    part, *inner = first["loc"]
    models: dict[str, type[Part]] = {"row": Row, "cited": Cited, "published": Source}
    model = models.get(str(part), Grid) if inner else Grid
    if inner and isinstance(inner[0], int):
        entry = values[str(part)][inner.pop(0)]
        place += f", {part} '{entry.get('name', '?') if isinstance(entry, Mapping) else entry}'"
    path = ".".join(map(str, inner)) or str(part)
    if first["type"] != "extra_forbidden":
        return InputError(f"{place}: {path} is {first.get('input')!r}: {first['msg']}. Correct the grid.")
    known = [name for name in model.model_fields if name != "settings"]
    near = did_you_mean(path, [*known, *(RUN_SETTINGS if model is Row else ())])
    also = ", and every setting of a run" if model is Row else ""
    return UnknownNameError(f"{place}: unknown key '{path}'. {near}Known: {', '.join(known)}{also}.")


def _check_row(name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise UnknownNameError(f"unknown row '{name}'. {did_you_mean(name, known)}Rows: {', '.join(known)}.")


def settings_of(grid: Grid, preset: str, file: str | Path | None, assignments: Iterable[str]) -> dict[str, Settings]:
    """Row -> its settings: those of preset, TOML file, environment and assignments, and over them its own.

    Raises:
        InputError, UnknownNameError: as `load_settings`, with the row; or a setting is given that the rows choose, so
            that it would hold for some of them and not for others.
    """
    base = load_settings(preset, file, assignments)
    _refuse_chosen(grid, base, load_settings(preset, environment={}))
    made = {}
    for row in grid.row:
        try:
            made[row.name] = laid_over(base, row.settings)
        except InputError as error:
            raise type(error)(f"row '{row.name}': {error}") from error
    return made


def _refuse_chosen(grid: Grid, base: Settings, plain: Settings) -> None:
    """`base`: what is given for all rows; `plain`: the preset alone."""
    chosen = {path for row in grid.row for path, _ in _flat(row.settings)}
    now, before = (dict(_flat(one.model_dump())) for one in (base, plain))
    network = {kind.section for kind in KINDS if not issubclass(kind.base, PreparationComponent)}
    named = {path.removesuffix(".name") for path in chosen if path.endswith(".name")} & network
    for path in {*now, *before}:
        if now.get(path) != before.get(path) and (path in chosen or path.partition(".")[0] in named):
            raise InputError(
                f"{path} is given for all rows, and the rows of this grid choose it themselves: some would have it and "
                "others not. Leave it out, or write it into the rows of a grid of your own (--grid FILE.toml)."
            )


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested tables as dotted paths."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
