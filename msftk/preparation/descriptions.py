"""What a describer answers, to one utterance or to many at once."""

from __future__ import annotations

from collections.abc import Sequence

from msftk.counting import counted
from msftk.errors import BackEndError
from msftk.interfaces import Describer, Evidence
from msftk.types import Description


def answers_of(describer: Describer, evidence: Sequence[Evidence]) -> list[Description | Exception]:
    """An answer each; where the describer refuses several together, each by itself. Raises BackEndError as it does."""
    try:
        if len(evidence) == 1:
            return [describer.describe(evidence[0])]
        answers = list(describer.describe_batch(evidence))
        if len(answers) != len(evidence):
            raise ValueError(f"describe_batch() gave {counted(len(answers), 'answer')}, expected {len(evidence)}")
        return answers
    except BackEndError:
        raise
    except Exception as error:  # any plugin, any failure
        if len(evidence) == 1:
            return [error]
        return [answer for one in evidence for answer in answers_of(describer, [one])]
