"""Preparation end to end: what is made, what is absent and why, and that nothing is made twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from msftk.errors import InputError, MsftkError
from msftk.files import sha256_file
from msftk.preparation import vectors
from msftk.preparation.extract import extract
from msftk.preparation.prepared import Prepared
from msftk.progress import Progress
from msftk.settings import Settings, load_settings
from msftk.store.features import Store
from msftk.store.shelf import Shelf
from msftk.types import SAMPLE_RATE_HZ, Description, Utterance
from msftk_plugins.describers.measured import Measured
from msftk_plugins.f0 import harvest as f0_engine
from msftk_plugins.text.hashing import Hashing

HASHING = ("text.name=hashing", "text.dim=32", "aligner.name=none")


def settings(*assignments: str, semantics: str = "gs,les,es") -> Settings:
    return load_settings("tiny", assignments=[*HASHING, *assignments], flags={"semantics": tuple(semantics.split(","))})


def write_audio(path: Path, pitch_hz: float, seconds: float = 0.9) -> Path:
    time_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    sound = sum(np.sin(2 * np.pi * k * pitch_hz * time_s) / k for k in range(1, 6))
    sound *= np.where((time_s > 0.3) & (time_s < 0.6), 0.3, 0.1)  # the second of three words is the loud one
    soundfile.write(path, sound, SAMPLE_RATE_HZ)
    return path


def write_alignments(folder: Path, ids: Iterable[str]) -> Path:
    words, phones = ["id,start,end,word"], ["id,start,end,phone"]
    for name in ids:
        for number, word in enumerate(("please", "stop", name)):
            words.append(f"{name},{number * 0.3:.1f},{(number + 1) * 0.3:.1f},{word}")
            phones.append(f"{name},{number * 0.3:.1f},{(number + 1) * 0.3:.1f},AH")
    (folder / "phones.csv").write_text("\n".join(phones))
    (folder / "words.csv").write_text("\n".join(words))
    return folder / "words.csv"


@pytest.fixture
def utterances(tmp_path: Path) -> list[Utterance]:
    names = ("one", "two", "three")
    alignment = write_alignments(tmp_path, names)
    audios = [write_audio(tmp_path / f"{name}.wav", 110 + 60 * number) for number, name in enumerate(names)]
    return [
        Utterance(name, audio, transcript=f"Please stop {name}.", alignment=alignment, audio_sha256=sha256_file(audio))
        for name, audio in zip(names, audios, strict=True)
    ]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


class Counted:
    """How often the dear parts ran."""

    def __init__(self) -> None:
        self.harvests = 0
        self.texts: list[str] = []


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted = Counted()
    harvest, encode = f0_engine.harvest, Hashing.encode

    def count_harvest(*arguments: Any) -> Any:
        counted.harvests += 1
        return harvest(*arguments)

    def count_encode(self: Hashing, texts: list[str]) -> Any:
        counted.texts += texts
        return encode(self, texts)

    monkeypatch.setattr(f0_engine, "harvest", count_harvest)
    monkeypatch.setattr(Hashing, "encode", count_encode)
    return counted


def contents(prepared: Prepared, ids: Iterable[str]) -> list[Any]:
    return [
        (source, name, prepared.text(source, name), getattr(prepared.vector(source, name), "tobytes", bytes)())
        for source in prepared.dims
        for name in ids
    ]


def test_every_source_has_text_and_vector_of_every_utterance(utterances: list[Utterance], store: Store) -> None:
    prepared = extract(utterances, settings(), store, with_f0=True)
    assert prepared.text("gs", "one") == "Please stop one."
    assert prepared.text("les", "one") == "please stop one"
    assert prepared.text("es", "one").startswith("The speech is characterized by low pitch")
    assert prepared.dims == {"gs": 32, "les": 32, "es": 32}
    assert prepared.groups == {"gs": "transcript", "les": "transcript", "es": "extended"}
    assert prepared.present == {"gs": 3, "les": 3, "es": 3}
    assert prepared.absent == {"gs": {}, "les": {}, "es": {}}
    assert prepared.vector("les", "two").dtype == np.float32
    assert prepared.f0_hz("one").dtype == np.float64
    assert len(prepared.f0_hz("one")) == 181  # the whole utterance, 0.9 s by 5 ms and the first point
    assert np.median(prepared.f0_hz("one")) == pytest.approx(110, rel=0.01)
    assert prepared.producers.keys() == {"f0", "emphasis", "description", "text vectors", "gs", "les", "es"}


def test_f0_is_computed_once_an_utterance_for_emphasis_description_and_training(
    utterances: list[Utterance], store: Store, counted: Counted
) -> None:
    extract(utterances, settings(), store, with_f0=True)
    assert counted.harvests == 3


def test_the_second_run_computes_nothing_and_says_the_same(
    utterances: list[Utterance], store: Store, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [utterance.id for utterance in utterances]
    first = extract(utterances, settings(), store, with_f0=True)
    counted.harvests, counted.texts = 0, []
    monkeypatch.setattr(Shelf, "put", None)
    second = extract(utterances, settings(), Store(store.root), with_f0=True)
    assert (counted.harvests, counted.texts) == (0, [])
    assert contents(second, ids) == contents(first, ids)
    np.testing.assert_array_equal(second.f0_hz("two"), first.f0_hz("two"))


def test_the_second_run_opens_no_audio_and_loads_no_model(utterances: list[Utterance], store: Store) -> None:
    chosen = settings()
    extract(utterances, chosen, store, with_f0=True)
    script = """
