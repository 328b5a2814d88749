from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def test_an_encoder_that_is_not_pretrained_is_refused(msftk: Callable, tiny_run: Path, tmp_path: Path) -> None:
    ended = msftk("merge", tiny_run, "--out", tmp_path / "merged")
    assert ended.code == 2
    assert "holds no pretrained model that learned" in ended.err
    assert not (tmp_path / "merged").exists()
