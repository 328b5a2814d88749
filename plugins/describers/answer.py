"""A model's answer as the six fields of a description: found in what it wrote, repaired, and checked."""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from msftk.types import DESCRIPTION_FIELDS
from msftk_plugins.describers.prompt import asked_fields

# How models say that they cannot tell, where null was asked for.
NOTHING = frozenset(
    ("", "null", "none", "n/a", "na", "nan", "unknown", "unclear", "not applicable", "unspecified", "undetermined")
)
TRAILING_COMMA = re.compile(r",(\s*[}\]])")
LONGEST = 20_000  # characters of an answer that are looked at: a model that repeats itself has no end
OBJECTS = 50  # opening braces that are tried


class AnswerError(ValueError):
    """Why an answer cannot be used, in words that the model is asked again with; the same words for the same fault."""


def _words(value: object) -> object:
    """One line of text, None where the model says that there is none; a list of texts is one text."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = ", ".join(value)
    if isinstance(value, str):
        value = " ".join(value.split())
        return None if value.lower().strip(" .") in NOTHING else value
    return value


Words = Annotated[str | None, BeforeValidator(_words)]


class Answer(BaseModel):
    """The six fields of the paper's Table 1; null where the recording does not tell. Other keys are left."""

    model_config = ConfigDict(extra="ignore")
    free_emotion: Words = None
    constrained_emotion: Words = None
    explanation: Words = None
    scenario: Words = None
    paralinguistics: Words = None
    gender: Words = None


def answer_schema(labels: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of an answer, as servers that constrain a model's output read it (OpenAI's strict form)."""
    names = asked_fields(labels)
    kinds: dict[str, dict[str, Any]] = {name: {"type": ["string", "null"]} for name in names}
    if labels:
        kinds["constrained_emotion"]["enum"] = [*labels, None]
    return {"type": "object", "properties": kinds, "required": list(names), "additionalProperties": False}


def read_answer(text: str, labels: Sequence[str]) -> dict[str, str | None]:
    """The fields of an answer, by name; the constrained one is one of `labels`, spelled as there, or None.

    Found wherever it stands in the text, also as Python writes a dict, with commas too many, or within a code fence.

    Raises AnswerError: no such object, a field that is no text, no field filled, not in English, another label.
    """
    found = next(_objects(text[:LONGEST]), None)
    if found is None:
        raise AnswerError("it holds no JSON object with the keys that were asked for")
    try:
        fields = Answer.model_validate(found).model_dump()
    except ValidationError as error:
        raise AnswerError(f"{error.errors()[0]['loc'][0]} is not a text") from error
    fields["constrained_emotion"] = _label(fields["constrained_emotion"], labels)
    said = [value for value in fields.values() if value]
    if not said:
        raise AnswerError("it fills no field")
    if not _is_latin("".join(said)):
        raise AnswerError("it is not in English")
    return fields


def _label(said: str | None, labels: Sequence[str]) -> str | None:
    if said is None or not labels:
        return None
    known = {label.casefold(): label for label in labels}
    if (label := known.get(said.strip(" .'\"").casefold())) is None:
        raise AnswerError(f"constrained_emotion is none of {', '.join(labels)}")
    return label


def _is_latin(text: str) -> bool:
    """Whether most letters are Latin: other scripts are seen, other languages in Latin letters are not."""
    letters = [character for character in text if character.isalpha()]
    return 2 * sum("LATIN" in unicodedata.name(letter, "") for letter in letters) >= len(letters)


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Each JSON object in `text` that has a field of a description, repaired where need be, from the left."""
    starts = [match.start() for match in re.finditer(r"\{", text)][:OBJECTS]
    for start in starts:
        for read in (_json, _repaired):
            found = read(text[start:])
            if isinstance(found, dict) and found.keys() & set(DESCRIPTION_FIELDS):
                yield found
                break


def _json(text: str) -> Any:
    """The object that `text` begins with; a string may hold line breaks."""
    try:
        return json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None


def _repaired(text: str) -> Any:
    """The same without trailing commas, with quotes made straight, then as Python writes a dict."""
    text = TRAILING_COMMA.sub(r"\1", text.translate({0x201C: '"', 0x201D: '"'}))
    if (found := _json(text)) is not None:
        return found
    end = text.find("}") + 1
    try:
        return ast.literal_eval(text[:end])
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):  # TypeError: a set of lists
        return None
