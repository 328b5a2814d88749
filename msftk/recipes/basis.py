"""What a prediction rests on beside the sound: which sources there were, and who made what they read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from msftk.preparation.prepared import Prepared

READ = ("transcript", "alignment", "description")  # what is given, or made by somebody


@dataclass(frozen=True)
class Basis:
    """`sources` that were present, as the run orders them; `made_by`: "transcript" -> "given", "asr: whisper-small"."""

    sources: tuple[str, ...] = ()
    made_by: dict[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, object]:
        return {"sources": list(self.sources), "made_by": self.made_by}


def basis_of(prepared: Sequence[Prepared], ids: Iterable[str]) -> Basis:
    """Of the utterances that a recording was heard as: what any of them had; several who made one thing are joined."""
    names = list(ids)
    sources = [source for one in prepared for source in one.answers if any(one.said(source, name) for name in names)]
    makers: dict[str, dict[str, None]] = {}
    for one in prepared:
        for what, counts in one.makers(names).items():
            makers.setdefault(what, {}).update(dict.fromkeys(counts))
    return Basis(tuple(dict.fromkeys(sources)), {what: " + ".join(makers[what]) for what in READ if what in makers})


def basis_columns(rows: Sequence[Basis]) -> dict[str, list[object]]:
    """A row each: the sources with commas between, and who made the transcript, the alignment and the description."""
    columns: dict[str, list[object]] = {"sources": [",".join(row.sources) for row in rows]}
    return columns | {f"{what}_by": [row.made_by.get(what, "") for row in rows] for what in READ}
