"""Descriptions of utterances: asked for one by one or many at once, each answer kept as soon as it is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from msftk.errors import AbsentError
from msftk.interfaces import Evidence
from msftk.types import Description

if TYPE_CHECKING:
    from msftk.preparation.material import Material


def describe(materials: Sequence[Material]) -> None:
    """Describes those that the store does not know yet, in one call of the describer.

    Each is then in the store, or its material knows why it is not (`undescribed`). A describer that fails is a warning:
    the utterance goes without, and is tried again in the next run.
    """
    asked: list[tuple[Material, str, Evidence]] = []
    for material in materials:
        part, log = material.describer
        try:
            key = material.key(part)
            if key not in log:
                asked.append((material, key, material.evidence(part)))
        except Exception as error:  # what the describer reads is absent, or the audio cannot be used
            material.undescribed = error
    if not asked:
        return
    part, log = asked[0][0].describer
    for (material, key, _), answer in zip(asked, _answers(part.component, [e for *_, e in asked]), strict=True):
        if isinstance(answer, Description):
            log.put(key, asdict(answer))
        elif isinstance(answer, AbsentError):
            material.undescribed = answer
        else:
            material.warnings["description"] = f"describer '{part.name}': {answer}"
            material.undescribed = AbsentError("description failed")


def _answers(describer: Any, evidence: Sequence[Evidence]) -> list[Description | Exception]:
    """An answer each; where the describer refuses several together, each by itself."""
    try:
        if len(evidence) == 1:
            return [describer.describe(evidence[0])]
        answers = list(describer.describe_batch(evidence))
        if len(answers) != len(evidence):
            raise ValueError(f"describe_batch() gave {len(answers)} answers to {len(evidence)} utterances")
        return answers
    except Exception as error:  # any plugin, any failure
        if len(evidence) == 1:
            return [error]
        return [answer for one in evidence for answer in _answers(describer, [one])]
