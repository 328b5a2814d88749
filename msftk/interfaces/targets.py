"""What a model predicts, how it is said, and what training minimises."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from msftk.interfaces.component import Chosen, Component
from msftk.interfaces.component import Options as BaseOptions
from msftk.interfaces.network import TrainedPart
from msftk.types import Float64, Utterance

if TYPE_CHECKING:
    from torch import Tensor


Answers = Literal["regression", "classes", "distribution", "rater-level"]


class Target(Component):
    """One thing that a model predicts: its columns, what they are read from, and how training learns them.

    `answer`: "regression" (columns on the corpus' rating scale), "classes" (a column a class, one 1 in a row),
    "distribution" (columns that add up to 1), "rater-level" (a regression whose `truth` is [utterance, column, rater],
    NaN for who did not rate). The first target of a run is a regression. `Options` inherits `Target.Options`, and may
    give other defaults.
    """

    class Options(BaseOptions):
        weight: float = Field(1.0, ge=0, allow_inf_nan=False, description="of its loss in the sum of all")
        head: Chosen | None = Field(None, description="its own head; none: the run's")
        loss: Chosen | None = Field(None, description="its own loss; none: the run's")

    answer: ClassVar[Answers] = "regression"

    def check(self, utterances: Sequence[Utterance]) -> None:
        """Raises InputError for options that do not fit the corpus (all of it), before anything is begun."""

    @abstractmethod
    def columns(self, utterances: Sequence[Utterance]) -> tuple[str, ...]:
        """Names of the columns; classes are those of the training utterances."""

    @abstractmethod
    def read(self, utterance: Utterance, columns: Sequence[str]) -> Sequence[float]:
        """A number a column, NaN where the utterance has none; a regression on the corpus' scale."""

    def truth(self, utterances: Sequence[Utterance], columns: Sequence[str]) -> Float64:
        """What is `read` of each: [utterance, column]; scores are against it."""
        rows = [self.read(utterance, columns) for utterance in utterances]
        return np.array(rows, np.float64).reshape(len(rows), len(columns))

    def taught(self, utterances: Sequence[Utterance], columns: Sequence[str]) -> Float64:
        """What training learns from, where that is not the truth that scores are against: shares of raters, for one."""
        return self.truth(utterances, columns)

    def predicted(self, outputs: Mapping[str, Float64], columns: Sequence[str]) -> Mapping[str, Sequence[object]]:
        """Columns of a table of predictions, name -> an entry an utterance, from the head's outputs [n, column]."""
        return {column: outputs["value"][:, place].tolist() for place, column in enumerate(columns)}

    def scores(self, outputs: Mapping[str, Float64], truth: Float64, columns: Sequence[str]) -> Mapping[str, float]:
        """Scores of a split by name, NaN where undefined; both are [n, column], NaN where there is none."""
        return {}

    def sums(self, outputs: Mapping[str, Float64], truth: Float64, columns: Sequence[str]) -> Float64:
        """What `scores_of` is made of, of each utterance, so that it adds up over them: [n, sum].

        With these two systems are tested against each other. [n, 0] where scores cannot be so made.
        """
        return np.zeros((len(truth), 0))

    def scores_of(self, sums: Float64) -> Mapping[str, Float64]:
        """Scores between 0 and 1 by name, as `scores` has them, from what was added up: [..., sum] -> each [...]."""
        return {}

    def confusion(
        self, outputs: Mapping[str, Float64], truth: Float64, columns: Sequence[str]
    ) -> Mapping[str, Mapping[str, int]]:
        """Of classes: true class -> class that was said -> how many utterances. Nothing where there are no classes."""
        return {}


@dataclass(frozen=True)
class HeadOutput:
    """What an output of a head is.

    `scale`, on which it comes back: "rating" (the corpus' scale), "deviation" (a spread or difference on it: stretched,
    not shifted), "none" (as it is). `mixed` over experts: "linear" (Eq. 7), or by the "head" itself (`Head.mix`).
    """

    scale: Literal["rating", "deviation", "none"] = "none"
    mixed: Literal["linear", "head"] = "linear"


class Head(TrainedPart):
    """An nn.Module that answers one target, built as `Class(options, dim=..., attributes=the target's columns)`.

    Outputs go by name; "value" predicts a regression, on the unit scale. `outputs` says what each is; one that it does
    not name is mixed linearly and comes back as it is. `reads`: "experts" [batch, expert, dim] -> each [batch, expert,
    column]; "mixed", the vector mixed by the routing, [batch, column or 1, dim] -> each [batch, column].
    """

    outputs: ClassVar[Mapping[str, HeadOutput]] = {"value": HeadOutput("rating")}
    reads: ClassVar[Literal["experts", "mixed"]] = "experts"

    def mix(self, experts: Mapping[str, Tensor], routing: Tensor) -> Mapping[str, Tensor]:
        """Outputs [batch, column] that the head mixes itself; routing is [batch or 1, column, expert]."""
        raise NotImplementedError

    def rescale(self, scale: Tensor, shift: Tensor) -> None:
        """Changes the weights, in place, so that "value" becomes scale * value + shift, each [column].

        Called once, without gradient, before the first step: predictions then start with the mean and the spread of the
        training ratings. A head that does not offer it, as where values cannot leave the scale, starts as it is built.
        """


class Loss(Component):
    """(outputs, targets, features, parameters) -> scalar. `scope` "batch" needs the whole batch at once (CCC).

    Of one target: outputs name -> [batch, column]; targets [batch, column], NaN where unrated. A loss with
    `reads_features` is refused by the two-pass batch scope, which keeps no features. `reads`: outputs that the head
    must give, where it needs more than "value". `reads_raters`: it also takes targets [batch, column, rater].
    `classes`: whether it learns targets that are classes or shares of them; None: both these and ratings.
    """

    scope: ClassVar[Literal["example", "batch"]]
    reads_features: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ()
    reads_raters: ClassVar[bool] = False
    classes: ClassVar[bool | None] = None

    def fit(self, targets: Tensor) -> None:
        """Once before the first step, also of a run that is gone on with: what training should answer.

        [n, column], or [n, column, rater] where `reads_raters`; NaN where there is none.
        """

    @abstractmethod
    def __call__(
        self, outputs: Mapping[str, Tensor], targets: Tensor, features: Mapping[str, Tensor], parameters: Iterable[Any]
    ) -> Tensor: ...
