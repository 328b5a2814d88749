"""LEMf: a weighted sum of how high, how loud and how slow a word is within its sentence."""

from __future__ import annotations

from pydantic import Field

from msftk import interfaces
from msftk.prosody.words import score_words
from msftk.types import Alignment, Float32, Float64, WordProsody


class Lemf(interfaces.EmphasisScorer):
    """Local Emphasis Modeling Framework: s = 1.0 z_pitch + 1.2 z_energy + 0.8 z_duration (paper Sec. 2.2, Eq. 2)."""

    class Options(interfaces.Options):
        weight_pitch: float = Field(1.0, allow_inf_nan=False, description="weight of the highest log-F0")
        weight_energy: float = Field(1.2, allow_inf_nan=False, description="weight of the mean frame energy")
        weight_duration: float = Field(0.8, allow_inf_nan=False, description="weight of the mean phone duration")

    def __init__(self, options: Lemf.Options) -> None:
        self.options = options

    @property
    def weights(self) -> tuple[float, float, float]:
        """The host then scores whole batches within its kernel."""
        return self.options.weight_pitch, self.options.weight_energy, self.options.weight_duration

    def scores(
        self,
        waveform: Float32,
        sample_rate_hz: int,
        alignment: Alignment,
        transcript: str | None = None,
        *,
        prosody: WordProsody,
    ) -> Float64:
        """[n_words] float64: the z-scores in `prosody`, weighted."""
        return score_words(prosody, *self.weights)
