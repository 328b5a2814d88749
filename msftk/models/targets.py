"""What a model predicts: the targets that settings name, each with its columns resolved on a corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msftk.errors import InputError
from msftk.interfaces import Choice, Target
from msftk.registry import registry
from msftk.types import ATTRIBUTES, Utterance

RATINGS = ("regression", "rater-level")
CLASSES = ("classes", "distribution")


@dataclass(frozen=True)
class BuiltTarget:
    """A target, as settings choose it, the names of its columns, and how it is learned: what each may be told."""

    chosen: Choice
    target: Target
    columns: tuple[str, ...]
    learned: Target.Options

    @property
    def name(self) -> str:
        return self.chosen.name

    @property
    def is_rating(self) -> bool:
        """Whether it is on the corpus' rating scale."""
        return self.target.answer in RATINGS

    @property
    def is_classes(self) -> bool:
        """Whether its columns are one answer, a class or shares of classes."""
        return self.target.answer in CLASSES

    @property
    def n_routes(self) -> int:
        """How many rows of routing weights the fusion gives it: one a column, or one for all."""
        return 1 if self.is_classes else len(self.columns)


def fit_targets(
    chosen: Sequence[Choice], utterances: Sequence[Utterance], corpus: Sequence[Utterance] = ()
) -> dict[str, BuiltTarget]:
    """The targets that settings list, their columns found on these (training) utterances of a corpus.

    Raises InputError where one finds no column, does not fit the corpus or stands there twice, or the first is no
    regression: scores begin with the ratings.
    """
    names = [one.name for one in chosen]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"targets = {names}: '{twice}' stands there twice. Give each once.")
    targets = [_created(one) for one in chosen]
    for target, _ in targets:
        target.check(corpus or utterances)
    pairs = zip(chosen, targets, strict=True)
    return _checked([BuiltTarget(one, t, tuple(t.columns(utterances)), learned) for one, (t, learned) in pairs])


def rebuilt_targets(columns: Mapping[str, Sequence[str]], chosen: Sequence[Choice] = ()) -> dict[str, BuiltTarget]:
    """The targets of a checkpoint, name -> its columns, with the options that its settings list."""
    listed = {one.name: one for one in chosen}
    named = [listed.get(name, Choice(name=name)) for name in columns]
    created = [(one, *_created(one)) for one in named]
    return _checked([BuiltTarget(one, target, tuple(columns[one.name]), learned) for one, target, learned in created])


def _created(one: Choice) -> tuple[Target, Target.Options]:
    """The target, and how it is learned; head and loss that it names must have the options that they are given."""
    target: Target = registry().create("target", one.name, one.options)
    options = registry().options("target", one.name, one.options)
    learned = options if isinstance(options, Target.Options) else Target.Options.model_validate({})
    for kind, own in (("head", learned.head), ("loss", learned.loss)):
        if own is not None:
            registry().options(kind, own.name, own.options)
    return target, learned


def _checked(targets: Sequence[BuiltTarget]) -> dict[str, BuiltTarget]:
    built = {one.name: one for one in targets}
    for name, one in built.items():
        if not one.columns:
            raise InputError(f"target '{name}' finds nothing to predict in the training utterances. Leave it out.")
    first = next(iter(targets), None)
    if first is None or not first.is_rating or not set(first.columns) <= set(ATTRIBUTES):
        raise InputError(f'targets = {list(built)}: the first must be ratings. Write e.g. targets = ["vad"].')
    return built
