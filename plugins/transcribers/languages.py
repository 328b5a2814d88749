"""The languages that a Whisper knows, as its generation_config.json marks them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msftk.errors import InputError

ENGLISH = "en"  # of a model of English alone, which marks no language


class Languages:
    """`many`: whether it knows several, and can tell them apart."""

    def __init__(self, generation: Mapping[str, Any], folder: Path) -> None:
        self._folder = folder
        self._ids: dict[str, int] = {mark.strip("<|>"): one for mark, one in generation.get("lang_to_id", {}).items()}
        self.many = bool(self._ids)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(sorted(self._ids)) if self.many else (ENGLISH,)

    def code(self, named: str, where: str) -> str | None:
        """The code of a language that is named by code ("da", "da-DK") or in English ("Danish"); None where the model
        needs none. Raises InputError for one that it does not know."""
        from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE

        wanted = named.strip().lower()
        short = TO_LANGUAGE_CODE.get(wanted, wanted.replace("_", "-").partition("-")[0])
        if short not in self.codes:
            raise InputError(
                f"{where} is '{named}', which {self._folder.name} does not know (it knows {_few(self.codes)}). "
                "Name one of them by --set transcriber.language=CODE, or another model."
            )
        return short if self.many else None

    def heard(self, result: Any) -> str | None:
        """The language that the model found, of the marks that its answer begins with."""
        if not self.many:
            return ENGLISH
        whole = result["sequences"] if isinstance(result, Mapping) else result
        known = {one: code for code, one in self._ids.items()}
        return next((known[token] for token in whole.flatten().tolist() if token in known), None)


def _few(codes: tuple[str, ...]) -> str:
    return ", ".join(codes[:12]) + (f" and {len(codes) - 12} more" if len(codes) > 12 else "")
