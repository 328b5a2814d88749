"""Descriptions by Kimi-Audio, the paper's describer (Sec. 2.2), by its own package in an environment of its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from msftk import interfaces
from msftk.consent import consent
from msftk.errors import BackEndError, InputError, MsftkError
from msftk.interfaces import Want
from msftk_plugins.describers.asking import AskingDescriber, AskingOptions
from msftk_plugins.describers.prompt import Message
from msftk_plugins.describers.sound import wav_base64
from msftk_plugins.describers.worker import Worker
from msftk_plugins.weights import folder_digest

NAME = "describer 'kimi-audio'"
PROGRAM = Path(__file__).with_name("kimi_worker.py")
LONGEST_S = 30.0  # what its Whisper encoder hears at once


class KimiAudio(AskingDescriber):
    """Kimi-Audio by its package kimia_infer, which needs a GPU and packages that clash with ours: it runs as a program
    of the Python that `describer.python` names, and is started again where it dies.

    It runs code that comes with the model, so the command needs --trust-remote-code. A server that has the model is
    asked by `openai-chat`.
    """

    wants: ClassVar[Want] = "model"
    no_results: ClassVar[tuple[str, ...]] = ("python", "start_s", "answer_s")

    class Options(AskingOptions):
        python: interfaces.Place | None = Field(None, description="the Python that has kimia_infer (required)")
        model: interfaces.Place = Field("moonshotai/Kimi-Audio-7B-Instruct", description="model id, or a folder")
        start_s: float = Field(900.0, gt=0, allow_inf_nan=False, description="within which the model is loaded")
        answer_s: float = Field(300.0, gt=0, allow_inf_nan=False, description="within which it answers")

    def __init__(self, options: KimiAudio.Options) -> None:
        if not options.python or not shutil.which(options.python):
            found = f"is '{options.python}', which is no program" if options.python else "is not set"
            raise InputError(
                f"describer.python {found}: {NAME} runs in an environment of its own. Name its Python by --set "
                "describer.python=PLACE/bin/python (docs/describers.md says how to make one)."
            )
        super().__init__(options)
        self.options = options
        self.backend = f"kimi-audio {Path(options.model).name}"
        self._may_run = consent().remote_code  # of who builds it: other threads ask
        command = (options.python, str(PROGRAM), options.model)
        self._worker = Worker(NAME, command, options.start_s, options.answer_s)

    def identity(self) -> Mapping[str, str]:
        folder = Path(self.options.model)
        model = {"model": f"sha256:{folder_digest(folder)}"} if folder.is_dir() else {}
        return {**super().identity(), **model}

    @property
    def longest_s(self) -> float:
        return LONGEST_S

    def answers(self, conversations: Sequence[list[Message]]) -> list[str | Exception]:
        if not self._may_run:
            raise BackEndError(
                f"{NAME} runs {self.options.python}, and code that comes with the model. Where you trust both, give "
                "the flag --trust-remote-code."
            )
        answers: list[str | Exception] = []
        for conversation in conversations:
            try:
                asked = {"messages": _native(conversation), "max_tokens": self.options.max_tokens}
                answers.append(self._worker.ask(asked))
            except BackEndError:
                raise
            except MsftkError as error:  # of this question; the others are asked
                answers.append(error)
        return answers


def _native(conversation: Sequence[Message]) -> list[dict[str, str]]:
    """Words before sound, as its package shows it, and all as the user's: it is told what it answered itself."""
    native: list[dict[str, str]] = []
    for message in conversation:
        answered = "Your answer was: " if message["role"] == "assistant" else ""
        native += ({"text": answered + part["text"]} for part in message["content"] if part["type"] == "text")
        native += ({"wav": wav_base64(part["audio"])} for part in message["content"] if part["type"] == "audio")
    return native
