"""What encoders that read mel features are given: features by the model's own extractor (Whisper, w2v-BERT 2.0)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from msftk.errors import InputError
from msftk.types import SAMPLE_RATE_HZ, Float32
from msftk_plugins.acoustic.padding import Length, within
from msftk_plugins.acoustic.slaney import mel_filters
from msftk_plugins.acoustic.whisper_model import WhisperEncoder

WINDOW, HOP = 400, 160  # samples of Whisper's mel rows
FRAME = SAMPLE_RATE_HZ // 50  # samples of a frame, 20 ms: two mel rows of 10 ms


class LogMel:
    """Whisper's log-mel rows of a recording and the silence behind it, as its extractor of transformers computes them;
    the silence that nobody reads is not computed.

    Raises InputError for settings of another kind.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        known = {"n_fft": WINDOW, "hop_length": HOP, "sampling_rate": SAMPLE_RATE_HZ, "dither": 0}
        if odd := [name for name, value in known.items() if settings.get(name, value) != value]:
            raise InputError(
                f"acoustic.model: preprocessor_config.json has {odd[0]} {settings[odd[0]]}, expected {known[odd[0]]}, "
                "as every Whisper has. Take the file that the model was published with."
            )
        self.rows = int(settings.get("chunk_length", 30)) * SAMPLE_RATE_HZ // HOP
        self.filters = torch.from_numpy(mel_filters(WINDOW, int(settings.get("feature_size", 80)))).float()

    def __call__(self, waveform: Float32, n_rows: int) -> Float32:
        """waveform [samples] -> its first `n_rows` [rows, mels]; they reach over its end."""
        n = min(self.rows, n_rows + 2) * HOP  # at the end of what Whisper reads its sound is mirrored
        samples = torch.from_numpy(np.pad(waveform, (0, max(0, n - len(waveform))))).float()
        spectrum = torch.stft(samples, WINDOW, HOP, window=torch.hann_window(WINDOW), return_complex=True)
        power = torch.view_as_real(spectrum[:, :-1]).square().sum(-1)
        rows: Float32 = whisper_log(self.filters.T @ power)[:, :n_rows].T.numpy()
        return rows


def whisper_log(mel_power: Tensor) -> Tensor:
    """Power in mel bands [..., rows, mels], or with both exchanged -> as Whisper reads it, from 80 dB below the top."""
    log_mel = mel_power.clamp(min=1e-10).log10()
    return (torch.maximum(log_mel, log_mel.amax((-2, -1), keepdim=True) - 8.0) + 4.0) / 4.0


class WhisperMel:
    """Log-mel rows every 10 ms. Whisper reads 30 s whatever was said: what is short is followed by silence.

    Prepared are the rows of the recording and then three: two that its end reaches into, and one of silence, which
    stands for all that follow.
    """

    extractor: ClassVar[str] = "WhisperFeatureExtractor"
    after: ClassVar[int] = 3

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings, self.log_mel = settings, LogMel(settings)
        self.rows = self.log_mel.rows
        self.longest_s = self.rows // 100

    def prepare(self, waveform: Float32) -> Float32:
        """[rows, mels]. Raises InputError for more than 30 s."""
        if len(waveform) > self.longest_s * SAMPLE_RATE_HZ:
            raise InputError(
                f"the recording has {len(waveform) / SAMPLE_RATE_HZ:.1f} s: this Whisper encoder hears "
                f"{self.longest_s} s. Cut it, or keep less with --set data.seconds_kept={self.longest_s}."
            )
        n_rows = 2 * max(1, self.n_heard(len(waveform))) + self.after
        log_mel = self.log_mel(waveform, min(n_rows, self.rows))
        return np.pad(log_mel, ((0, n_rows - len(log_mel)), (0, 0)), mode="edge")

    def n_heard(self, n_samples: Length) -> Length:
        """Frames of a recording: those that it reaches into."""
        return (n_samples + FRAME - 1) // FRAME

    def n_frames(self, lengths: Length) -> Length:
        return (lengths - self.after) // 2

    def states(self, model: WhisperEncoder, inputs: Tensor, lengths: Tensor, hidden_states: bool) -> list[Tensor]:
        """All states of all of Whisper's frames; or the last one of those that the longest recording reaches into."""
        place = torch.minimum(torch.arange(self.rows, device=inputs.device), lengths.unsqueeze(1) - 1)
        rows = inputs.gather(1, place.unsqueeze(-1).expand(-1, -1, inputs.shape[-1]))
        mel = rows.transpose(1, 2)
        if hidden_states:
            states: list[Tensor] = model.states(mel)
            return states
        n = self.rows // 2 if torch.compiler.is_compiling() else int(self.n_frames(lengths.max()))
        last: Tensor = model.last(mel, n)
        return [last]


class WholeRowsMel(WhisperMel):
    """The same with a frame only where 10 ms of the recording lie in it, as Vox-Profile counts frames; what else its
    end reaches into stands behind."""

    after: ClassVar[int] = 5

    def n_heard(self, n_samples: Length) -> Length:
        return (n_samples // (FRAME // 2) + 1) // 2


class StackedMel:
    """Two mel rows of 10 ms a frame, each band normalised over the recording."""

    extractor: ClassVar[str] = "SeamlessM4TFeatureExtractor"
    shortest: ClassVar[int] = 400 + 2 * 160  # samples; of a band's single value there is no spread

    def __init__(self, settings: Mapping[str, Any]) -> None:
        from transformers import SeamlessM4TFeatureExtractor

        self.settings, self.extract = settings, SeamlessM4TFeatureExtractor(**settings)

    def prepare(self, waveform: Float32) -> Float32:
        """[frames, 2 mels]"""
        long_enough = np.pad(waveform, (0, max(0, self.shortest - len(waveform)))).astype(np.float32)
        made = self.extract(long_enough, sampling_rate=SAMPLE_RATE_HZ, return_tensors="np")
        frames: Float32 = made.input_features[0][: int(made.attention_mask.sum())].astype(np.float32)
        return frames

    def n_frames(self, lengths: Length) -> Length:
        return lengths

    def states(self, model: Any, inputs: Tensor, lengths: Tensor, hidden_states: bool) -> Sequence[Tensor]:
        inside = within(lengths, inputs.shape[1])
        answer = model(inputs, attention_mask=inside.long(), output_hidden_states=hidden_states)
        return answer.hidden_states if hidden_states else [answer.last_hidden_state]


MEL_INPUTS: dict[str, type[WhisperMel] | type[StackedMel]] = {"whisper": WhisperMel, "wav2vec2-bert": StackedMel}
