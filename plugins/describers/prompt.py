"""What audio-language models are asked: one file of words, with a version and a fingerprint."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from msftk.errors import InputError
from msftk.files import read_text
from msftk.types import DESCRIPTION_FIELDS, Float32

SHIPPED = Path(__file__).with_name("prompt.toml")
Message = dict[str, Any]
"""{"role": "system" | "user" | "assistant", "content": [{"type": "audio", "audio": [n] float32 at 16 kHz} or
{"type": "text", "text": words}, ...]}"""


@dataclass(frozen=True)
class Fields:
    """What each of the six fields is, in words that the model reads."""

    free_emotion: str
    constrained_emotion: str
    explanation: str
    scenario: str
    paralinguistics: str
    gender: str


def asked_fields(labels: Sequence[str]) -> tuple[str, ...]:
    """The fields that are asked for: without labels of a corpus there is no constrained one."""
    return tuple(name for name in DESCRIPTION_FIELDS if labels or name != "constrained_emotion")


class Prompt(BaseModel):
    """The words of a prompt file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: int
    system: str
    question: str
    again: str
    fields: Fields

    @model_validator(mode="after")
    def _has_places(self) -> Prompt:
        for place, text in (("{fields}", self.question), ("{labels}", self.fields.constrained_emotion)):
            if place not in text:
                raise ValueError(f"{place} is nowhere")
        return self

    @property
    def fingerprint(self) -> str:
        """The version and a hash of every word."""
        words = json.dumps([self.version, self.system, self.question, self.again, asdict(self.fields)])
        return f"v{self.version}-{hashlib.sha256(words.encode()).hexdigest()[:12]}"

    def ask(self, parts: Sequence[Float32], labels: Sequence[str]) -> list[Message]:
        """The conversation that begins with a recording, or with its parts in their order."""
        sound = [{"type": "audio", "audio": part} for part in parts]
        words = {"type": "text", "text": self.asked(labels)}
        return [
            {"role": "system", "content": [{"type": "text", "text": self.system.strip()}]},
            {"role": "user", "content": [*sound, words]},
        ]

    def ask_again(self, conversation: Sequence[Message], answer: str, problem: str) -> list[Message]:
        """The conversation that goes on from an answer which cannot be used."""
        said = [("assistant", answer), ("user", self.again.replace("{problem}", problem).strip())]
        return [*conversation, *({"role": role, "content": [{"type": "text", "text": text}]} for role, text in said)]

    def asked(self, labels: Sequence[str]) -> str:
        """The question in full."""
        meanings = asdict(self.fields) | {
            "constrained_emotion": self.fields.constrained_emotion.replace("{labels}", ", ".join(labels))
        }
        lines = "\n".join(f'"{name}": {meanings[name]}' for name in asked_fields(labels))
        return self.question.replace("{fields}", lines).strip()


def read_prompt(file: str | Path | None = None) -> Prompt:
    """The prompt of a TOML file, None: the shipped one. Raises InputError that names what is wrong with the file."""
    path = Path(file or SHIPPED)
    if not path.is_file():
        raise InputError(f"describer.prompt is '{path}': no such file. Name a TOML file like {SHIPPED}.")
    try:
        return Prompt.model_validate(tomllib.loads(read_text(path)))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{path}: {place + ': ' if place else ''}{first['msg']}. Write it as {SHIPPED}.") from error
    except ValueError as error:
        raise InputError(f"{path}: not valid TOML: {error}. Correct the file.") from error
