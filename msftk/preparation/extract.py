"""Prepares utterances for a model: texts, vectors and F0 of each, out of the store or made now and stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msftk.errors import InputError, MsftkError
from msftk.interfaces import Engine
from msftk.preparation.material import Material, Shelves
from msftk.preparation.parts import Parts, make_parts
from msftk.preparation.texts import Said, say
from msftk.preparation.vectors import encode_texts, text_key, vector_dim
from msftk.progress import Progress, ProgressCallback, silent
from msftk.registry import registry
from msftk.settings import Settings
from msftk.store.features import Shelf, Store
from msftk.types import Float32, Float64, Utterance


@dataclass(frozen=True)
class Prepared:
    """What preparation knows of the utterances it was given; vectors and F0 are read from the store when asked for.

    `dims`, `groups`: of each source. `absent`: source -> reason -> how many utterances. `failures`: utterances whose
    audio cannot be used, with the message. `warnings`: where something was there and could not be used.
    `producers`: what was made -> hash of its producer.
    """

    dims: Mapping[str, int]
    groups: Mapping[str, str]
    absent: Mapping[str, Mapping[str, int]]
    failures: Mapping[str, str]
    warnings: Mapping[str, str]
    producers: Mapping[str, str]
    said: Mapping[str, Mapping[str, Said]] = field(repr=False)  # source -> utterance id -> what the source gave
    shelves: Mapping[str, Shelf] = field(repr=False)  # source -> where its vectors lie
    f0_shelf: Shelf = field(repr=False)
    audio_keys: Mapping[str, str] = field(repr=False)  # utterance id -> key of its F0, where F0 was asked for

    def text(self, source: str, utterance_id: str) -> str | None:
        """The source's text, None where it is absent or the source makes its vector without one."""
        said = self.said[source].get(utterance_id)
        return said.text if said else None

    def vector(self, source: str, utterance_id: str) -> Float32 | None:
        """The source's vector [dims[source]] float32, None where it is absent."""
        said = self.said[source].get(utterance_id)
        if said is None or said.reason is not None:
            return None
        key = said.vector_key or text_key(said.text or "")
        vector: Float32 = _stored(self.shelves[source], key, "vector", utterance_id)
        return vector

    def f0_hz(self, utterance_id: str) -> Float64:
        """F0 of the whole utterance [frames] in Hz, 5 ms grid, 0 = unvoiced. InputError where it was not prepared."""
        if utterance_id not in self.audio_keys:
            why = self.failures.get(utterance_id, "F0 was not asked for: extract it with with_f0=True.")
            raise InputError(f"utterance {utterance_id} has no F0. {why}")
        f0_hz: Float64 = _stored(self.f0_shelf, self.audio_keys[utterance_id], "f0_hz", utterance_id)
        return f0_hz

    @property
    def present(self) -> dict[str, int]:
        """source -> how many utterances have it."""
        return {source: sum(s.reason is None for s in said.values()) for source, said in self.said.items()}


@dataclass(frozen=True)
class _Item:
    """What the work on one utterance came to."""

    said: Mapping[str, Said]
    warnings: Mapping[str, str]
    audio_key: str | None


def extract(
    utterances: Iterable[Utterance],
    settings: Settings,
    store: Store,
    *,
    with_f0: bool = False,
    progress: ProgressCallback | None = None,
    workers: int | None = None,
) -> Prepared:
    """Makes, or reads from the store, what the chosen semantic sources say of each utterance, and its F0 if asked.

    Args:
        with_f0: also prepare F0, which the acoustic encoder `logmel` reads.
        workers: threads, None: as the engine's settings say.
    Returns:
        `Prepared`; bad audio stands in its `failures` and ends nothing. An interruption keeps what was finished.
    Raises:
        InputError: a component that the settings name cannot be built (missing package or file), or a store that
            cannot be used.
    """
    report = progress or silent
    wanted = list(utterances)
    parts = make_parts(settings)
    shelves = Shelves.of(parts, store)

    def work(utterance: Utterance) -> _Item:
        material = Material(utterance, parts, shelves)
        hears = with_f0 and utterance.audio is not None
        if hears and material.audio_key not in shelves.f0.shelf:
            _ = material.f0_hz
        said = {part.name: say(part, material) for part in parts.sources}
        return _Item(said, material.warnings, material.audio_key if hears else None)

    done: dict[str, _Item] = {}
    failures: dict[str, str] = {}
    try:
        for utterance, item in make_engine(settings, workers).map(work, wanted):
            if isinstance(item, Exception):
                failures[utterance.id] = str(item) if isinstance(item, MsftkError) else f"{type(item).__name__}: {item}"
            else:
                done[utterance.id] = item
            report(Progress("prepare", len(done) + len(failures), len(wanted)))
    finally:
        shelves.flush()
    in_order = {utterance.id: done[utterance.id] for utterance in wanted if utterance.id in done}
    return _prepared(in_order, failures, parts, shelves, store, report)


def _prepared(
    done: Mapping[str, _Item],
    failures: Mapping[str, str],
    parts: Parts,
    shelves: Shelves,
    store: Store,
    report: ProgressCallback,
) -> Prepared:
    said = {part.name: {name: item.said[part.name] for name, item in done.items()} for part in parts.sources}
    places = dict(shelves.vectors)
    dims = {part.name: int(part.component.dim) for part in parts.sources if part.name in places}
    if parts.encoder is not None:
        encoded = store.shelf(parts.encoder.producer)
        encode_texts(
            (s.text for by_id in said.values() for s in by_id.values() if s.text), parts.encoder, encoded, report
        )
        dim = vector_dim(parts.encoder, encoded)
        for part in parts.sources:
            dims.setdefault(part.name, dim)
            places.setdefault(part.name, encoded)
    return Prepared(
        dims={part.name: dims[part.name] for part in parts.sources},
        groups={part.name: part.component.group for part in parts.sources},
        absent={source: dict(Counter(s.reason for s in by_id.values() if s.reason)) for source, by_id in said.items()},
        failures=dict(failures),
        warnings={name: " ".join(item.warnings.values()) for name, item in done.items() if item.warnings},
        producers={what: part.hash for what, part in parts.named.items()},
        said=said,
        shelves=places,
        f0_shelf=shelves.f0.shelf,
        audio_keys={name: item.audio_key for name, item in done.items() if item.audio_key},
    )


def make_engine(settings: Settings, workers: int | None) -> Engine:
    """The engine that `settings` name; `workers`, if given, goes before its option."""
    options = dict(settings.engine.options)
    if workers is not None:
        options["workers"] = workers
    engine: Engine = registry().create("engine", settings.engine.name, options)
    return engine


def _stored(shelf: Shelf, key: str, name: str, utterance_id: str) -> Any:
    """What extract() has just put or found there; gone only where somebody deletes the store meanwhile."""
    stored = shelf.get(key)
    if stored is None:
        raise InputError(
            f"{shelf.folder}: the {name} of utterance {utterance_id} is gone. "
            "Leave the store alone while it is read, and run `msftk extract` again."
        )
    return stored[name]
