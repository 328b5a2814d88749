"""What earlier runs found of acoustic inputs: nothing is read twice that did not change, nothing stale is believed."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import soundfile
import torch
from small_corpus import tiny_settings
from tones import voice

from msftk.files import sha256_file
from msftk.preparation.extract import extract
from msftk.progress import Progress
from msftk.registry import registry
from msftk.runs.inputs import Inputs
from msftk.runs.known import KnownInputs, bytes_per_s
from msftk.settings import Settings
from msftk.store.features import Store
from msftk.types import AudioStamp, Utterance

SETTINGS, STORED = (tiny_settings(f"data.waveforms={choice}", semantics=()) for choice in ("decoded", "stored"))


class Run(NamedTuple):
    """What one run found: lengths, failures, which utterances it prepared, the fitted mean, a full disk."""

    lengths: dict[str, int]
    failures: dict[str, str]
    prepared: list[int]
    mean: torch.Tensor
    full_disk: str | None


@pytest.fixture
def corpus(tmp_path: Path) -> list[Utterance]:
    return [recorded(tmp_path / f"{place}.wav", 0.2 + 0.05 * place) for place in range(5)]


def recorded(path: Path, seconds: float) -> Utterance:
    soundfile.write(path, voice(150, seconds), 16_000)
    return Utterance(path.stem, path, audio_sha256=sha256_file(path), audio_stamp=AudioStamp.of(path))


def run(
    utterances: Sequence[Utterance],
    store: Store,
    settings: Settings = SETTINGS,
    *,
    stop_after: int | None = None,
) -> Run:
    """A run of its own, in which no input is kept in memory."""
    encoder = settings.create("acoustic")
    samples: list[int] = []
    prepare = encoder.prepare
    encoder.prepare = lambda waveform, f0_hz: samples.append(len(waveform)) or prepare(waveform, f0_hz)
    prepared = extract(utterances, settings, store, with_f0=True)
    inputs = Inputs(prepared, 12.0, 0, KnownInputs(store, settings, prepared))

    def progress(progress: Progress) -> None:
        if progress.done == stop_after:
            raise KeyboardInterrupt

    failures = inputs.read_all(utterances, encoder, progress)
    inputs.fit(encoder, [one for one in utterances if one.id not in failures])
    ids = [one.id for one in utterances]
    lengths = dict(zip(ids, inputs.lengths(ids).tolist(), strict=True))
    return Run(lengths, failures, samples, encoder.mean, inputs.full_disk)


def test_a_second_run_reads_nothing_and_knows_the_same(corpus: list[Utterance], tmp_path: Path) -> None:
    first, second = (run(corpus, Store(tmp_path / "store")) for _ in range(2))
    assert len(first.prepared) == 2 * len(corpus)  # the lengths, then the statistics
    assert second.prepared == []
    assert second.lengths == first.lengths
    assert len(set(first.lengths.values())) == len(corpus)
    assert torch.equal(second.mean, first.mean)
    assert first.mean.any()


def test_what_is_new_is_read_and_the_statistics_follow(corpus: list[Utterance], tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first, second = run(corpus[:4], store), run(corpus, store)
    assert second.prepared[0] == round(0.4 * 16_000)
    assert len(second.prepared) == 1 + len(corpus)
    assert not torch.equal(second.mean, first.mean)
    assert torch.equal(second.mean, run(corpus, Store(tmp_path / "other")).mean)
    assert run(corpus[:4], store).prepared == []


def test_an_edited_file_is_read_again(corpus: list[Utterance], tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run(corpus, store)
    recorded(tmp_path / "2.wav", 0.7)
    again = run(corpus, store)
    assert again.prepared[0] == round(0.7 * 16_000)
    assert again.lengths["2"] > max(length for one, length in again.lengths.items() if one != "2")


def test_a_file_that_is_gone_fails_however_often_it_was_read(corpus: list[Utterance], tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run(corpus, store)
    (tmp_path / "3.wav").unlink()
    found = run(corpus, store)
    assert list(found.failures) == ["3"]
    assert "3.wav: no such file" in found.failures["3"]
    assert found.lengths["3"] == 0


@pytest.mark.parametrize("option", ["acoustic.bands=20", "acoustic.trim_db=1000", "f0.floor_hz=90"])
def test_other_options_are_other_inputs(corpus: list[Utterance], tmp_path: Path, option: str) -> None:
    store = Store(tmp_path / "store")
    run(corpus, store)
    assert len(run(corpus, store, tiny_settings(option, "data.waveforms=decoded", semantics=())).prepared) == 2 * len(
        corpus
    )


def test_an_interrupted_check_keeps_what_it_read(corpus: list[Utterance], tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with pytest.raises(KeyboardInterrupt):
        run(corpus, store, stop_after=3)
    assert len(run(corpus, store).prepared) == 2 + len(corpus)


def test_what_is_known_but_not_stored_is_decoded_once_more(corpus: list[Utterance], tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first = run(corpus, store)
    second = run(corpus, store, STORED)
    assert len(second.prepared) == len(corpus)
    third = run(corpus, store, STORED)
    assert third.prepared == []
    assert third.lengths == first.lengths


def test_damage_is_found_out_anew(corpus: list[Utterance], tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first = run(corpus, store)
    for index in store.root.glob("*/index.jsonl"):
        index.unlink()
    again = run(corpus, store)
    assert again.lengths == first.lengths
    assert torch.equal(again.mean, first.mean)


def test_a_full_disk_ends_nothing(corpus: list[Utterance], tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    extract(corpus, SETTINGS, store, with_f0=True)
    run(corpus[:1], store, STORED)
    expected = run(corpus, Store(tmp_path / "roomy"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))  # no file may become larger
    try:
        found = run(corpus, store, STORED)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert found.lengths == expected.lengths
    assert torch.equal(found.mean, expected.mean)
    assert found.full_disk is not None
    assert len(run(corpus, store).prepared) == 4 + len(corpus)


@pytest.mark.parametrize(("name", "least", "most"), [("logmel", 20_000, 40_000), ("functionals", 1, 200)])
def test_what_memory_must_hold_is_what_an_encoder_makes_of_a_second(name: str, least: int, most: int) -> None:
    encoder = registry().create("acoustic-encoder", name, {})
    assert least < bytes_per_s(encoder) < most
