"""Spread: how far the pitch of a word ranges, and how loud it is."""

from __future__ import annotations

from msftk.prosody.rules import FeatureRule, z
from msftk.types import Float64


@FeatureRule
def spread(
    log_f0: Float64,
    log_f0_min: Float64,
    log_energy: Float64,
    weight_range: float = 1.0,
    weight_energy: float = 1.0,
) -> Float64:
    """Pitch range of the word (highest over lowest F0, log) and log energy, as z-scores within the sentence."""
    return weight_range * z(log_f0 - log_f0_min) + weight_energy * z(log_energy)
