"""Where a transcript is missing and a transcriber is chosen, it is made once, stored, and told from a given one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_whisper import WORDS, save_tiny_whisper

from msftk.interfaces import Evidence
from msftk.preparation.extract import Preparation
from msftk.settings import Settings, load_settings
from msftk.store.features import Store
from msftk.types import Transcript, Utterance
from msftk_plugins.transcribers.whisper import Whisper

PROMPTS = Path(__file__).parents[2] / "msftk" / "demo" / "prompts" / "audio"
GIVEN = Utterance("given", PROMPTS / "invalid.flac", transcript="I am sorry", language="en")
BARE = replace(GIVEN, id="bare", transcript=None)
OTHER = Utterance("other", PROMPTS / "conf-locked.flac", language="en")
BY = "asr: whisper-very-small"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_whisper(tmp_path_factory.mktemp("models") / "whisper-very-small")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The utterances that Whisper was asked about together."""
    batches: list[list[str]] = []
    transcribe_batch = Whisper.transcribe_batch

    def noted(self: Whisper, evidence: Sequence[Evidence]) -> Sequence[Transcript | Exception]:
        batches.append([one.id for one in evidence])
        return transcribe_batch(self, evidence)

    monkeypatch.setattr(Whisper, "transcribe_batch", noted)
    return batches


def settings(model: Path, *assignments: str, semantics: tuple[str, ...] = ("gs",)) -> Settings:
    chosen = ["transcriber.name=whisper", f"transcriber.model={model}", "text.name=hashing", "aligner.name=none"]
    return load_settings("tiny", None, [*chosen, *assignments], {"semantics": semantics}, environment={})


def test_what_is_missing_is_filled_and_what_is_given_is_used(model: Path, tmp_path: Path) -> None:
    found = Preparation(settings(model), Store(tmp_path)).prepare([GIVEN, BARE, OTHER])
    assert found.text("gs", "given") == "I am sorry"
    heard = [found.text("gs", name) for name in ("bare", "other")]
    assert all(text and set(text.split()) <= set(WORDS) for text in heard)
    assert found.made_by == [{"transcript": "given"}, {"transcript": BY}, {"transcript": BY}]
    assert found.makers(["bare", "given"]) == {"transcript": {"given": 1, BY: 1}}
    assert "transcript" in found.producers


def test_a_transcript_that_another_engine_wrote_into_the_manifest_keeps_its_name(model: Path, tmp_path: Path) -> None:
    by_other = replace(GIVEN, transcript_by="asr: other")
    found = Preparation(settings(model), Store(tmp_path)).prepare([by_other])
    assert found.text("gs", "given") == "I am sorry"
    assert found.made_by == [{"transcript": "asr: other"}]


def test_replaced_are_all(model: Path, tmp_path: Path) -> None:
    found = Preparation(settings(model, "transcriber.replace=true"), Store(tmp_path)).prepare([GIVEN, BARE])
    assert found.text("gs", "given") == found.text("gs", "bare") != "I am sorry"
    assert found.makers(["given", "bare"]) == {"transcript": {BY: 2}}


def test_each_sound_is_heard_once_together_and_never_again(model: Path, tmp_path: Path, asked: list[list[str]]) -> None:
    for _ in range(2):
        Preparation(settings(model), Store(tmp_path)).prepare([GIVEN, BARE, replace(BARE, id="again"), OTHER])
    assert asked == [["bare", "other"]]
    Preparation(settings(model, "transcriber.batch=1"), Store(tmp_path)).prepare([BARE])
    assert len(asked) == 1  # how many at once changes no result
    Preparation(settings(model, "transcriber.language=da"), Store(tmp_path)).prepare([BARE])
    assert len(asked) == 2


def test_silence_is_stored_as_absent_with_its_reason(model: Path, tmp_path: Path, asked: list[list[str]]) -> None:
    silence = {"silence": np.zeros(16_000, np.float32)}
    for _ in range(2):
        found = Preparation(settings(model), Store(tmp_path)).prepare([Utterance("silence", None)], samples=silence)
        assert found.absent == {"gs": {"no transcript: silence": 1}}
        assert not found.warnings
    assert len(asked) == 1


def test_what_cannot_be_heard_is_reported_and_the_others_go_on(model: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    several = [Utterance("broken", broken), Utterance("text", None), replace(BARE, language="fr"), OTHER]
    found = Preparation(settings(model), Store(tmp_path / "store")).prepare(several)
    assert "broken.wav" in found.failures["broken"]
    assert found.absent == {"gs": {"no transcript": 1, "transcript failed": 1}}
    assert "the corpus' language is 'fr'" in found.warnings["bare"]
    assert found.text("gs", "other")


def test_a_source_that_reads_no_transcript_has_none_made(model: Path, tmp_path: Path, asked: list[list[str]]) -> None:
    found = Preparation(settings(model, semantics=("es",)), Store(tmp_path)).prepare([BARE])
    assert asked == []
    assert found.made_by == [{"description": "measured"}]


def test_les_of_a_recording_alone_comes_from_transcriber_and_aligner(model: Path, tmp_path: Path) -> None:
    gated = settings(model, "aligner.name=pocketsphinx", semantics=("les",))
    found = Preparation(gated, Store(tmp_path / "gated")).prepare([BARE])
    assert "alignment refused" in next(iter(found.absent["les"]))  # random words are not what is said
    open_ = settings(model, "aligner.name=pocketsphinx", "aligner.least_score=-1000", semantics=("les",))
    found = Preparation(open_, Store(tmp_path / "open")).prepare([BARE])
    assert found.made_by == [{"transcript": BY, "alignment": "pocketsphinx"}]
    assert set((found.text("les", "bare") or "").split()) <= set(WORDS)


def test_the_language_that_was_heard_goes_with_the_words(model: Path, tmp_path: Path) -> None:
    unknown = replace(BARE, language=None)
    danish = settings(model, "aligner.name=pocketsphinx", "transcriber.language=da", semantics=("les", "lexical"))
    found = Preparation(danish, Store(tmp_path)).prepare([unknown])
    (reason,) = found.absent["les"]
    assert "aligns English, not 'da'" in reason
    assert found.absent["lexical"] == found.absent["les"]
    english = settings(model, "aligner.name=pocketsphinx", "transcriber.language=en", semantics=("les",))
    assert "aligns English" not in next(iter(Preparation(english, Store(tmp_path)).prepare([unknown]).absent["les"]))
