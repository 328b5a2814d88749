"""Long recordings: all of them is heard, in windows that are told, each with the words said in it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from msftk.errors import InputError
from msftk.preparation.extract import Preparation
from msftk.preparation.material import Material
from msftk.recipes.predict import Run, load
from msftk.recipes.recordings import Recordings, collect
from msftk.recipes.windows import check_window, window_bounds, windows_of
from msftk.settings import load_settings
from msftk.store.features import Store
from msftk.store.memory import MemoryStore
from msftk.types import ATTRIBUTES, Float32, Utterance

RATE = 16_000
LENGTH_S = 27  # of a model that hears 12 s at once


@pytest.fixture(scope="module")
def run(tiny_run: Path) -> Run:
    return load(tiny_run, device="cpu")


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tone that gets higher and louder; a word a second, "w0" to "w25", stands in a TextGrid beside it."""
    folder = tmp_path_factory.mktemp("talk")
    t = np.arange(LENGTH_S * RATE) / RATE
    tone = np.sin(2 * np.pi * (100 + 3 * t) * t) * (0.05 + 0.02 * t)
    soundfile.write(folder / "talk.wav", tone.astype(np.float32), RATE)
    words = "".join(f' {k} {k + 1} "w{k}"' for k in range(26)) + ' 26 27 ""'
    phones = "".join(f' {k} {k + 1} "AH"' for k in range(26)) + ' 26 27 ""'
    tiers = f'"IntervalTier" "words" 0 27 27{words} "IntervalTier" "phones" 0 27 27{phones}'
    (folder / "talk.TextGrid").write_text(f'"ooTextFile" "TextGrid" 0 27 <exists> 2 {tiers}')
    return folder / "talk.wav"


def material(utterance: Utterance, samples: Float32 | None = None) -> Material:
    """Of a model that reads alignments and makes none."""
    return Preparation(load_settings(assignments=["aligner.name=none"]), MemoryStore()).material(utterance, samples)


def values(said: object) -> list[float]:
    return list(said.values.values())  # type: ignore[attr-defined]


def test_all_of_a_long_recording_is_heard_and_each_second_counts_once(
    run: Run, talk: Path, tone_store: Store, tmp_path: Path
) -> None:
    samples, _ = soundfile.read(talk, dtype="float32")
    bounds = [(0, 12), (12, 24), (15, 27)]
    parts = run.predict([(samples[a * RATE : b * RATE], RATE) for a, b in bounds], store=MemoryStore())
    (alone,) = run.predict((samples, RATE), store=MemoryStore())
    assert [(one.start_s, one.end_s) for one in alone.windows] == bounds
    mean = np.average([values(one) for one in parts], axis=0, weights=[12, 12, 3])
    np.testing.assert_allclose(values(alone), mean, rtol=0, atol=2e-6)
    assert abs(np.subtract(values(alone), values(parts[0]))).max() > 1e-4  # the first window is not all
    (tmp_path / "talk.wav").write_bytes(talk.read_bytes())
    (of_file,) = run.predict(tmp_path / "talk.wav", store=tone_store)
    np.testing.assert_allclose(values(of_file), values(alone), atol=1e-4)


def test_a_window_has_the_words_whose_middle_lies_in_it(run: Run, talk: Path) -> None:
    recordings = collect(talk)
    windows = windows_of(recordings, 12.0, None, material)
    said = [window.transcript or "" for window in windows.utterances]
    assert said == [" ".join(f"w{k}" for k in words) for words in (range(12), range(12, 24), range(15, 26))]
    last = windows.alignments[windows.utterances[2].id]
    np.testing.assert_allclose(last.words.start_s[:2], [0, 1])
    assert last.words.end_s[-1] <= 12
    assert last.phones.labels[:2] == ("AH", "AH")
    settings = run.ensemble.models[0].settings
    prepared = Preparation(settings, MemoryStore()).prepare(windows.utterances, alignments=windows.alignments)
    assert prepared.absent["les"] == {}
    assert prepared.warnings == {}
    assert prepared.text("gs", windows.utterances[0].id) == said[0]


def test_without_an_alignment_each_window_has_the_whole_transcript(talk: Path, tmp_path: Path) -> None:
    (tmp_path / "talk.wav").write_bytes(talk.read_bytes())
    (tmp_path / "talk.txt").write_text("all that is said")
    windows = windows_of(collect(tmp_path / "talk.wav"), 12.0, 6.0, material)
    assert [window.transcript for window in windows.utterances] == ["all that is said"] * 4
    (tmp_path / "talk.TextGrid").write_text("nothing of a TextGrid")
    windows = windows_of(collect(tmp_path / "talk.wav"), 12.0, None, material)
    assert "talk.TextGrid" in windows.warnings["talk"]
    assert windows.alignments == {}


