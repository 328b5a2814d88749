"""A pretrained encoder of which a part learns: a checkpoint keeps that part, the rest is read again from its source."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from msftk.interfaces import AcousticEncoder, EncoderPlan, check_same_model
from msftk.types import Float32, Float64


class AdaptedEncoder(AcousticEncoder, nn.Module):
    """The encoder of `plan`, loaded from its source, to which a subclass does the rest.

    `config`: what `config_json()` of a trained one said. InputError where the source has become another model.
    """

    def __init__(self, plan: EncoderPlan, config: str | None) -> None:
        super().__init__()
        self.encoder: Any = plan.make()
        self.encoder.keep_layers()
        self.dim: int = self.encoder.dim
        self.source = dict(self.encoder.identity())
        self.trained: dict[str, Any] = {} if config is None else json.loads(config)
        if self.trained:
            check_same_model(self.source, self.trained["identity"])

    def learn_only(self, parameters: Iterable[nn.Parameter]) -> None:
        """These parameters and the weights of the layers, where they are weighted; nothing else of the encoder."""
        chosen = {id(parameter) for parameter in parameters if parameter.requires_grad}
        chosen |= {id(own) for name, own in self.encoder.named_parameters(recurse=False) if own.requires_grad}
        for parameter in self.encoder.parameters():
            parameter.requires_grad_(id(parameter) in chosen)

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Float32 | Tensor:
        prepared: Float32 | Tensor = self.encoder.prepare(waveform, f0_hz)
        return prepared

    def fit(self, prepared: Iterable[Tensor]) -> None:
        self.encoder.fit(prepared)

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """inputs [batch, n, ...], lengths [batch] -> frames [batch, time, dim], valid [batch, time]."""
        frames, valid = self.encoder(inputs, lengths)
        return frames, valid

    def in_graph(self, value: str | None = None) -> Any:
        return self.encoder.in_graph(value)

    def write_model(self, folder: Path, value: str | None = None) -> None:
        self.encoder.write_model(folder, value)

    def identity(self) -> Mapping[str, str]:
        """The pretrained model."""
        return self.source

    def config_json(self) -> str:
        return json.dumps({"identity": self.source}, sort_keys=True)

    def own_state(self) -> Mapping[str, Tensor]:
        """What learns, and what was fitted on the training part."""
        kept = {name for name, parameter in self.named_parameters() if parameter.requires_grad}
        kept |= {f"encoder.{name}" for name, _ in self.encoder.named_buffers(recurse=False)}
        return {name: value for name, value in self.state_dict().items() if name in kept}

    def load_own_state(self, state: Mapping[str, Tensor]) -> None:
        own = set(self.own_state())
        for what, names in (("Missing", own - set(state)), ("Unexpected", set(state) - own)):
            if names:
                raise RuntimeError(f"Error(s) in loading:\n\t{what} key(s) in state_dict: {', '.join(sorted(names))}.")
        self.load_state_dict(dict(state), strict=False)
