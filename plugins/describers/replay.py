"""Descriptions made elsewhere, by any model or person, read from JSON lines."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from msftk import interfaces
from msftk.errors import AbsentError, InputError
from msftk.files import read_text, sha256_file
from msftk.interfaces import Evidence, Need
from msftk.types import DESCRIPTION_FIELDS, Description

NOTES = ("backend", "prompt_fingerprint", "raw_text", "status", "note")
KNOWN = ("id", *DESCRIPTION_FIELDS, *NOTES)


class Replay(interfaces.Describer):
    """Descriptions from a file of JSON lines, an utterance a line, in any order:

    {"id": "MSP-1_0001", "free_emotion": "frustrated", "constrained_emotion": "Angry", "explanation": "a lack of
    understanding", "scenario": "a public argument", "paralinguistics": "rising intonation", "gender": "male"}

    A field that is missing, null or "" is absent; an utterance without a line has no description. Optional beside them:
    backend, prompt_fingerprint, raw_text, and status, which is "ok" or the reason why there is no description.
    """

    needs: ClassVar[tuple[Need, ...]] = ("id",)

    class Options(interfaces.Options):
        file: interfaces.Place | None = Field(None, description="JSON lines: id and the six fields (required)")

    def __init__(self, options: Replay.Options) -> None:
        if options.file is None:
            raise InputError(
                "describer.file is not set: describer 'replay' reads descriptions made elsewhere. Name the file by "
                "--set describer.file=FILE.jsonl, or leave 'es' out of --semantics."
            )
        self.file = Path(options.file)
        self.descriptions = read_descriptions(self.file)

    def identity(self) -> Mapping[str, str]:
        return {"file": f"sha256:{sha256_file(self.file)}"}

    def describe(self, evidence: Evidence) -> Description:
        if evidence.id not in self.descriptions:
            raise AbsentError(f"no description in {self.file.name}")
        return self.descriptions[evidence.id]


def read_descriptions(file: Path) -> dict[str, Description]:
    """Every description of a file of JSON lines, by utterance id.

    Raises InputError (file:line) for a line that is no JSON object, lacks its id, repeats one, or has an unknown or
    ill-typed field.
    """
    if not file.exists():
        raise InputError(f"{file}: cannot be read (no such file). Name an existing one by --set describer.file=FILE.")
    lines = read_text(file).split("\n")
    found: dict[str, Description] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = _row(line, f"{file}:{number}")
        if row["id"] in found:
            raise InputError(f"{file}:{number}: id '{row['id']}' stands in an earlier line too. Keep one of them.")
        fields: dict[str, Any] = {name: (row.get(name) or "").strip() or None for name in DESCRIPTION_FIELDS}
        notes = {name: row[name] for name in NOTES if row.get(name)}
        found[row["id"]] = replace(Description(**fields, backend="replay"), **notes)
    return found


def _row(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
        json.dumps(row, ensure_ascii=False).encode()  # an escape may stand for half a character
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: not JSON: {error}. Write one JSON object a line.") from error
    if not isinstance(row, dict):
        raise InputError(f"{place}: a JSON {type(row).__name__}, expected an object with id and the six fields.")
    for name, value in row.items():
        if name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, n=1)
            hint = f"Did you mean '{near[0]}'? " if near else ""
            raise InputError(f"{place}: unknown field '{name}'. {hint}Known: {', '.join(KNOWN)}.")
        if value is not None and not isinstance(value, str):
            raise InputError(f"{place}: {name} is {json.dumps(value)}, expected text or null. Correct the line.")
    if not row.get("id"):
        raise InputError(f"{place}: no id. Give each line the id that the utterance has in the manifest.")
    return row
