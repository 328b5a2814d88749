"""The kinds of plugin, each told once: `KINDS`. Hooks, settings, listings, checks and templates follow from it.

A hook is called with `register(name, target, help=...)`; `target` is "package.module:Class" and is imported on first
use, so a hook module imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pluggy

from msftk import interfaces
from msftk.errors import UnknownNameError, did_you_mean

hookspec = pluggy.HookspecMarker("msftk")
hookimpl = pluggy.HookimplMarker("msftk")

Register = Callable[..., None]


@dataclass(frozen=True)
class Kind:
    """A kind of plugin.

    `base` is what its classes inherit from. `section` of the settings chooses one of them, `default` where nothing else
    does; the list `listed` of the settings names several; a kind without either is chosen otherwise. `usage` is a
    command that uses plugin {name} of it. `check` is the contract check, "module:function"; `template` says whether
    `msftk plugins new` writes one.
    """

    name: str
    hook: str
    about: str
    base: type[interfaces.Component]
    section: str = ""
    listed: str = ""
    default: str = ""
    usage: str = "msftk train --set {section}.name={name} --out runs/{name}"
    check: str = ""
    template: bool = True


KINDS = (
    Kind(
        "corpus",
        "register_corpora",
        "corpus tree -> utterances",
        interfaces.Corpus,
        usage="msftk prepare {name} ROOT --out corpus.parquet",
        check="msftk.testing.reading:check_corpus",
    ),
    Kind(
        "alignment-reader",
        "register_alignment_readers",
        "alignment file -> words and phones",
        interfaces.AlignmentReader,
        usage="msftk emphasis AUDIO FILE",
        check="msftk.testing.reading:check_alignment_reader",
    ),
    Kind(
        "aligner",
        "register_aligners",
        "audio and transcript -> when each word was said",
        interfaces.Aligner,
        section="aligner",
        default="none",
        usage="msftk align M.parquet --aligner {name}",
        check="msftk.testing.alignment:check_aligner",
    ),
    Kind(
        "f0-engine",
        "register_f0_engines",
        "waveform -> F0 on the 5 ms grid",
        interfaces.F0Engine,
        section="f0",
        default="harvest",
        check="msftk.testing.preparation:check_f0_engine",
    ),
    Kind(
        "emphasis",
        "register_emphasis",
        "a score for each word",
        interfaces.EmphasisScorer,
        section="emphasis",
        default="lemf",
        check="msftk.testing.preparation:check_emphasis",
    ),
    Kind(
        "transcriber",
        "register_transcribers",
        "audio -> what was said",
        interfaces.Transcriber,
        section="transcriber",
        default="none",
        usage="msftk extract corpus.parquet --semantics gs --transcriber {name}",
        check="msftk.testing.preparation:check_transcriber",
    ),
    Kind(
        "describer",
        "register_describers",
        "audio -> six-field description",
        interfaces.Describer,
        section="describer",
        check="msftk.testing.preparation:check_describer",
    ),
    Kind(
        "semantic-source",
        "register_semantic_sources",
        "a granularity of meaning",
        interfaces.SemanticSource,
        usage="msftk train --semantics gs,les,{name} --out runs/{name}",
        check="msftk.testing.preparation:check_semantic_source",
    ),
    Kind(
        "text-encoder",
        "register_text_encoders",
        "texts -> vectors, frozen",
        interfaces.TextEncoder,
        section="text",
        check="msftk.testing.preparation:check_text_encoder",
    ),
    Kind(
        "acoustic-encoder",
        "register_acoustic_encoders",
        "waveform -> frames",
        interfaces.AcousticEncoder,
        section="acoustic",
        check="msftk.testing.models:check_acoustic_encoder",
    ),
    Kind(
        "front-end",
        "register_front_ends",
        "waveform -> what an exported network reads",
        interfaces.FrontEnd,
        usage="msftk export RUN --onnx model.onnx",
        check="msftk.testing.models:check_front_end",
    ),
    Kind(
        "adaptation",
        "register_adaptations",
        "what of a pretrained encoder learns",
        interfaces.Adaptation,
        section="adaptation",
        default="full",
        usage="msftk train --preset paper --set adaptation.name={name} --out runs/{name}",
        check="msftk.testing.adaptation:check_adaptation",
    ),
    Kind(
        "pooling",
        "register_poolings",
        "frames -> one vector",
        interfaces.Pooling,
        section="pooling",
        default="attentive-statistics",
        check="msftk.testing.models:check_pooling",
    ),
    Kind(
        "intra-fusion",
        "register_intra_fusions",
        "merges the sources of one group",
        interfaces.IntraFusion,
        section="intra",
        default="gated",
        check="msftk.testing.models:check_intra_fusion",
    ),
    Kind(
        "fusion",
        "register_fusions",
        "joins sound and meaning",
        interfaces.Fusion,
        section="fusion",
        default="fm-moe",
        usage="msftk train --fusion {name} --out runs/{name}",
        check="msftk.testing.models:check_fusion",
    ),
    Kind(
        "target",
        "register_targets",
        "what a model predicts",
        interfaces.Target,
        listed="targets",
        usage='msftk train --set \'targets=["vad","{name}"]\' --out runs/{name}',
        check="msftk.testing.models:check_target",
    ),
    Kind(
        "head",
        "register_heads",
        "experts -> outputs of a target",
        interfaces.Head,
        section="head",
        default="regression",
        check="msftk.testing.models:check_head",
    ),
    Kind(
        "loss",
        "register_losses",
        "outputs and ratings -> what training minimises",
        interfaces.Loss,
        section="loss",
        default="ccc",
        check="msftk.testing.models:check_loss",
    ),
    Kind(
        "sampler",
        "register_samplers",
        "training utterances -> the steps of an epoch",
        interfaces.Sampler,
        section="sampler",
        default="length-buckets",
        check="msftk.testing.sampling:check_sampler",
    ),
    Kind(
        "transform",
        "register_transforms",
        "sound of a training utterance -> how it sounds this time",
        interfaces.Transform,
        listed="transforms",
        usage="msftk train --set transforms={name} --out runs/{name}",
        check="msftk.testing.transforms:check_transform",
    ),
    Kind(
        "model",
        "register_models",
        "folder of a published model -> network",
        interfaces.ModelLayout,
        usage="msftk predict --model {name} speech.wav",
        check="msftk.testing.published:check_model",
    ),
    Kind(
        "engine",
        "register_engines",
        "runs preparation over a corpus",
        interfaces.Engine,
        section="engine",
        default="local",
        check="msftk.testing.preparation:check_engine",
    ),
)


def find_kind(name: str, kinds: Iterable[Kind] = KINDS) -> Kind:
    """The kind of that name. Raises UnknownNameError with the nearest."""
    known = {kind.name: kind for kind in kinds}
    if name not in known:
        raise UnknownNameError(f"unknown kind '{name}'. {did_you_mean(name, known)}Known: {', '.join(known)}.")
    return known[name]


def hooks_of(kinds: Iterable[Kind]) -> type:
    """The specifications that pluggy checks each plugin's hooks against: a class with one a kind."""

    def specification(kind: Kind) -> Callable[..., None]:
        def hook(register: Register) -> None: ...

        hook.__name__, hook.__doc__ = kind.hook, f"{kind.about} (`msftk.interfaces.{kind.base.__name__}`)"
        return hookspec(hook)

    return type("Hooks", (), {kind.hook: staticmethod(specification(kind)) for kind in kinds})
