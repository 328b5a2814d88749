"""The doctor on corpora that are ill in one known way each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from small_corpus import small_corpus

from msftk.doctor.examine import Diagnosis, examine
from msftk.errors import InputError
from msftk.evaluation.yardsticks import person
from msftk.store.manifest import Manifest, write_manifest
from msftk.training.folds import fixed_split, folds
from msftk.types import AudioStamp, RatingScale, Utterance


@pytest.fixture
def corpus(tmp_path: Path) -> Manifest:
    """A corpus of its own, whose files a test may spoil."""
    return small_corpus(tmp_path)


def changed(corpus: Manifest, change: Callable[[Utterance], dict[str, Any]]) -> Manifest:
    return replace(corpus, utterances=tuple(replace(u, **change(u)) for u in corpus.utterances))


def texts(diagnosis: Diagnosis, level: str) -> list[str]:
    return [f"{one.check}: {one.text}" for one in diagnosis.findings if one.level == level]


def test_healthy_corpus_is_fit(tone_corpus: Manifest) -> None:
    diagnosis = examine(tone_corpus)
    assert not diagnosis.is_wrong
    assert [(c.split, c.utterances, c.speakers) for c in diagnosis.counts] == [
        ("train", 12, 3),
        ("dev", 4, 1),
        ("test", 8, 2),
    ]
    assert "transcripts: 1 without transcript: gs is absent" in texts(diagnosis, "note")
    assert "alignments: 2 without alignment: les is absent" in texts(diagnosis, "note")
    assert all("a CCC on so few is mostly chance" in text for text in texts(diagnosis, "warning"))


def test_ratings_and_agreement_of_raters(tone_corpus: Manifest) -> None:
    described = examine(tone_corpus).ratings["valence"]
    assert (described.n, described.lowest, described.highest, described.raters) == (24, 1.0, 4.0, 3)
    assert described.person == pytest.approx(person(tone_corpus.utterances)["valence"])


def test_speakers_in_two_splits_are_wrong(tone_corpus: Manifest) -> None:
    corpus = changed(tone_corpus, lambda u: {"speaker": "s1" if u.split == "test" else u.speaker})
    diagnosis = examine(corpus)
    assert diagnosis.is_wrong
    found = next(one for one in diagnosis.findings if one.level == "error")
    assert found.text == "1 speaker is in both train and test: the score would reward knowing the voice"
    assert found.examples == ("s1",)
    assert "--allow-overlap" in found.remedy


def test_unknown_speakers_are_counted(tone_corpus: Manifest) -> None:
    diagnosis = examine(changed(tone_corpus, lambda u: {"speaker": None if u.split == "dev" else u.speaker}))
    assert any(text.startswith("speakers: 4 of 24 utterances have no known") for text in texts(diagnosis, "warning"))


def test_same_sound_in_two_splits_is_a_leak(tone_corpus: Manifest) -> None:
    first = tone_corpus.utterances[0]
    corpus = changed(
        tone_corpus,
        lambda u: {"audio": first.audio, "audio_sha256": first.audio_sha256} if u.id in ("s5_0", "s6_1") else {},
    )
    assert texts(examine(corpus), "error") == [
        "same audio: 1 recording stands in two splits: the score would reward memory"
    ]
    within = changed(corpus, lambda u: {"split": "test"} if u.id == first.id else {})
    assert "same audio: 1 recording stands there under several ids" in texts(examine(within), "warning")


def test_missing_audio_is_left_out_until_it_is_too_much(corpus: Manifest, tmp_path: Path) -> None:
    (tmp_path / "s1_1.wav").unlink()
    many = replace(corpus, utterances=tuple(replace(u, id=f"{u.id}_{k}") for k in range(3) for u in corpus.utterances))
    few = examine(replace(many, utterances=tuple(u for u in many.utterances if u.id not in ("s1_1_1", "s1_1_2"))))
    assert "audio: 1 audio file is missing: left out" in texts(few, "warning")
    found = examine(corpus).findings[0]
    assert (found.level, found.check) == ("error", "audio")
    assert found.text == "1 audio file is missing: left out; too many of train (1 of 12)"
    assert found.examples == (f"s1_1: {tmp_path}/s1_1.wav",)


def test_unreadable_and_silent_audio(corpus: Manifest, tmp_path: Path) -> None:
    (tmp_path / "s4_0.wav").write_text("not sound")
    soundfile.write(tmp_path / "s4_1.wav", np.zeros(14_400), 16_000)
    diagnosis = examine(corpus, decode=True)
    assert "audio: 1 audio file cannot be read: left out; too many of dev (1 of 4)" in texts(diagnosis, "error")
    assert "audio: 1 recording holds zeros alone" in texts(diagnosis, "warning")
    assert "audio: 1 recording holds zeros alone" not in texts(examine(corpus), "warning")  # needs decoding


def test_audio_changed_since_it_was_prepared(corpus: Manifest, tmp_path: Path) -> None:
    stamped = replace(
        corpus, utterances=[replace(u, audio_stamp=AudioStamp.of(u.audio)) for u in corpus.utterances if u.audio]
    )
    (tmp_path / "s2_0.wav").touch()
    assert not examine(stamped).is_wrong  # another time, the same sound
    soundfile.write(tmp_path / "s2_0.wav", np.ones(14_400) * 0.1, 16_000)
    found = examine(stamped).findings[0]
    assert found.text == "1 audio file changed since it was prepared: what is stored belongs to the old sound"
    assert (found.examples, found.remedy) == (("s2_0",), "Run msftk prepare again; it hashes what changed.")


def test_stereo_and_odd_rates(corpus: Manifest, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "s1_0.wav", np.full((14_400, 2), 0.1), 16_000)
    soundfile.write(tmp_path / "s1_1.wav", np.full(7_200, 0.1), 8_000)
    soundfile.write(tmp_path / "s1_2.wav", np.full(43_200, 0.1), 48_000)
    diagnosis = examine(corpus)
    assert "sound: 1 of 24 has 8000 Hz: nothing above 4000 Hz is there to hear" in texts(diagnosis, "warning")
    assert "sound: 1 of 24 has 48000 Hz: resampled when read" in texts(diagnosis, "note")
    assert any(text.startswith("sound: 1 of 24 is stereo: the mean of") for text in texts(diagnosis, "note"))


def test_rating_that_never_varies_or_uses_little_of_the_scale(tone_corpus: Manifest) -> None:
    flat = changed(tone_corpus, lambda u: {"ratings": {**(u.ratings or {}), "arousal": 4.0}})
    assert texts(examine(flat), "error") == ["ratings: arousal is 4 everywhere in train: nothing can be learned"]
    never = changed(
        tone_corpus, lambda u: {"ratings": {"valence": u.ratings["valence"], "arousal": u.ratings["arousal"]}}
    )
    assert texts(examine(never), "error") == []
    assert "ratings: dominance is nowhere rated in train: it is not predicted" in texts(examine(never), "warning")
    wide = replace(tone_corpus, scale=RatingScale(1, 100))
    assert "ratings: valence lies within 1 to 4 on a scale of 1..100" in texts(examine(wide), "warning")


def test_corpus_without_splits_is_fit_where_folds_work(tone_corpus: Manifest) -> None:
    unsplit = changed(tone_corpus, lambda u: {"split": None})
    found = next(one for one in examine(unsplit).findings if one.check == "splits")
    assert (found.level, found.remedy) == ("note", "Train with --folds session or --folds speaker.")
    nobody = changed(unsplit, lambda u: {"speaker": None, "session": None})
    assert texts(examine(nobody), "error")[0].startswith("splits: split 'train' has no rated utterance.")


def test_words_after_the_end_and_alignments_that_cannot_be_used(corpus: Manifest, tmp_path: Path) -> None:
    table = (tmp_path / "words.csv").read_text()
    (tmp_path / "words.csv").write_text(
        table.replace("s1_1,0.6,0.9", "s1_1,0.6,1.9").replace("s1_2,0.6,0.9", "s1_2,0.6,x").replace("s1_3,", "other,")
    )
    diagnosis = examine(corpus)
    late = next(one for one in diagnosis.findings if "after the end" in one.text)
    assert (late.text, late.examples) == (
        "1 has words after the end of its audio: les is absent",
        ("s1_1: 1.00 s late",),
    )
    bad = next(one for one in diagnosis.findings if "cannot be used" in one.text)
    assert bad.text == "1 alignment cannot be used: les is absent"
    assert "alignments: 3 without alignment: les is absent" in texts(diagnosis, "note")  # the table lacks one
    assert "words.csv:10: end is 'x', expected seconds" in bad.examples[0]
    (tmp_path / "words.csv").unlink()
    assert "alignments: 22 alignment files are missing" in texts(examine(corpus), "warning")


def test_command_ends_with_1_where_training_would_be_wrong(
    tone_corpus: Manifest, msftk: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "m.parquet"
    write_manifest(tone_corpus, path)
    fine = msftk("doctor", path)
    assert (fine.code, "fit for training" in fine.out, "not fit" in fine.out) == (0, True, False)
    assert "ratings are made up for tests" in fine.out
    write_manifest(changed(tone_corpus, lambda u: {"speaker": u.id[-1]}), path)
    ill = msftk("doctor", path)
    assert ill.code == 1
    assert "not fit for training: 3 things are wrong" in ill.out
    assert "→ Make the splits speaker-disjoint" in ill.out
    plain = json.loads(msftk("doctor", path, "--json").out)
    assert plain["wrong"] is True
    assert plain["findings"][0]["check"] == "speakers"
    assert set(plain) == {"corpus", "scale", "facts", "splits", "ratings", "findings", "wrong"}


def test_root_of_a_corpus_is_read_by_the_adapter_that_knows_it(msftk: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "emobank.csv").write_text("id,split,V,A,D,text\na,train,3,3,3,One.\nb,dev,9,2,3,Two.\n")
    diagnosis = examine(tmp_path)
    assert diagnosis.corpus == "emobank"
    assert diagnosis.is_wrong  # nothing to select on
    assert [one.level for one in diagnosis.findings[:2]] == ["error", "error"]
    left_out = next(one for one in diagnosis.findings if one.check == "reading")
    assert left_out.text == "1 item cannot be used and is left out, 1 is kept"
    assert "outside the rating scale 1 to 5" in left_out.examples[0]
    ended = msftk("doctor", tmp_path, "--corpus", "ravdess")
    assert (ended.code, "no audio file named as 03-01-EE-II-SS-RR-AA.wav" in ended.err) == (2, True)


def test_root_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no corpus adapter knows it\. Name one with --corpus NAME \(msftk plugins"):
        examine(tmp_path)
    with pytest.raises(InputError, match=r"gone: no such file or folder\. Give a manifest \(\.parquet\) or the root"):
        examine(tmp_path / "gone")


def test_parts_that_the_corpus_should_have_are_named(tone_corpus: Manifest) -> None:
    corpus = replace(tone_corpus, facts={**tone_corpus.facts, "missing": "Session2, Session4"})
    assert "corpus: not found: Session2, Session4" in texts(examine(corpus), "warning")


def test_a_channel_that_a_recording_lacks_is_named(corpus: Manifest) -> None:
    first = corpus.utterances[0]
    found = examine(changed(corpus, lambda u: {"channel": 1} if u.id == first.id else {}))
    assert "audio file cannot be read" in str([one.text for one in found.findings])
    assert "no channel 1 (it has 1, from 0)" in str([one.examples for one in found.findings])


@pytest.mark.parametrize("decode", [True, False])
def test_sound_far_beyond_full_scale_is_named(corpus: Manifest, tmp_path: Path, decode: bool) -> None:
    first = corpus.utterances[0]
    assert first.audio
    samples, rate_hz = soundfile.read(first.audio, dtype="float32")
    loud = tmp_path / "loud.wav"
    soundfile.write(loud, samples * 32_768, rate_hz, subtype="FLOAT")
    found = examine(changed(corpus, lambda u: {"audio": loud} if u.id == first.id else {}), decode=decode)
    (finding,) = [one for one in found.findings if "far beyond full scale" in one.text]
    assert (finding.level, finding.examples) == ("warning", (first.id,))
    assert "32768" in finding.remedy


def test_a_speaker_alone_is_led_to_a_training_that_works(tone_corpus: Manifest) -> None:
    alone = changed(tone_corpus, lambda u: {"speaker": "one"})
    unsplit = examine(changed(alone, lambda u: {"split": None, "session": None}))
    assert [one.split(": ", 2)[2] for one in texts(unsplit, "error")] == [
        "none (24). Write train, dev and test into a column 'split' of the corpus' table and prepare it again; "
        "its speakers are too few to keep apart, so train with --allow-overlap."
    ]
    split = examine(alone)
    assert not split.is_wrong
    assert "speakers: 1 speaker in 3 splits, too few to keep apart: scores are of known voices" in texts(
        split, "warning"
    )
    with pytest.raises(
        InputError, match=r"The speakers are too few to keep apart: train with --allow-overlap \(the card"
    ):
        fixed_split(alone.utterances)
    assert fixed_split(alone.utterances, allow_overlap=True).train
    with pytest.raises(InputError, match=r"found 1 speaker group \(one\), .+ Leave out --folds: the corpus has splits"):
        folds(alone.utterances, "speaker:3")


def test_ratings_outside_the_scale_are_wrong(tone_corpus: Manifest) -> None:
    small = examine(replace(tone_corpus, scale=RatingScale(1, 3)))
    assert small.is_wrong
    assert "ratings: 6 utterances are rated outside the scale 1..3, from 1 to 4 for valence" in texts(small, "error")
