"""Contract check of adaptations, on a small encoder of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from msftk.interfaces import EncoderPlan, Options, PretrainedEncoder
from msftk.testing.modules import close_to, has_shape, learns_and_saves, module_of
from msftk.testing.shared import Named, factory, require


def check_adaptation(plugin: Named, /, **options: object) -> None:
    """What learns has a gradient, what is stored is what the encoder makes itself, and saved weights give the same."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    adaptation = factory("adaptation", plugin, options)()
    kind = small_encoder()
    plan = EncoderPlan(kind, kind.Options(), lambda **config: kind(kind.Options(), **config))
    encoder = module_of(lambda: adaptation.encoder(plan, None))
    waveforms = [np.random.default_rng(n).normal(0, 0.1, n).astype(np.float32) for n in (4000, 2500)]
    prepared = [torch.as_tensor(encoder.prepare(waveform, None)) for waveform in waveforms]
    require(
        (adaptation.stored(plan) is not None) == encoder.reads_stored,
        "stored() gives something that its encoder does not read, or the other way round: set reads_stored",
    )
    if encoder.reads_stored:
        made = adaptation.stored(plan).encode(waveforms)
        for one, other in zip(made, prepared, strict=True):
            close_to("stored() makes other features than the encoder's prepare()", torch.as_tensor(one), other)
    encoder.fit(iter(prepared))
    inputs, lengths = pad_sequence(prepared, batch_first=True), torch.tensor([len(one) for one in prepared])
    frames, valid = encoder(inputs, lengths)
    has_shape("frames", frames, (2, valid.shape[1], encoder.dim))
    config = encoder.config_json()
    learns_and_saves(encoder, lambda: adaptation.encoder(plan, config), lambda e: [e(inputs, lengths)[0]])


def small_encoder() -> Any:
    """An encoder of four layers: frames of 400 samples, dim 6."""
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.intermediate_dense, self.output_dense = nn.Linear(6, 8), nn.Linear(8, 6)

        def forward(self, hidden: Any) -> Any:
            return hidden + self.output_dense(torch.relu(self.intermediate_dense(hidden)))

    class SmallEncoder(PretrainedEncoder, nn.Module):
        """Frames of 400 samples through four blocks."""

        Options = type("Options", (Options,), {})
        dim = 6

        def __init__(self, options: Any, config: str | None = None) -> None:
            super().__init__()
            with torch.random.fork_rng():
                torch.manual_seed(0)  # as of one file: the same at every reading
                self.first = nn.Linear(400, 6).requires_grad_(False)
                self.layers = nn.ModuleList([Block() for _ in range(4)])

        @property
        def blocks(self) -> Any:
            return self.layers

        @classmethod
        def source(cls, options: Any) -> Mapping[str, str]:
            return {"model": "sha256:small", "revision": ""}

        @classmethod
        def unstorable(cls, options: Any) -> str:
            return ""

        def prepare(self, waveform: Any, f0_hz: Any) -> Any:
            return torch.from_numpy(waveform[: len(waveform) // 400 * 400].reshape(-1, 400).copy())

        def fit(self, prepared: Iterable[Any]) -> None:
            """Nothing to fit."""

        def forward(self, inputs: Any, lengths: Any) -> tuple[Any, Any]:
            hidden = self.first(inputs)
            for block in self.layers:
                hidden = block(hidden)
            return hidden, torch.arange(inputs.shape[1]) < lengths.unsqueeze(1)

        def pooled(self, inputs: Any, lengths: Any, pool: Any) -> Any:
            return pool(*self(inputs, lengths)).unsqueeze(1)

        def pretrained_parameters(self) -> Iterable[Any]:
            return [parameter for parameter in self.layers.parameters() if parameter.requires_grad]

        def config_json(self) -> str:
            return "small"

    return SmallEncoder
