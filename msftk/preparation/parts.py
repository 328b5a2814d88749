"""Components of the preparation, each with the producer that its results are stored under."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msftk.errors import InputError
from msftk.interfaces import Need, StoredFeatures
from msftk.registry import registry
from msftk.settings import Component, Settings
from msftk.speech.audio import DECODING_VERSION
from msftk.store.keys import producer_hash


@dataclass(frozen=True)
class Part:
    """A component, what it reads, and everything that its results depend on beside what it reads."""

    name: str
    component: Any
    needs: tuple[Need, ...]
    optional: tuple[Need, ...]
    producer: Mapping[str, object]

    @property
    def hash(self) -> str:
        return producer_hash(self.producer)


@dataclass(frozen=True)
class Parts:
    """F0 and the components that the chosen sources need; `scorer`, `describer` are None where no source reads them,
    `aligner`, `transcriber` also where the settings choose none."""

    f0: Part
    sources: tuple[Part, ...]
    scorer: Part | None
    describer: Part | None
    encoder: Part | None
    alignment: Mapping[str, object] = field(default_factory=dict)  # options of alignment readers
    aligner: Part | None = None
    transcriber: Part | None = None

    @property
    def reads_f0(self) -> bool:
        """Whether one of them asks for F0."""
        return any(part and "f0" in _reads(part) for part in (*self.sources, self.scorer, self.describer))

    @property
    def named(self) -> dict[str, Part]:
        """Part by what it makes, for reports."""
        heard = {"f0": self.f0, "transcript": self.transcriber, "alignment": self.aligner, "emphasis": self.scorer}
        made = {**heard, "description": self.describer, "text vectors": self.encoder}
        return {what: part for what, part in made.items() if part} | {part.name: part for part in self.sources}


def make_parts(settings: Settings, needs: Iterable[Need] = ()) -> Parts:
    """Builds what `settings.semantics` and `needs` need, and nothing else; no model is loaded."""
    classes = {name: registry().get("semantic-source", name).load() for name in settings.semantics}
    reads: set[Need] = {*needs, *(need for source in classes.values() for need in _reads(source))}
    f0 = f0_part(settings)
    upstream: dict[Need, str] = {"f0": f0.hash}
    describer = scorer = None
    if "description" in reads:
        described = registry().get("describer", settings.describer.name).load()
        reads.update(_reads(described))
    if "emphasis" in reads:
        scorer = make_part("emphasis", settings.emphasis, upstream)
        upstream["emphasis"] = scorer.hash
    if "description" in reads:
        describer = make_part("describer", settings.describer, upstream)
        upstream["description"] = describer.hash
    aligns = registry().get("aligner", settings.aligner.name).load().aligns
    aligner = make_part("aligner", settings.aligner, upstream) if aligns and reads & {"alignment", "emphasis"} else None
    transcriber = transcriber_part(settings) if aligner or "transcript" in reads else None
    sources = tuple(make_part("semantic-source", Component(name=name), upstream) for name in settings.semantics)
    texts = any(not source.component.makes_vectors for source in sources)
    encoder = make_part("text-encoder", settings.text, upstream) if texts else None
    for source in sources:
        if source.component.means_a_part and encoder is not None and not encoder.component.gives_tokens:
            raise InputError(
                f"semantic source '{source.name}' reads the tokens of a sentence, and text encoder '{encoder.name}' "
                "gives none. Choose --set text.name=minilm or hf, or leave that source out of --semantics."
            )
    return Parts(f0, sources, scorer, describer, encoder, settings.alignment, aligner, transcriber)


def f0_part(settings: Settings) -> Part:
    """The F0 engine, by itself where a recipe needs nothing else."""
    return make_part("f0-engine", settings.f0, {})


def transcriber_part(settings: Settings) -> Part | None:
    """The transcriber, None where the settings choose one that transcribes nothing."""
    transcribes = registry().get("transcriber", settings.transcriber.name).load().transcribes
    return make_part("transcriber", settings.transcriber, {}) if transcribes else None


def make_part(kind: str, chosen: Component, upstream: Mapping[Need, str], needs: Iterable[Need] | None = None) -> Part:
    """One component with its producer: plugin, version of its results, options, identity, upstream producers."""
    plugin = registry().get(kind, chosen.name)
    options = registry().options(kind, chosen.name, chosen.options).model_dump(mode="json")
    component = registry().create(kind, chosen.name, chosen.options)
    identity = dict(component.identity())
    reads = tuple(component.needs if needs is None else needs)
    made_by: dict[Need, object] = {"audio": {"decoding": DECODING_VERSION}, **upstream}
    producer = {
        "kind": kind,
        "plugin": plugin.name,
        "package": plugin.package,  # recorded; what counts is the version of its results
        "results_version": component.results_version,
        "options": {name: value for name, value in options.items() if name not in {*identity, *component.no_results}},
        "identity": identity,
        "upstream": {need: made_by[need] for need in (*reads, *component.optional) if need in made_by},
    }
    return Part(chosen.name, component, reads, component.optional, producer)


def acoustic_part(settings: Settings, component: StoredFeatures) -> Part:
    """Stored acoustic features with their producer: encoder, adaptation, the seconds heard, and the model's hash."""
    identity = dict(component.identity())
    options: dict[str, object] = {"seconds_kept": settings.data.seconds_kept}
    versions = [component.results_version]
    for section, kind in (("acoustic", "acoustic-encoder"), ("adaptation", "adaptation")):
        chosen = settings.component(section)
        values = registry().options(kind, chosen.name, chosen.options).model_dump(mode="json")
        kept = {name: value for name, value in values.items() if name not in {*identity, *component.no_results}}
        options[section] = {"name": chosen.name, **kept}
        versions.append(registry().get(kind, chosen.name).load().results_version)
    producer = {
        "kind": "adaptation",
        "plugin": settings.adaptation.name,
        "package": registry().get("adaptation", settings.adaptation.name).package,
        "results_version": versions,
        "options": options,
        "identity": identity,
        "upstream": {},
    }
    return Part(settings.adaptation.name, component, component.needs, component.optional, producer)


def _reads(component: Any) -> tuple[Need, ...]:
    return (*component.needs, *component.optional)
