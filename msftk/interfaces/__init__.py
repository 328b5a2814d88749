"""What each kind of plugin must offer and what it may: one base class a kind, with a default for each ability.

Dimensions are written [batch, time, dim]; a `valid` mask is bool, True = real data. Trained parts are nn.Modules too.
"""

from __future__ import annotations

from msftk.interfaces.adaptation import (
    Adaptation,
    EncoderPlan,
    Pool,
    PretrainedEncoder,
    StoredFeatures,
    check_same_model,
)
from msftk.interfaces.component import Choice, Chosen, Component, Options, Place
from msftk.interfaces.front_end import FrontEnd
from msftk.interfaces.network import (
    AcousticEncoder,
    Acoustics,
    Fusion,
    FusionOutput,
    FusionSizes,
    IntraFusion,
    ParameterGroup,
    Pooling,
    Rate,
    SemanticGroup,
    TrainedPart,
)
from msftk.interfaces.preparation import (
    Aligner,
    Describer,
    EmphasisScorer,
    Engine,
    Evidence,
    F0Engine,
    Item,
    Need,
    PreparationComponent,
    Result,
    SemanticSource,
    TextEncoder,
    TokenVectors,
    Transcriber,
    Want,
    each,
)
from msftk.interfaces.published import Checkpoint, Imported, ModelLayout
from msftk.interfaces.reading import AlignmentReader, Corpus, CorpusReading
from msftk.interfaces.sampling import Sampler
from msftk.interfaces.targets import Answers, Head, HeadOutput, Loss, Target
from msftk.interfaces.transforms import Sound, Transform, TransformOptions

__all__ = [
    "AcousticEncoder",
    "Acoustics",
    "Adaptation",
    "Aligner",
    "AlignmentReader",
    "Answers",
    "Checkpoint",
    "Choice",
    "Chosen",
    "Component",
    "Corpus",
    "CorpusReading",
    "Describer",
    "EmphasisScorer",
    "EncoderPlan",
    "Engine",
    "Evidence",
    "F0Engine",
    "FrontEnd",
    "Fusion",
    "FusionOutput",
    "FusionSizes",
    "Head",
    "HeadOutput",
    "Imported",
    "IntraFusion",
    "Item",
    "Loss",
    "ModelLayout",
    "Need",
    "Options",
    "ParameterGroup",
    "Place",
    "Pool",
    "Pooling",
    "PreparationComponent",
    "PretrainedEncoder",
    "Rate",
    "Result",
    "Sampler",
    "SemanticGroup",
    "SemanticSource",
    "Sound",
    "StoredFeatures",
    "Target",
    "TextEncoder",
    "TokenVectors",
    "TrainedPart",
    "Transcriber",
    "Transform",
    "TransformOptions",
    "Want",
    "check_same_model",
    "each",
]
