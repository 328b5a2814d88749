"""Sound in memory, addresses and pipes: what is handed in is heard as the same file is, or answered in words."""

from __future__ import annotations

import io
import json
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tones import write_utterance

from msftk.cli import predict as command
from msftk.errors import InputError
from msftk.recipes.predict import Run, load
from msftk.recipes.recordings import collect
from msftk.store.features import Store
from msftk.store.memory import MemoryStore
from msftk.types import Utterance


@pytest.fixture(scope="module")
def run(tiny_run: Path) -> Run:
    return load(tiny_run, device="cpu")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A recording with nothing beside it."""
    write_utterance(tmp_path, "one")
    (tmp_path / "one.TextGrid").unlink()
    return tmp_path / "one.wav"


def test_sound_in_memory_is_scored_as_its_file_is(run: Run, recording: Path, tone_store: Store) -> None:
    (expected,) = run.predict(recording, store=tone_store.root)
    samples, rate_hz = soundfile.read(recording, dtype="float32")
    whole, _ = soundfile.read(recording, dtype="int16")
    raw = recording.read_bytes()
    both = np.stack([samples, samples], axis=1)
    given = [(samples, rate_hz), (whole, rate_hz), (both, rate_hz), raw, io.BytesIO(raw)]
    said = run.predict(given, store=MemoryStore())
    assert [one.id for one in said] == [f"recording {place}" for place in range(1, 6)]
    for one in said:
        np.testing.assert_allclose(list(one.values.values()), list(expected.values.values()), atol=1e-4)


def test_a_pair_alone_is_one_recording_and_other_rates_are_resampled(run: Run, recording: Path) -> None:
    samples, _ = soundfile.read(recording, dtype="float32")
    assert len(run.predict((samples, 16_000), store=MemoryStore())) == 1
    assert len(collect((np.repeat(samples, 2), 32_000)).samples["recording 1"]) == len(samples)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros(1600, np.float32), "recording 1: samples without their rate. Give a path"),
        ((np.zeros(1600, np.float32), 1), "recording 1: a sample rate of 1 Hz, expected"),
        ((np.full(1600, np.nan, np.float32), 16_000), "recording 1: "),
        (b"not audio", "recording 1: "),
        ([3], "recording 1: of type int. Give a path"),
        (None, "recording 1: of type NoneType. Give a path"),
        (
            (np.zeros((2, 1600), np.float32), 16_000),
            "recording 1: samples [n, channels] of shape [2, 1600]: 1600 channels",
        ),
        (
            (np.zeros(1600, np.int64), 16_000),
            "recording 1: samples of type int64. Give float32 within -1 to 1, or int16.",
        ),
        ((np.zeros(1600, np.complex64), 16_000), "recording 1: samples of type complex64. Give float32"),
        ((np.zeros(1600, object), 16_000), "recording 1: samples of type object. Give float32"),
        ((np.zeros(1600, np.float32), "16000"), "recording 1: a sample rate of type str. Give (samples, rate in Hz)."),
        (io.StringIO("text"), "recording 1: a file that gives str, not bytes. Open it with mode 'rb'."),
        ("n" * 300, "n" * 300 + ": cannot be read (File name too long)."),
    ],
)
def test_what_cannot_be_heard_is_named(given: object, message: str) -> None:
    with pytest.raises(InputError) as error:
        collect(given)  # type: ignore[arg-type]
    assert str(error.value).startswith(message)
    assert "/tmp" not in str(error.value)


def test_a_closed_file_is_named() -> None:
    closed = io.BytesIO(b"sound")
    closed.close()
    with pytest.raises(
        InputError, match=r"recording 1: cannot be read \(I/O operation on closed file\.\)\. Open it anew"
    ):
        collect(closed)


def test_only_the_last_two_stores_are_kept_prepared(run: Run, recording: Path) -> None:
    stores = [MemoryStore() for _ in range(3)]
    for store in stores:
        run.predict(recording, store=store)
    assert run.preparations(stores[2], {}, None) is run.preparations(stores[2], {}, None)
    forgotten = weakref.ref(stores.pop(0))
    assert forgotten() is None


def test_where_no_home_can_be_written_the_memory_is_the_store_unless_one_was_named(
    msftk: Callable, tiny_run: Path, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "MSFTK_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/proc")
    ended = msftk("predict", tiny_run, recording, "--json")
    assert (ended.code, json.loads(ended.out)["failures"]) == (0, {})
    monkeypatch.setenv("MSFTK_STORE", "/proc/store")
    ended = msftk("predict", tiny_run, recording)
    assert ended.code == 2
    assert "/proc/store: cannot be used as a feature store" in ended.err


def test_an_address_is_answered(msftk: Callable, tiny_run: Path) -> None:
    ended = msftk("predict", tiny_run, "https://example.org/a.wav")
    assert ended.code == 2
    assert "an address, not a file. Download it first" in ended.err


def test_a_dash_reads_standard_input(
    msftk: Callable, tiny_run: Path, recording: Path, tone_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Piped:
        buffer = io.BytesIO(recording.read_bytes())

    monkeypatch.setattr(command.sys, "stdin", Piped)
    ended = msftk("predict", tiny_run, "-", "--store", tone_store.root)
    assert ended.code == 0, ended.err
    assert "recording 1" in ended.out
    ended = msftk("predict", tiny_run, "-", "--store", tone_store.root)  # nothing is left in the pipe
    assert (ended.code, "standard input is empty" in ended.err) == (2, True)


def test_the_result_is_a_sequence_and_a_frame(run: Run, recording: Path) -> None:
    samples, rate_hz = soundfile.read(recording, dtype="float32")
    said = run.predict([(samples, rate_hz), (samples * 0.5, rate_hz)], store=MemoryStore())
    assert said[0].id == "recording 1"
    assert said[-1] == said[1:][0] == list(said)[1]
    for package in ("pandas", "polars"):
        frame = {"pandas": said.to_pandas, "polars": said.to_polars}[package]
        try:
            __import__(package)
        except ImportError:
            with pytest.raises(InputError, match=f"pip install {package}"):
                frame()
        else:
            assert list(frame()["id"]) == ["recording 1", "recording 2"]


def test_recordings_longer_than_what_is_heard_at_once_are_counted(run: Run) -> None:
    long = np.random.default_rng(0).normal(0, 0.1, 13 * 16_000).astype(np.float32)
    said = run.predict([(long, 16_000), (long[:16_000], 16_000)], store=MemoryStore())
    assert (
        said.notes[0]
        == "1 longer than 12 s: heard in windows of 12 s, and predicted by their mean (over time: --window)"
    )


def test_tiers_and_alignment_options_are_given_to_predict(
    msftk: Callable, tiny_run: Path, tmp_path: Path, tone_store: Store
) -> None:
    write_utterance(tmp_path, "one")
    grid = tmp_path / "one.TextGrid"
    grid.write_text(grid.read_text().replace('"phones"', '"segments"'))
    plain = msftk("predict", tiny_run, tmp_path / "one.wav", "--store", tone_store.root)
    assert "--phone-tier" in plain.err
    for flags in (("--phone-tier", "segments"), ("--set", "alignment.phone_tier=segments")):
        ended = msftk("predict", tiny_run, tmp_path / "one.wav", "--store", tone_store.root, *flags)
        assert ended.code == 0, ended.err
        assert "without les" not in ended.err
    ended = msftk("predict", tiny_run, tmp_path / "one.wav", "--set", "fusion.hidden=3")
    assert (ended.code, "only those of alignment, transcriber, aligner, describer may be set" in ended.err) == (2, True)


def test_a_table_that_cannot_be_written_is_refused_before_the_work(msftk: Callable, tiny_run: Path) -> None:
    ended = msftk("predict", tiny_run, "no-such.wav", "--out", "/dev/null/x.csv")
    assert ended.code == 2
    assert "/dev/null/x.csv: cannot be written" in ended.err


def test_utterances_keep_the_ids_of_their_caller(run: Run, recording: Path, tone_store: Store) -> None:
    said = run.predict([Utterance("mine", recording)], store=tone_store)
    assert [one.id for one in said] == ["mine"]


def test_an_empty_name_is_no_folder(msftk: Callable, tiny_run: Path) -> None:
    ended = msftk("predict", tiny_run, "")
    assert (ended.code, "an empty name" in ended.err) == (2, True)
