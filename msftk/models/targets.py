"""What a model predicts: the targets that settings name, each with its columns resolved on a corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msftk.errors import InputError
from msftk.interfaces import Target
from msftk.registry import registry
from msftk.settings import Component
from msftk.types import ATTRIBUTES, Utterance

RATINGS = ("regression", "rater-level")
ONE_ROUTE = ("classes", "distribution")  # their columns are one answer, routed as one


@dataclass(frozen=True)
class BuiltTarget:
    """A target, its registered name, and the names of its columns."""

    name: str
    target: Target
    columns: tuple[str, ...]

    @property
    def is_rating(self) -> bool:
        """Whether it is on the corpus' rating scale."""
        return self.target.answer in RATINGS

    @property
    def n_routes(self) -> int:
        """How many rows of routing weights the fusion gives it: one a column, or one for all."""
        return 1 if self.target.answer in ONE_ROUTE else len(self.columns)


def fit_targets(chosen: Sequence[Component], utterances: Sequence[Utterance]) -> dict[str, BuiltTarget]:
    """The targets that settings list, their columns found on these (training) utterances.

    Raises InputError where one finds no column or stands there twice, or the first is no regression: scores begin with
    the ratings.
    """
    names = [one.name for one in chosen]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"targets = {names}: '{twice}' stands there twice. Give each once.")
    targets = {one.name: registry().create("target", one.name, one.options) for one in chosen}
    return _checked({name: BuiltTarget(name, one, tuple(one.columns(utterances))) for name, one in targets.items()})


def rebuilt_targets(columns: Mapping[str, Sequence[str]], chosen: Sequence[Component] = ()) -> dict[str, BuiltTarget]:
    """The targets of a checkpoint, name -> its columns, with the options that its settings list."""
    options = {one.name: one.options for one in chosen}
    targets = {name: registry().create("target", name, options.get(name)) for name in columns}
    return _checked({name: BuiltTarget(name, one, tuple(columns[name])) for name, one in targets.items()})


def _checked(built: dict[str, BuiltTarget]) -> dict[str, BuiltTarget]:
    for name, one in built.items():
        if not one.columns:
            raise InputError(f"target '{name}' finds nothing to predict in the training utterances. Leave it out.")
    first = next(iter(built.values()), None)
    if first is None or not first.is_rating or not set(first.columns) <= set(ATTRIBUTES):
        raise InputError(f'targets = {list(built)}: the first must be ratings. Write e.g. targets = ["vad"].')
    return built