import json, sys
from pathlib import Path
from msftk.preparation.extract import extract
from msftk.settings import Settings, Component
from msftk.store.features import Store
from msftk.types import Utterance
rows = json.loads(sys.argv[2])
utterances = [Utterance(**{**row, "audio": Path("/gone.wav"), "alignment": Path(row["alignment"])}) for row in rows]
chosen = Settings(acoustic=Component(name="logmel"), describer=Component(name="measured"),
                  text=Component.model_validate({"name": "hashing", "dim": 32}))
prepared = extract(utterances, chosen, Store(Path(sys.argv[1])), with_f0=True)
assert prepared.present == {"gs": 3, "les": 3, "es": 3}, prepared
print([name for name in ("torch", "transformers", "pyworld") if name in sys.modules])
"""
    rows = [
        {"id": u.id, "transcript": u.transcript, "alignment": str(u.alignment), "audio_sha256": u.audio_sha256}
        for u in utterances
    ]
    ran = subprocess.run(
        [sys.executable, "-c", script, str(store.root), json.dumps(rows)], capture_output=True, text=True, check=False
    )
    assert ran.stderr == ""
    assert ran.stdout.strip() == "[]"


def test_results_do_not_depend_on_order_or_number_of_threads(utterances: list[Utterance], tmp_path: Path) -> None:
    ids = [utterance.id for utterance in utterances]
    one = extract(utterances, settings(), Store(tmp_path / "a"), workers=1)
    four = extract(utterances[::-1], settings(), Store(tmp_path / "b"), workers=4)
    assert contents(one, ids) == contents(four, ids)


def test_equal_texts_are_encoded_once(utterances: list[Utterance], store: Store, counted: Counted) -> None:
    same = [replace(utterance, transcript="Please stop.") for utterance in utterances]
    prepared = extract(same, settings(semantics="gs"), store)
    assert counted.texts == ["Please stop."]
    assert counted.harvests == 0  # the transcript alone is read
    assert prepared.vector("gs", "one").tobytes() == prepared.vector("gs", "three").tobytes()


def test_another_option_or_input_is_made_anew_and_nothing_else(
    utterances: list[Utterance], store: Store, counted: Counted
) -> None:
    first = extract(utterances, settings(), store)
    counted.harvests, counted.texts = 0, []
    louder = extract(utterances, settings("emphasis.weight_energy=9"), store)
    assert counted.harvests == 0
    assert louder.producers["les"] != first.producers["les"]
    assert louder.producers["gs"] == first.producers["gs"]
    changed = [replace(utterances[0], transcript="Another text."), *utterances[1:]]
    assert extract(changed, settings(), store).text("gs", "one") == "Another text."
    assert counted.texts == ["Another text."]


def test_a_moved_file_is_the_same_sound(utterances: list[Utterance], store: Store, counted: Counted) -> None:
    extract(utterances, settings(), store, with_f0=True)
    counted.harvests = 0
    moved = [replace(u, audio=u.audio.rename(u.audio.with_suffix(".moved.wav"))) for u in utterances]
    extract(moved, settings(), store, with_f0=True)
    assert counted.harvests == 0


def test_what_is_absent_is_counted_by_reason(utterances: list[Utterance], store: Store) -> None:
    bare = [
        utterances[0],
        replace(utterances[1], transcript=None, alignment=None),
        replace(utterances[2], transcript="  "),
    ]
    prepared = extract(bare, settings(), store)
    assert prepared.absent == {"gs": {"no transcript": 2}, "les": {"no alignment": 1}, "es": {}}
    assert prepared.vector("gs", "two") is None
    assert prepared.text("les", "two") is None
    assert prepared.failures == {}


def test_a_source_that_nobody_has_still_has_its_size(utterances: list[Utterance], store: Store) -> None:
    prepared = extract([replace(u, transcript=None) for u in utterances], settings(semantics="gs"), store)
    assert prepared.dims == {"gs": 32}
    assert prepared.present == {"gs": 0}


def test_a_broken_alignment_makes_les_absent_and_is_a_warning(utterances: list[Utterance], store: Store) -> None:
    broken = utterances[0].audio.with_suffix(".TextGrid")
    broken.write_text("no grid")
    late = write_alignments(utterances[0].audio.parent, [])
    late.write_text("id,start,end,word\ntwo,7.0,7.5,late\n")
    (late.parent / "phones.csv").write_text("id,start,end,phone\ntwo,7.0,7.5,AH\n")
    prepared = extract([replace(utterances[0], alignment=broken), utterances[1], utterances[2]], settings(), store)
    assert prepared.absent["les"] == {"alignment cannot be used": 2, "no alignment": 1}
    assert prepared.present["es"] == 3
    assert prepared.warnings.keys() == {"one", "two"}
    assert "one.TextGrid" in prepared.warnings["one"]
    assert "words.csv" in prepared.warnings["two"]
    assert prepared.failures == {}


def test_bad_audio_is_a_failure_and_the_others_go_on(utterances: list[Utterance], store: Store, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no audio")
    bad = replace(utterances[0], id="bad", audio=tmp_path / "bad.wav", audio_sha256=None)
    gone = replace(utterances[0], id="gone", audio=tmp_path / "gone.wav", audio_sha256=None)
    prepared = extract([bad, *utterances, gone], settings(), store, with_f0=True)
    assert prepared.failures.keys() == {"bad", "gone"}
    assert "bad.wav" in prepared.failures["bad"]
    assert prepared.present == {"gs": 3, "les": 3, "es": 3}
    assert prepared.vector("gs", "bad") is None
    with pytest.raises(InputError, match=r"utterance bad has no F0\. .*bad\.wav"):
        prepared.f0_hz("bad")


def test_f0_that_was_not_asked_for_says_how_to_ask(utterances: list[Utterance], store: Store) -> None:
    with pytest.raises(
        InputError, match=r"utterance one has no F0\. F0 was not asked for: extract it with with_f0=True"
    ):
        extract(utterances, settings(semantics="gs"), store).f0_hz("one")


def test_replayed_descriptions_reach_es_and_missing_ones_are_counted(
    utterances: list[Utterance], store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "said.jsonl"
    rows = [{"id": "one", "gender": "male", "free_emotion": "weary"}, {"id": "two", "status": "refused"}]
    file.write_text("\n".join(json.dumps(row) for row in rows))
    replayed = settings("describer.name=replay", f"describer.file={file}", semantics="es")
    for _ in range(2):
        prepared = extract(utterances, replayed, store)
        assert prepared.text("es", "one") == "This is a male speaker, expressing weary."
        assert prepared.absent["es"] == {"refused": 1, "no description in said.jsonl": 1}
    file.write_text(json.dumps({"id": "three", "gender": "female"}))
    assert extract(utterances, replayed, store).text("es", "three") == "This is a female speaker."


def test_a_description_that_failed_is_tried_again_when_asked_and_not_before(
    utterances: list[Utterance], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [Description(status="no answer"), Description(gender="female")]
    monkeypatch.setattr(Measured, "describe", lambda self, evidence: answers.pop(0))
    one = utterances[:1]
    for _ in range(2):
        assert extract(one, settings(semantics="es"), store).absent["es"] == {"no answer": 1}
    assert len(answers) == 1
    for retry_failed in (True, False):
        prepared = extract(one, settings(semantics="es"), store, retry_failed=retry_failed)
        assert prepared.text("es", "one") == "This is a female speaker."


def test_an_interruption_keeps_what_was_finished(utterances: list[Utterance], store: Store, counted: Counted) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(utterances, settings(), store, with_f0=True, progress=interrupt, workers=1)
    finished = counted.harvests
    assert finished >= 2
    extract(utterances, settings(), Store(store.root), with_f0=True)
    assert counted.harvests == 3


def test_progress_tells_stage_and_count(utterances: list[Utterance], store: Store) -> None:
    seen: list[Progress] = []
    extract(utterances, settings(), store, progress=seen.append)
    assert [(p.done, p.total) for p in seen if p.stage == "prepare"] == [(1, 3), (2, 3), (3, 3)]
    assert seen[-1].stage == "text vectors"
    assert seen[-1].done == seen[-1].total


def test_an_encoder_that_returns_nan_is_refused(
    utterances: list[Utterance], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hashing, "encode", lambda self, texts: np.full((len(texts), self.dim), np.nan))
    with pytest.raises(MsftkError, match=r"text encoder 'hashing' returned shape \(3, 32\), expected \(3, 32\) of fin"):
        extract(utterances, settings(semantics="gs"), store)


def test_texts_are_encoded_in_batches_of_like_length(store: Store, counted: Counted) -> None:
    texts = [("word " * (number % 50)).strip() or "a" for number in range(100)]
    many = [Utterance(f"u{number}", Path("none.wav"), transcript=text) for number, text in enumerate(texts)]
    extract(many, settings(semantics="gs"), store)
    lengths = [len(text) for text in counted.texts]
    assert lengths == sorted(lengths)
    assert len(lengths) == len(set(texts)) > vectors.BATCH
