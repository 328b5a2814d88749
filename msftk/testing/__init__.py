"""Does a component keep its contract? One line a kind: `check_fusion("fm-moe", hidden=32)`, or with the class itself.

Each check raises AssertionError with a sentence for the plugin's author. What a contract says stands in interfaces.py.
"""

from msftk.testing.models import (
    check_acoustic_encoder,
    check_fusion,
    check_head,
    check_intra_fusion,
    check_loss,
    check_pooling,
)
from msftk.testing.preparation import (
    check_alignment_reader,
    check_corpus,
    check_describer,
    check_emphasis,
    check_engine,
    check_f0_engine,
    check_semantic_source,
    check_text_encoder,
)

__all__ = [
    "check_acoustic_encoder",
    "check_alignment_reader",
    "check_corpus",
    "check_describer",
    "check_emphasis",
    "check_engine",
    "check_f0_engine",
    "check_fusion",
    "check_head",
    "check_intra_fusion",
    "check_loss",
    "check_pooling",
    "check_semantic_source",
    "check_text_encoder",
]
