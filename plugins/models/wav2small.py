"""Wav2Small 2.0: 17,000 parameters, distilled from large models (arXiv 2408.13920 and its model card)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from msftk import interfaces
from msftk.errors import InputError
from msftk.interfaces.published import Checkpoint, Imported, ModelLayout, Shapes
from msftk_plugins.models.backbone import in_our_order, named_attributes

if TYPE_CHECKING:
    from torch import Tensor

ORDER = ("arousal", "dominance", "valence")
SPECTRA = "vgg7.spectrogram_extractor.conv_"
N_CONVOLUTIONS = 7


class Wav2Small(ModelLayout):
    """Log-mel bands every 2 ms, seven convolutions, attention over time, and one linear layer."""

    class Options(interfaces.Options):
        """No options."""

    checkpoints: ClassVar = (Checkpoint("wav2small", "audeering/wav2small", "CC BY-NC-SA 4.0 (research only)", ORDER),)
    corpus: ClassVar[str] = "msp-podcast"
    heard_s: ClassVar[tuple[float, float]] = (0.0, 12.0)
    pads_exactly: ClassVar[bool] = False

    def __init__(self, options: Options) -> None:
        pass

    def recognises(self, config: Mapping[str, Any], shapes: Shapes) -> bool:
        return {"vgg7.l1.conv.weight", "vgg7.sof.weight", "adv.weight"} <= shapes.keys()

    def read(self, config: Mapping[str, Any], tensors: Mapping[str, Tensor], source: str) -> Imported:
        import torch

        from msftk_plugins.acoustic.wav2small import HOP, WINDOW

        for key, samples in {"n_fft": WINDOW, "hop": HOP}.items():
            if config.get(key, samples) != samples:
                raise InputError(f"{key} of its config.json is {config[key]}, and its layout has {samples}.")
        published = named_attributes(config, tensors["adv.weight"].shape[0], ORDER)
        if not published:
            raise InputError(
                f"its outputs are not valence, arousal and dominance (id2label: {config.get('id2label')})."
            )
        attributes, rows = in_our_order(published)
        made = {
            "acoustic.fourier": torch.cat([tensors[f"{SPECTRA}real.weight"], tensors[f"{SPECTRA}imag.weight"]]),
            "acoustic.mel": tensors["vgg7.logmel_extractor.melW"],
            "heads.vad.last.weight": tensors["adv.weight"][rows],
            "heads.vad.last.bias": tensors["adv.bias"][rows],
        }
        for k in range(N_CONVOLUTIONS):
            for theirs, ours in (("conv", "0"), ("norm", "1")):
                own = f"vgg7.l{k + 1}.{theirs}."
                made |= {
                    f"acoustic.convolutions.{k}.{ours}.{name.removeprefix(own)}": tensor
                    for name, tensor in tensors.items()
                    if name.startswith(own)
                }
        for theirs, ours in (("lin", "value"), ("sof", "score")):
            for part in ("weight", "bias"):
                made[f"acoustic.{ours}.{part}"] = tensors[f"vgg7.{theirs}.{part}"]
        return Imported(
            sections={
                "acoustic": {"name": "wav2small", "channels": tensors["vgg7.lin.weight"].shape[0]},
                "head": {"name": "joint", "layers": 0, "dropout": 0.0},
            },
            tensors=made,
            attributes=attributes,
        )
