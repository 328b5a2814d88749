"""The hooks of msftk's plugin system: one a kind of component, each called with `register(name, target, help=...)`.

`target` is "package.module:Class" and is imported on first use, so a hook module imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pluggy

from msftk import interfaces

hookspec = pluggy.HookspecMarker("msftk")
hookimpl = pluggy.HookimplMarker("msftk")

Register = Callable[..., None]


@dataclass(frozen=True)
class Kind:
    """A kind of plugin: its name on the command line, its hook, the settings section that chooses it (or "")."""

    name: str
    hook: str
    section: str
    about: str
    base: type[interfaces.Component]


KINDS = (
    Kind("corpus", "register_corpora", "", "corpus tree -> utterances", interfaces.Corpus),
    Kind(
        "alignment-reader",
        "register_alignment_readers",
        "",
        "alignment file -> words and phones",
        interfaces.AlignmentReader,
    ),
    Kind("f0-engine", "register_f0_engines", "f0", "waveform -> F0 on the 5 ms grid", interfaces.F0Engine),
    Kind("emphasis", "register_emphasis", "emphasis", "a score for each word", interfaces.EmphasisScorer),
    Kind("describer", "register_describers", "describer", "audio -> six-field description", interfaces.Describer),
    Kind("semantic-source", "register_semantic_sources", "", "a granularity of meaning", interfaces.SemanticSource),
    Kind("text-encoder", "register_text_encoders", "text", "texts -> vectors, frozen", interfaces.TextEncoder),
    Kind(
        "acoustic-encoder", "register_acoustic_encoders", "acoustic", "waveform -> frames", interfaces.AcousticEncoder
    ),
    Kind("pooling", "register_poolings", "pooling", "frames -> one vector", interfaces.Pooling),
    Kind("intra-fusion", "register_intra_fusions", "intra", "merges the sources of one group", interfaces.IntraFusion),
    Kind("fusion", "register_fusions", "fusion", "joins sound and meaning", interfaces.Fusion),
    Kind("head", "register_heads", "head", "experts -> valence, arousal, dominance", interfaces.Head),
    Kind("loss", "register_losses", "loss", "outputs and ratings -> what training minimises", interfaces.Loss),
    Kind("engine", "register_engines", "engine", "runs preparation over a corpus", interfaces.Engine),
)


class Hooks:
    """Specifications that pluggy checks each plugin's hooks against."""

    @hookspec
    def register_corpora(self, register: Register) -> None:
        """Corpus adapters (`msftk.interfaces.Corpus`)."""

    @hookspec
    def register_alignment_readers(self, register: Register) -> None:
        """Alignment readers (`msftk.interfaces.AlignmentReader`)."""

    @hookspec
    def register_f0_engines(self, register: Register) -> None:
        """F0 engines (`msftk.interfaces.F0Engine`)."""

    @hookspec
    def register_emphasis(self, register: Register) -> None:
        """Emphasis scorers (`msftk.interfaces.EmphasisScorer`)."""

    @hookspec
    def register_describers(self, register: Register) -> None:
        """Describers (`msftk.interfaces.Describer`)."""

    @hookspec
    def register_semantic_sources(self, register: Register) -> None:
        """Semantic sources (`msftk.interfaces.SemanticSource`)."""

    @hookspec
    def register_text_encoders(self, register: Register) -> None:
        """Text encoders (`msftk.interfaces.TextEncoder`)."""

    @hookspec
    def register_acoustic_encoders(self, register: Register) -> None:
        """Acoustic encoders (`msftk.interfaces.AcousticEncoder`)."""

    @hookspec
    def register_poolings(self, register: Register) -> None:
        """Poolings (`msftk.interfaces.Pooling`)."""

    @hookspec
    def register_intra_fusions(self, register: Register) -> None:
        """Intra-modal fusions (`msftk.interfaces.IntraFusion`)."""

    @hookspec
    def register_fusions(self, register: Register) -> None:
        """Fusions (`msftk.interfaces.Fusion`)."""

    @hookspec
    def register_heads(self, register: Register) -> None:
        """Heads (`msftk.interfaces.Head`)."""

    @hookspec
    def register_losses(self, register: Register) -> None:
        """Losses (`msftk.interfaces.Loss`)."""

    @hookspec
    def register_engines(self, register: Register) -> None:
        """Engines (`msftk.interfaces.Engine`)."""