def test_command_tells_of_windows_and_gives_them_over_time(
    msftk: Callable, tiny_run: Path, talk: Path, tone_store: Store, tmp_path: Path
) -> None:
    ended = msftk("predict", tiny_run, talk, "--json", "--store", tone_store.root)
    plain = json.loads(ended.out)
    assert plain["notes"] == [
        "1 longer than 12 s: heard in windows of 12 s, and predicted by their mean (over time: --window)"
    ]
    assert list(plain["predictions"][0]) == ["id", *ATTRIBUTES, "sources", "made_by"]
    shape = ("--window", "8", "--hop", "4", "--store", tone_store.root)
    windows = json.loads(msftk("predict", tiny_run, talk, "--json", *shape).out)["predictions"][0]["windows"]
    assert [(one["start_s"], one["end_s"]) for one in windows] == [
        (0, 8), (4, 12), (8, 16), (12, 20), (16, 24), (19, 27)
    ]  # fmt: skip
    ended = msftk("predict", tiny_run, talk, "--out", tmp_path / "t.csv", *shape)
    assert "6 windows of 1 recording on the scale 1..7" in ended.out
    rows = list(csv.DictReader((tmp_path / "t.csv").open()))
    assert list(rows[0])[:6] == ["id", "start_s", "end_s", *ATTRIBUTES]
    assert [float(row["arousal"]) for row in rows] == [one["arousal"] for one in windows]
    shown = msftk("predict", tiny_run, talk, *shape).out
    assert shown.splitlines()[-1].split()[:3] == ["talk", "19.00", "27.00"]


def test_a_window_that_cannot_be_heard_is_told_and_the_others_are_predicted(
    msftk: Callable, tiny_run: Path, talk: Path, tone_store: Store, tmp_path: Path
) -> None:
    samples, _ = soundfile.read(talk, dtype="float32")
    samples[13 * RATE] = np.nan
    soundfile.write(tmp_path / "holed.wav", samples, RATE, subtype="FLOAT")
    ended = msftk("predict", tiny_run, tmp_path / "holed.wav", "--json", "--store", tone_store.root)
    said = json.loads(ended.out)
    assert (ended.code, list(said["failures"])) == (3, ["holed [12-24 s]"])
    assert np.isfinite([said["predictions"][0][a] for a in ATTRIBUTES]).all()
    samples[[0, 26 * RATE]] = np.nan
    soundfile.write(tmp_path / "holed.wav", samples, RATE, subtype="FLOAT")
    ended = msftk("predict", tiny_run, tmp_path / "holed.wav", "--store", tone_store.root)
    assert (ended.code, ended.out) == (2, "")
    assert "holed.wav: sample 0 is nan" in ended.err


def test_what_is_missing_is_counted_by_recording(run: Run, talk: Path, tmp_path: Path) -> None:
    (tmp_path / "talk.wav").write_bytes(talk.read_bytes())
    soundfile.write(tmp_path / "short.wav", np.ones(RATE) * 0.1, RATE)
    said = run.predict(tmp_path, store=MemoryStore())
    assert said.absent["gs"] == {"no transcript": 2}
    assert [len(one.windows) for one in said] == [1, 3]


@pytest.mark.parametrize(
    ("window_s", "hop_s", "heard_s", "message"),
    [
        (None, 4.0, 12.0, "--hop 4: goes with --window"),
        (20.0, None, 12.0, "--window 20: expected more than 0 and at most 12 s"),
        (0.0, None, 12.0, "--window 0: expected more than 0 and at most 12 s"),
        (float("nan"), None, 12.0, "--window nan: expected more than 0 and at most 12 s"),
        (8.0, 9.0, 12.0, r"--hop 9: expected 0\.01 to 8 s, the window: a longer one leaves gaps"),
        (8.0, 0.0, 12.0, "--hop 0: expected"),
        (8.0, None, None, "--window 8: this model reads texts and hears no sound"),
    ],
)
def test_windows_that_make_no_sense_are_refused(
    window_s: float | None, hop_s: float | None, heard_s: float | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        check_window(window_s, hop_s, heard_s)


@pytest.mark.parametrize(
    ("length_s", "window_s", "hop_s"), [(27, 12, 12), (24.0, 12, 12), (12.01, 12, 0.5), (100, 1.1, 0.3)]
)
def test_windows_cover_a_recording_without_a_gap(length_s: float, window_s: float, hop_s: float) -> None:
    bounds = window_bounds(length_s, window_s, hop_s)
    assert bounds[0][0] == 0
    assert bounds[-1][1] == length_s
    assert all(end - start == pytest.approx(window_s) for start, end in bounds)
    assert all(0 < after[0] - before[0] <= hop_s + 1e-6 for before, after in pairwise(bounds))


def test_what_is_short_or_no_sound_stays_as_it_is(talk: Path) -> None:
    recordings = collect(talk)
    assert windows_of(recordings, 27.0, None, material).utterances == recordings.utterances
    assert windows_of(recordings, None, None, material).utterances == recordings.utterances
    assert windows_of(Recordings(), 12.0, None, material).utterances == []
