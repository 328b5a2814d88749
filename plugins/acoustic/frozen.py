"""What is trained on a frozen encoder: its pooled hidden states, standardised and weighed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from msftk.interfaces import AcousticEncoder, Pool, StoredFeatures
from msftk.types import Float32, Float64
from msftk_plugins.acoustic.moments import moments

VARIANCE_FLOOR = 1e-5  # as in attentive statistics pooling


class FrozenStates(AcousticEncoder, nn.Module):
    """[state, size] of an utterance, as stored -> one frame [size].

    States are standardised over the training utterances; of several, the sum by softmax weights, which are learned.
    `config` tells their number, their size and the model that they came from.
    """

    reads_stored: ClassVar[bool] = True
    pools: ClassVar[bool] = True
    mean: Tensor
    sd: Tensor

    def __init__(self, stored: StoredFeatures, config: str | None) -> None:
        super().__init__()
        self.stored = stored
        self.config = json.loads(config or stored.config(_of_silence(stored)))
        n_states, self.dim = self.config["shape"]
        self.register_buffer("mean", torch.zeros(n_states, self.dim))
        self.register_buffer("sd", torch.ones(n_states, self.dim))
        self.layer_logits = nn.Parameter(torch.zeros(n_states)) if n_states > 1 else None

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Float32:
        """waveform [samples] -> [state, size], as it is stored."""
        return self.stored.encode([waveform])[0]

    def fit(self, prepared: Iterable[Tensor]) -> None:
        """Mean and standard deviation over the training utterances, of each number of each state."""
        mean, sd = moments(states.flatten()[None] for states in prepared)
        self.mean.copy_(mean.view_as(self.mean))
        self.sd.copy_(sd.view_as(self.sd))

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """inputs [batch, state, size] -> frames [batch, 1, size], valid: all."""
        states = (inputs - self.mean) / self.sd
        if self.layer_logits is None:
            frames = states
        else:
            frames = torch.einsum("s,bsd->bd", torch.softmax(self.layer_logits, dim=0), states).unsqueeze(1)
        return frames, torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)

    def in_graph(self, value: str | None = None) -> FrozenFromSound:
        return FrozenFromSound(self)

    def config_json(self) -> str:
        return json.dumps(self.config, sort_keys=True)

    def identity(self) -> Mapping[str, str]:
        """The model that the stored states came from."""
        identity: Mapping[str, str] = self.config["identity"]
        return identity


class FrozenFromSound(AcousticEncoder, nn.Module):
    """The pretrained encoder, and what was trained on its pooled states: samples -> one frame, nothing stored."""

    pools: ClassVar[bool] = True

    def __init__(self, states: FrozenStates) -> None:
        super().__init__()
        stored: Any = states.stored
        self.encoder, self.pool = stored.encoder.cpu().in_graph(), pooling(stored.pool)
        self.states, self.dim = states, states.dim
        self.from_sound = self.encoder.from_sound
        self.shortest_samples, self.longest_s = self.encoder.shortest_samples, self.encoder.longest_s

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Float32:
        """As the pretrained encoder."""
        prepared: Float32 = self.encoder.prepare(waveform, f0_hz)
        return prepared

    def fit(self, prepared: Iterable[Tensor]) -> None:
        """Nothing is fitted."""

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """inputs [batch, n, ...], lengths [batch] -> frames [batch, 1, size], valid: all."""
        frames, valid = self.states(self.encoder.pooled(inputs, lengths, self.pool), lengths)
        return frames, valid


def frozen(make: Callable[[], AcousticEncoder]) -> Any:
    """The encoder for use without gradient, on a GPU where there is one; the caller's random numbers stay."""
    with torch.random.fork_rng(devices=[]):
        encoder: Any = make()
    return encoder.eval().requires_grad_(False).to("cuda" if torch.cuda.is_available() else "cpu")


def pooled_states(encoder: Any, waveforms: Sequence[Float32], pool: str) -> list[Float32]:
    """[state, size] of each waveform [samples]; the others of the batch change it by less than 1e-4."""
    with torch.inference_mode():
        states = encoder.pooled(*_batch(encoder, waveforms), pooling(pool))
    return [np.ascontiguousarray(one) for one in states.float().cpu().numpy()]


def hidden_state(encoder: Any, waveforms: Sequence[Float32], number: int) -> list[Float32]:
    """[time, dim] of each waveform [samples]: hidden state `number`, 0 being what the first layer reads."""
    with torch.inference_mode():
        frames, valid = encoder.state(*_batch(encoder, waveforms), number)
    return [one[heard].float().cpu().numpy() for one, heard in zip(frames, valid, strict=True)]


def pooling(name: str) -> Pool:
    """By its name among the options of adaptation `frozen`."""
    return statistics if name == "statistics" else mean


def mean(frames: Tensor, valid: Tensor) -> Tensor:
    """frames [batch, time, dim] -> [batch, dim], over valid frames."""
    weights = valid.unsqueeze(-1) / valid.sum(dim=1).view(-1, 1, 1)
    return (weights * frames.masked_fill(~valid.unsqueeze(-1), 0.0)).sum(dim=1)


def statistics(frames: Tensor, valid: Tensor) -> Tensor:
    """frames [batch, time, dim] -> [mean; standard deviation] [batch, 2 dim], over valid frames."""
    centre = mean(frames, valid)
    variance = mean((frames - centre.unsqueeze(1)).square(), valid)
    return torch.cat([centre, variance.clamp(min=VARIANCE_FLOOR).sqrt()], dim=-1)


def _batch(encoder: Any, waveforms: Sequence[Float32]) -> tuple[Tensor, Tensor]:
    """Inputs and lengths, where the encoder is."""
    prepared = [torch.as_tensor(encoder.prepare(waveform, None)) for waveform in waveforms]
    device = next(encoder.parameters()).device
    inputs = pad_sequence(prepared, batch_first=True).to(device)
    return inputs, torch.tensor([len(one) for one in prepared], device=device)


def _of_silence(stored: StoredFeatures) -> Float32:
    return stored.encode([np.zeros(16_000, np.float32)])[0]
