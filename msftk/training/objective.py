"""What training minimises: the losses of all targets, weighted and added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from torch import Tensor

from msftk.errors import InputError
from msftk.interfaces import HeadOutput, Loss
from msftk.models.targets import BuiltTarget
from msftk.registry import registry
from msftk.settings import Settings

_WHAT = {True: "classes", False: "ratings"}
Outputs = Mapping[str, Mapping[str, Tensor]]  # target -> output -> [batch, column]
Truths = Mapping[str, Tensor]  # target -> [batch, column] or [batch, column, rater], NaN where unrated


class Objective:
    """The sum over targets of weight times loss; `losses`: target -> loss."""

    def __init__(self, losses: Mapping[str, Loss], weights: Mapping[str, float] | None = None) -> None:
        self.losses = dict(losses)
        self.weights = weights or dict.fromkeys(losses, 1.0)

    def fit(self, truths: Truths) -> None:
        """Tells each loss what all of training should answer."""
        for name, loss in self.losses.items():
            loss.fit(truths[name])

    @property
    def scope(self) -> Literal["example", "batch"]:
        """ "batch" if any loss needs the whole batch at once."""
        return "batch" if any(loss.scope == "batch" for loss in self.losses.values()) else "example"

    def __call__(
        self,
        outputs: Outputs,
        truths: Truths,
        features: Mapping[str, Tensor],
        parameters: Iterable[Any],
        shares: Mapping[str, float],
    ) -> Tensor:
        """Scalar; `shares`: scope of a loss -> the part of it that this (micro-)batch stands for, 1 if it is whole."""
        parameters = tuple(parameters)
        values = [
            self.weights[name] * (shares[loss.scope] * loss(outputs[name], truths[name], features, parameters))
            for name, loss in self.losses.items()
        ]
        total: Tensor = sum(values[1:], start=values[0])
        return total


def make_objective(settings: Settings, targets: Mapping[str, BuiltTarget]) -> Objective:
    """Each target with the loss that it names, else the one of the settings. Raises as `check_scope`."""
    losses: dict[str, Loss] = {}
    for name, one in targets.items():
        loss, head = one.learned.loss or settings.loss, one.learned.head or settings.head
        losses[name] = registry().create("loss", loss.name, loss.options)
        check_scope(losses[name], loss.name, settings.training.ccc_scope)
        check_reads(losses[name], loss.name, one, head.name)
    return Objective(losses, {name: one.learned.weight for name, one in targets.items()})


def check_scope(loss: Loss, name: str, ccc_scope: str) -> None:
    """A loss over a whole batch that reads features cannot be had from predictions alone."""
    if ccc_scope == "batch" and loss.scope == "batch" and loss.reads_features:
        raise InputError(
            f"loss '{name}' reads features, which the two-pass batch scope does not keep. "
            "Use --set training.ccc_scope=micro, or another loss."
        )


def check_reads(loss: Loss, name: str, target: BuiltTarget, head: str) -> None:
    """A loss that reads more than the head gives, one rating where the target has every person's, or ratings where it
    has classes."""
    if loss.classes is (not target.is_classes):
        fit = [plugin.name for plugin, one in registry().loaded("loss") if one.classes is not loss.classes]
        raise InputError(
            f"loss '{name}' learns {_WHAT[loss.classes]}, and target '{target.name}' is of {_WHAT[target.is_classes]}. "
            f"Take one of: {', '.join(fit)}."
        )
    given = registry().get("head", head).load().outputs
    lacking = [output for output in loss.reads if output not in given]
    if lacking:
        raise InputError(
            f"loss '{name}' reads {', '.join(lacking)}, which head '{head}' does not give. "
            "Choose two that belong together, such as --set head.name=evidential --set loss.name=evidential."
        )
    if target.is_classes and given.get("value", HeadOutput()).scale != "none":
        raise InputError(
            f"head '{head}' gives ratings, and target '{target.name}' is of classes. Take the head classes."
        )
    if target.target.answer == "rater-level" and not loss.reads_raters:
        raise InputError(
            f"loss '{name}' reads one rating of an utterance, and target '{target.name}' gives every person's. "
            "Use --set head.name=evidential --set loss.name=evidential, or the target vad."
        )
