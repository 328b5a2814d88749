"""How much will be stored, told from the first that are, and refused before the disk is full."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_wavlm import save_tiny_wavlm, wavlm_settings

from msftk.errors import InputError
from msftk.preparation.extract import extract
from msftk.preparation.room import needed_bytes, told_room
from msftk.progress import Progress
from msftk.store.features import Store
from msftk.store.manifest import Manifest


def test_what_is_pooled_takes_the_same_and_frames_go_by_seconds() -> None:
    assert needed_bytes([(12.0, 8192), (3.0, 8192)], [1.0, 2.0, 5.0]) == 3 * 8192
    assert needed_bytes([(12.0, 1200), (3.0, 300)], [1.0, 2.0, 5.0]) == pytest.approx(800)
    assert needed_bytes([(10.0, 1000)], [1.0, 2.0]) == pytest.approx(300)  # one alone: by seconds


def test_a_full_disk_is_told_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told_room(tmp_path, "acoustic features", 2e6).startswith(f"acoustic features: 0.002 GB more at {tmp_path}")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 0, 20 * 10**9))
    with pytest.raises(
        InputError, match=r"features: 111 GB more at .*, where 20 GB are free\. Make room or name another"
    ):
        told_room(tmp_path, "features", 111e9)


def test_extract_says_what_frames_of_a_layer_will_take_and_stops_where_there_is_no_room(
    tmp_path: Path, tone_corpus: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    wavlm = save_tiny_wavlm(tmp_path / "wavlm")
    chosen = ("adaptation.name=last-k", "adaptation.layers=1", "adaptation.cache=true", "semantics=[]")
    settings, told = wavlm_settings(wavlm, *chosen), list[Progress]()
    extract(tone_corpus.utterances, settings, Store(tmp_path / "store"), progress=told.append)
    notes = {one.note for one in told if one.stage == "acoustic features"}
    assert len(notes) == 1
    assert "acoustic features: " in notes.pop()
    real: Any = shutil.disk_usage

    def full(place: object) -> Any:
        return real(place)._replace(free=10**9)

    monkeypatch.setattr(shutil, "disk_usage", full)
    with pytest.raises(InputError, match="Make room or name another --store"):
        extract(tone_corpus.utterances, settings, Store(tmp_path / "other"))
