from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def test_a_run_that_is_not_there_is_told(msftk: Callable, tmp_path: Path) -> None:
    ended = msftk("export", tmp_path / "run", "--onnx", tmp_path / "model.onnx")
    assert ended.code == 2
    assert str(tmp_path / "run") in ended.err
    assert not (tmp_path / "model.onnx").exists()
