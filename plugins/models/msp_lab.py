"""The challenge baselines on MSP-Podcast: WavLM-large, attentive statistics, joint head (Goncalves et al. 2024)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from msftk import interfaces
from msftk.errors import InputError
from msftk.interfaces.published import Checkpoint, Imported, ModelLayout, Shapes
from msftk_plugins.models.backbone import in_our_order, n_layers, named_attributes, number, wave_tensors, wavlm_config

if TYPE_CHECKING:
    from torch import Tensor

ORDER = ("arousal", "dominance", "valence")
HUB = "3loi/SER-Odyssey-Baseline-WavLM-"


class MspLab(ModelLayout):
    """WavLM's last layer, weighted mean and standard deviation, Linear-LayerNorm-ReLU-Linear.

    Samples are normalised by `mean` and `std` of config.json, which are those of all training audio.
    """

    class Options(interfaces.Options):
        padding_frames: bool = Field(
            False, description="pool one or two frames of padding too, as its own code does in a padded batch"
        )

    checkpoints: ClassVar = (
        Checkpoint("msp-lab", f"{HUB}Multi-Attributes", "MIT", ORDER),
        *(Checkpoint(f"msp-lab-{name}", f"{HUB}{name.title()}", "MIT", (name,)) for name in ORDER),
    )
    corpus: ClassVar[str] = "msp-podcast"
    heard_s: ClassVar[tuple[float, float]] = (0.0, 12.0)
    pads_exactly: ClassVar[bool] = False
    remark: ClassVar[str] = (
        "Its own pooling counts one or two frames more than there are: in its padded batches it pools padding, alone "
        "it cannot. msftk says what it says alone, or with --set model.padding_frames=true what it says in a batch of "
        "which it is not the longest."
    )

    def __init__(self, options: Options) -> None:
        self.options = options

    def recognises(self, config: Mapping[str, Any], shapes: Shapes) -> bool:
        return {"pool_model.attention", "pool_model.sap_linear.weight", "ser_model.out.0.weight"} <= shapes.keys()

    def read(self, config: Mapping[str, Any], tensors: Mapping[str, Tensor], source: str) -> Imported:
        out = tensors["ser_model.out.0.weight"]
        published = named_attributes(config, out.shape[0], ORDER)
        if not published:
            raise InputError(
                f"its {out.shape[0]} outputs are not valence, arousal and dominance (id2label of config.json: "
                f"{config.get('id2label')}). Take one of {', '.join(one.id for one in self.checkpoints)}."
            )
        if not {"mean", "std"} <= config.keys():
            raise InputError("config.json lacks mean and std of the training audio, by which samples are normalised.")
        attributes, rows = in_our_order(published)
        n = n_layers(tensors, "ser_model.fc.")
        named = {
            "acoustic.mean": out.new_tensor(number(config, "mean")),
            "acoustic.sd": out.new_tensor(number(config, "std", positive=True)),
            "pooling.score.weight": tensors["pool_model.attention"].T,
            "heads.vad.last.weight": out[rows],
            "heads.vad.last.bias": tensors["ser_model.out.0.bias"][rows],
        }
        for part in ("weight", "bias"):
            named[f"pooling.hidden.{part}"] = tensors[f"pool_model.sap_linear.{part}"]
            for k in range(n):
                for place in (0, 1):  # Linear, LayerNorm
                    named[f"heads.vad.between.{k}.{place}.{part}"] = tensors[f"ser_model.fc.{k}.{place}.{part}"]
        shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        return Imported(
            sections={
                "acoustic": {
                    "name": "hf",
                    "model": source,
                    "layer": "last",
                    "normalise": "global",
                    "padding_frames": self.options.padding_frames,
                },
                "pooling": {"name": "attentive-statistics"},
                "head": {
                    "name": "joint",
                    "hidden": out.shape[1],
                    "layers": n,
                    "dropout": config.get("classifier_dropout_prob", 0.5),
                },
            },
            tensors={**wave_tensors(tensors, "ssl_model."), **named},
            attributes=attributes,
            acoustic_config=wavlm_config(shapes, "ssl_model."),
        )
