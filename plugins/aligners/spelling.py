"""How a CTC model spells a transcript: letters or pieces by its tokenizer, or phones by a pronunciation dictionary."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msftk.errors import RefusedError


@dataclass(frozen=True)
class Spelt:
    """The labels of a transcript, and where in them each word stands: labels[begin:end]; between words, delimiters."""

    labels: tuple[int, ...]
    words: tuple[tuple[int, int], ...]
    names: tuple[str, ...]


class Spelling:
    """Spells words in the vocabulary of a model's tokenizer.

    With `pronunciations` (word -> its pronunciations) the first of them that the model has is taken, else letters: as
    they are, in lower or in upper case, and without punctuation inside a word where the model has none.
    """

    def __init__(
        self, tokenizer: Any, blank: int, pronunciations: Mapping[str, tuple[tuple[str, ...], ...]] | None = None
    ) -> None:
        self.tokenizer, self.blank, self.pronunciations = tokenizer, blank, pronunciations
        self.vocabulary: dict[str, int] = tokenizer.get_vocab()
        self.names = {place: name for name, place in self.vocabulary.items()}
        delimiter = getattr(tokenizer, "word_delimiter_token", None)
        known = delimiter in self.vocabulary and pronunciations is None
        self.delimiter = self.vocabulary[delimiter] if known else None

    def spell(self, words: Sequence[str]) -> Spelt:
        """Raises RefusedError that names the words which the model cannot spell."""
        found = [self._of_word(word) for word in words]
        if unknown := [word for word, labels in zip(words, found, strict=True) if not labels]:
            raise RefusedError(*self._refusal(dict.fromkeys(unknown)))
        labels: list[int] = []
        places: list[tuple[int, int]] = []
        for own in found:
            if labels and self.delimiter is not None:
                labels.append(self.delimiter)
            places.append((len(labels), len(labels) + len(own)))
            labels += own
        return Spelt(tuple(labels), tuple(places), tuple(self.names[label] for label in labels))

    def _of_word(self, word: str) -> list[int]:
        word = unicodedata.normalize("NFC", word).replace("’", "'")
        if self.pronunciations is not None:
            for phones in self.pronunciations.get(word.lower(), ()):
                if all(phone in self.vocabulary for phone in phones):
                    return [self.vocabulary[phone] for phone in phones]
            return []
        return next((labels for form in _forms(word) if (labels := self._known(form))), [])

    def _known(self, form: str) -> list[int]:
        """Labels of a spelling, none where the model lacks one of its letters."""
        labels: list[int] = self.tokenizer(form, add_special_tokens=False).input_ids
        return [] if {self.tokenizer.unk_token_id, self.blank} & {*labels} else labels

    def _refusal(self, words: Mapping[str, None]) -> tuple[str, str]:
        named = ", ".join(f"'{word}'" for word in words)
        if self.pronunciations is not None:
            return (
                "words not in the dictionary",
                f"no pronunciation in the model's phones: {named}. Add it to the file of aligner.pronunciations.",
            )
        lacking = sorted({letter for word in words for letter in word if not any(map(self._known, _forms(letter)))})
        letters = " ".join(lacking)
        return (
            "letters that the model does not have",
            f"the model has no {letters} ({named}). Spell out numbers; for another script or language choose a model "
            "of it by --set aligner.model=MODEL.",
        )


def _forms(word: str) -> Iterator[str]:
    """The spellings of a word that are tried, in order."""
    bare = "".join(letter for letter in word if unicodedata.category(letter)[0] != "P")
    for form in dict.fromkeys((word, bare)):
        yield from dict.fromkeys((form, form.lower(), form.upper()) if form else ())
