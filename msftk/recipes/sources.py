"""What predicts: a finished run, or a published model; both have models, a card, and a role on a corpus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from msftk.evaluation.protocol import dev_chose, protocol_card
from msftk.models.where import CPU, Where
from msftk.runs.folder import RunFolder
from msftk.runs.imported import load_published
from msftk.runs.model import Model, load_models
from msftk.runs.published import Published
from msftk.store.manifest import Manifest
from msftk.types import Utterance

HELD_OUT, SELECTED_ON, TRAINED_ON = "held out", "selected on", "trained on"
SEEN = {"train": TRAINED_ON, "dev": SELECTED_ON}  # splits of the corpus that a published model was made on


class Source(Protocol):
    """Where predictions come from."""

    @property
    def name(self) -> str: ...

    @property
    def card(self) -> dict[str, Any]:
        """The protocol card."""
        ...

    def models(self, where: Where) -> tuple[Model, ...]:
        """Those whose mean it predicts, on `where`'s device. Raises InputError where they cannot be read."""
        ...

    def role(self, corpus: Manifest, utterances: Sequence[Utterance]) -> str:
        """Whether these utterances of the corpus are held out, or chose the model, or trained it."""
        ...


@dataclass(frozen=True)
class TrainedSource:
    """A finished run."""

    folder: RunFolder

    @property
    def name(self) -> str:
        return str(self.folder.path)

    @cached_property
    def card(self) -> dict[str, Any]:
        return self.folder.read_card()

    def models(self, where: Where) -> tuple[Model, ...]:
        return load_models(self.folder.path, where)

    def role(self, corpus: Manifest, utterances: Sequence[Utterance]) -> str:
        """By id, in a corpus of the same name; all folds of a run together saw all of its corpus."""
        own = self.folder.read_manifest()
        if corpus.corpus != own.corpus:
            return HELD_OUT
        ids = {u.id for u in utterances}
        if any(u.id in ids for u in own.utterances if u.split == "train" or self.card["folds"]):
            return TRAINED_ON
        chosen = dev_chose(self.card) and any(u.id in ids for u in own.utterances if u.split == "dev")
        return SELECTED_ON if chosen else HELD_OUT


@dataclass(frozen=True)
class PublishedSource:
    """A published model, by name, hub id or folder; `options` of its layout."""

    name: str
    options: Mapping[str, object] = field(default_factory=dict)

    @cached_property
    def _model(self) -> Model:
        return load_published(self.name, CPU, self.options)

    @cached_property
    def card(self) -> dict[str, Any]:
        """What is known of it; what its training did stands with its publisher."""
        found = published_of(self._model)
        layout, checkpoint = found.layout, found.checkpoint
        facts = {
            "model": {
                "name": self.name,
                "id": checkpoint.id if checkpoint else None,
                "layout": found.plugin.name,
                "options": dict(self.options),
                "package": found.plugin.package,
                "licence": found.licence,
                "heard_s": list(layout.heard_s),
                "weights": found.identity(),
            },
            "corpus": layout.corpus,
            "corpus_facts": {},
            "scale": [layout.scale.low, layout.scale.high],
            "folds": None,
            "clusters": "speaker",
            "selection": {"by": "its publisher"},
        }
        return {**protocol_card(self._model.settings, facts), "seed": None}

    def models(self, where: Where) -> tuple[Model, ...]:
        return (self._model.on(where),)

    def role(self, corpus: Manifest, utterances: Sequence[Utterance]) -> str:
        """By the names of splits, in a corpus of the name that it was made on."""
        if corpus.corpus != self._model.corpus:
            return HELD_OUT
        seen = {SEEN.get(u.split or "", HELD_OUT) for u in utterances}
        return next(role for role in (TRAINED_ON, SELECTED_ON, HELD_OUT) if role in seen)


def sources(
    runs: str | Path | Iterable[str | Path],
    models: str | Iterable[str] = (),
    options: Mapping[str, object] | None = None,
) -> tuple[Source, ...]:
    """Of run folders, then of published models with these options of their layouts."""
    folders = [runs] if isinstance(runs, str | Path) else runs
    names = [models] if isinstance(models, str) else models
    return (
        *(TrainedSource(RunFolder(Path(one))) for one in folders),
        *(PublishedSource(one, options or {}) for one in names),
    )


def published_of(model: Model) -> Published:
    assert model.published is not None
    return model.published
