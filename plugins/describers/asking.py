"""What describers share that ask an audio-language model: what is heard, the question, the answer, one more try."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from msftk import interfaces
from msftk.interfaces import Evidence, Need
from msftk.types import SAMPLE_RATE_HZ, Description, Float32
from msftk_plugins.describers.answer import AnswerError, read_answer
from msftk_plugins.describers.prompt import Message, read_prompt


def _listed(value: object) -> object:
    """On the command line a list is words with commas between."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


class AskingOptions(interfaces.Options):
    """Of every describer that asks a model."""

    labels: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (), description="the corpus' emotion labels; not set: the categories of the manifest"
    )
    prompt: interfaces.Place | None = Field(None, description="a prompt file of your own")
    max_seconds: float | None = Field(
        None, ge=1, allow_inf_nan=False, description="longest audio that the model takes; not set: as it says itself"
    )
    longer: Literal["cut", "split"] = Field(
        "cut", description="of a longer recording only so much is heard, or parts of so much in one question"
    )
    max_tokens: int = Field(400, ge=16, description="longest answer")


class AskingDescriber(interfaces.Describer):
    """Base of them. A subclass gives the answers; what is said to the model, and what becomes of its words, is here.

    An answer that cannot be used, after repair, is told to the model once. The second time it is a description with
    status "failed: ..." and the words in `raw_text`: stored, so that it is not paid for again.
    """

    needs: ClassVar[tuple[Need, ...]] = ("audio",)
    flush_items: ClassVar[int] = 1
    asks_for_labels: ClassVar[bool] = True
    backend: str

    def __init__(self, options: AskingOptions) -> None:
        self.asking = options
        self.prompt = read_prompt(options.prompt)

    @classmethod
    def shown(cls) -> Mapping[str, str]:
        prompt = read_prompt()
        return {f"prompt {prompt.fingerprint}": f"{prompt.system}\n\n{prompt.asked(['LABELS OF THE CORPUS'])}"}

    def identity(self) -> Mapping[str, str]:
        return {"prompt": self.prompt.fingerprint}

    @property
    @abstractmethod
    def longest_s(self) -> float | None:
        """The longest audio that the model takes, in seconds, where the option does not say it; None: no limit."""

    @abstractmethod
    def answers(self, conversations: Sequence[list[Message]]) -> Sequence[str | Exception]:
        """What the model says to each, or why it says nothing. Raises BackEndError where it can answer none."""

    def describe(self, evidence: Evidence) -> Description:
        """Raises what kept the model from answering."""
        answer = self.describe_batch([evidence])[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def describe_batch(self, evidence: Sequence[Evidence]) -> list[Description | Exception]:
        labels = self.asking.labels
        heard = [self._heard(one.waveform) for one in evidence]
        asked = [self.prompt.ask(parts, labels) for parts, _ in heard]
        answers = list(self.answers(asked))
        again = {i: problem for i, answer in enumerate(answers) if (problem := _problem(answer, labels))}
        if again:
            follow_ups = [self.prompt.ask_again(asked[i], str(answers[i]), problem) for i, problem in again.items()]
            for i, answer in zip(again, self.answers(follow_ups), strict=True):
                answers[i] = answer
        return [
            answer if isinstance(answer, Exception) else self._description(answer, note)
            for answer, (_, note) in zip(answers, heard, strict=True)
        ]

    def _heard(self, waveform: Float32 | None) -> tuple[list[Float32], str]:
        """The parts of a recording that the model hears, and a note where it is longer than the model takes."""
        assert waveform is not None
        longest_s = self.asking.max_seconds or self.longest_s
        if longest_s is None or len(waveform) <= longest_s * SAMPLE_RATE_HZ:
            return [waveform], ""
        n_samples, seconds = int(longest_s * SAMPLE_RATE_HZ), len(waveform) / SAMPLE_RATE_HZ
        if self.asking.longer == "cut":
            return [waveform[:n_samples]], f"the first {longest_s:g} of {seconds:.1f} s were heard"
        parts = np.array_split(waveform, -(-len(waveform) // n_samples))
        return parts, f"{seconds:.1f} s were heard in {len(parts)} parts"

    def _description(self, answer: str, note: str) -> Description:
        made: dict[str, Any] = {
            "backend": self.backend,
            "prompt_fingerprint": self.prompt.fingerprint,
            "raw_text": answer,
            "note": note,
        }
        try:
            return Description(**read_answer(answer, self.asking.labels), **made)
        except AnswerError as error:
            return Description(status=f"failed: the answer cannot be used, {error}", **made)


def _problem(answer: str | Exception, labels: Sequence[str]) -> str:
    """Why the model is asked again, or ""."""
    if isinstance(answer, Exception):
        return ""
    try:
        read_answer(answer, labels)
    except AnswerError as error:
        return str(error)
    return ""
