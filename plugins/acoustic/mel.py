"""What encoders that read mel features are given: features by the model's own extractor (Whisper, w2v-BERT 2.0)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from msftk.errors import InputError
from msftk.types import SAMPLE_RATE_HZ, Float32
from msftk_plugins.acoustic.padding import Length, within

FRAME = SAMPLE_RATE_HZ // 50  # samples of a frame, 20 ms: two mel rows of 10 ms


class WhisperMel:
    """Log-mel rows every 10 ms. Whisper reads 30 s whatever was said: what is short is followed by silence.

    Prepared are the rows of the recording and then three: two that its end reaches into, and one of silence, which
    stands for all that follow.
    """

    extractor: ClassVar[str] = "WhisperFeatureExtractor"
    after: ClassVar[int] = 3

    def __init__(self, extractor: Any) -> None:
        self.extract, self.rows = extractor, extractor.nb_max_frames

    def prepare(self, waveform: Float32) -> Float32:
        """[rows, mels]. Raises InputError for more than 30 s."""
        longest_s = self.rows // 100
        if len(waveform) > longest_s * SAMPLE_RATE_HZ:
            raise InputError(
                f"the recording has {len(waveform) / SAMPLE_RATE_HZ:.1f} s: this Whisper encoder hears {longest_s} s. "
                f"Cut it, or keep less with --set data.seconds_kept={longest_s}."
            )
        log_mel = self.extract(waveform, sampling_rate=SAMPLE_RATE_HZ, return_tensors="np").input_features[0].T
        n_frames = max(1, self.n_heard(len(waveform)))
        return np.pad(log_mel, ((0, self.after), (0, 0)), mode="edge")[: 2 * n_frames + self.after].astype(np.float32)

    def n_heard(self, n_samples: int) -> int:
        """Frames of a recording: those that it reaches into."""
        return -(-n_samples // FRAME)

    def n_frames(self, lengths: Length) -> Length:
        return (lengths - self.after) // 2

    def answer(self, model: Any, inputs: Tensor, lengths: Tensor, hidden_states: bool) -> Any:
        """All of Whisper's 1500 frames; the caller cuts off what comes after the longest recording."""
        place = torch.minimum(torch.arange(self.rows, device=inputs.device), lengths.unsqueeze(1) - 1)
        rows = inputs.gather(1, place.unsqueeze(-1).expand(-1, -1, inputs.shape[-1]))
        return model(rows.transpose(1, 2), output_hidden_states=hidden_states)


class WholeRowsMel(WhisperMel):
    """The same with a frame only where 10 ms of the recording lie in it, as Vox-Profile counts frames; what else its
    end reaches into stands behind."""

    after: ClassVar[int] = 5

    def n_heard(self, n_samples: int) -> int:
        return (n_samples // (FRAME // 2) + 1) // 2


class StackedMel:
    """Two mel rows of 10 ms a frame, each band normalised over the recording."""

    extractor: ClassVar[str] = "SeamlessM4TFeatureExtractor"
    shortest: ClassVar[int] = 400 + 2 * 160  # samples; of a band's single value there is no spread

    def __init__(self, extractor: Any) -> None:
        self.extract = extractor

    def prepare(self, waveform: Float32) -> Float32:
        """[frames, 2 mels]"""
        long_enough = np.pad(waveform, (0, max(0, self.shortest - len(waveform)))).astype(np.float32)
        made = self.extract(long_enough, sampling_rate=SAMPLE_RATE_HZ, return_tensors="np")
        frames: Float32 = made.input_features[0][: int(made.attention_mask.sum())].astype(np.float32)
        return frames

    def n_frames(self, lengths: Length) -> Length:
        return lengths

    def answer(self, model: Any, inputs: Tensor, lengths: Tensor, hidden_states: bool) -> Any:
        inside = within(lengths, inputs.shape[1])
        return model(inputs, attention_mask=inside.long(), output_hidden_states=hidden_states)


MEL_INPUTS: dict[str, type[WhisperMel] | type[StackedMel]] = {"whisper": WhisperMel, "wav2vec2-bert": StackedMel}
