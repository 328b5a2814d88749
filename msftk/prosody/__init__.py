"""LEMf: F0, word prosody, emphasis."""

from msftk.prosody.f0 import harvest
from msftk.prosody.ragged import LemfBatch, RaggedWords, lemf_batch
from msftk.prosody.stress import emphasis, emphasis_batch, emphasis_json
from msftk.prosody.words import score_words, word_prosody, word_prosody_batch

__all__ = [
    "LemfBatch",
    "RaggedWords",
    "emphasis",
    "emphasis_batch",
    "emphasis_json",
    "harvest",
    "lemf_batch",
    "score_words",
    "word_prosody",
    "word_prosody_batch",
]
