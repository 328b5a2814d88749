"""audEERING's dimensional models: wav2vec 2.0, mean pooling, dense-tanh-linear (arXiv 2203.07378, model card)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from msftk import interfaces
from msftk.errors import InputError
from msftk.interfaces.published import Checkpoint, Imported, ModelLayout, Shapes
from msftk_plugins.models.backbone import in_our_order, n_layers, named_attributes, wave_tensors

if TYPE_CHECKING:
    from torch import Tensor

ORDER = ("arousal", "dominance", "valence")
POOLING = "pooling_mode"  # of those who wrote such a head after Wav2Vec2ForSpeechClassification
HEAD = {"dense": "between.0.0", "out_proj": "last"}


class AudeeringDim(ModelLayout):
    """wav2vec 2.0 the mean of its last layer, Linear-tanh-Linear; each utterance is normalised."""

    class Options(interfaces.Options):
        """No options."""

    checkpoints: ClassVar = (
        Checkpoint(
            "audeering-dim",
            "audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim",
            "CC BY-NC-SA 4.0 (research only)",
            ORDER,
        ),
    )
    corpus: ClassVar[str] = "msp-podcast"
    heard_s: ClassVar[tuple[float, float]] = (0.0, 12.0)

    def __init__(self, options: Options) -> None:
        pass

    def recognises(self, config: Mapping[str, Any], shapes: Shapes) -> bool:
        return config.get("model_type") == "wav2vec2" and {"classifier.dense.weight", "classifier.out_proj.weight"} <= (
            shapes.keys()
        )

    def read(self, config: Mapping[str, Any], tensors: Mapping[str, Tensor], source: str) -> Imported:
        hidden, n = tensors["classifier.dense.weight"].shape[0], tensors["classifier.out_proj.weight"].shape[0]
        published = named_attributes(config, n, ORDER)
        if not published:
            raise InputError(
                f"its {n} outputs are not valence, arousal and dominance (id2label of config.json: "
                f"{config.get('id2label')}). Take a model of dimensions."
            )
        if config.get(POOLING, "mean") != "mean":
            raise InputError(f"{POOLING} of its config.json is {config[POOLING]}, and its layout takes the mean.")
        layers = n_layers(tensors, "wav2vec2.encoder.layers.")
        if config.get("num_hidden_layers", layers) != layers:
            raise InputError(
                f"num_hidden_layers of its config.json is {config['num_hidden_layers']}, and its weights are of "
                f"{layers}. Fetch it anew."
            )
        attributes, rows = in_our_order(published)
        normalise = "utterance" if config.get("do_normalize", True) else "none"
        head = {
            f"heads.vad.{ours}.{part}": tensors[f"classifier.{theirs}.{part}"]
            for theirs, ours in HEAD.items()
            for part in ("weight", "bias")
        }
        for part in ("weight", "bias"):
            head[f"heads.vad.last.{part}"] = head[f"heads.vad.last.{part}"][rows]
        return Imported(
            sections={
                "acoustic": {"name": "hf", "model": source, "layer": "last", "normalise": normalise},
                "pooling": {"name": "mean"},
                "head": {
                    "name": "joint",
                    "hidden": hidden,
                    "activation": "tanh",
                    "norm": False,
                    "dropout": config.get("final_dropout", 0.1),
                },
            },
            tensors={**wave_tensors(tensors, "wav2vec2."), **head},
            attributes=attributes,
            acoustic_config=json.dumps(config),
        )
