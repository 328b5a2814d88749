"""The aligner that aligns nothing."""

from __future__ import annotations

from msftk.testing import check_aligner


def test_it_keeps_the_contract_of_aligners() -> None:
    check_aligner("none")
