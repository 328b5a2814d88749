"""Whisper: batches, long recordings, languages, word times, silence, and models that cannot be used."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_whisper import WORDS, save_tiny_whisper

from msftk import testing
from msftk.errors import InputError, RefusedError
from msftk.interfaces import Evidence
from msftk.registry import registry
from msftk.speech.audio import load_audio
from msftk.types import SAMPLE_RATE_HZ, Float32, Transcript

PROMPTS = Path(__file__).parents[3] / "msftk" / "demo" / "prompts"
LONG_S = 34


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_whisper(tmp_path_factory.mktemp("models") / "whisper-very-small")


def whisper(model: Path, **options: object) -> Any:
    return registry().create("transcriber", "whisper", {"model": str(model), **options})


def prompts(n: int) -> list[Float32]:
    return [load_audio(path) for path in sorted((PROMPTS / "audio").iterdir())[:n]]


def evidence(waveform: Float32, language: str | None = None) -> Evidence:
    return Evidence("one", waveform=waveform, language=language)


def test_it_keeps_its_contract(model: Path) -> None:
    testing.check_transcriber("whisper", model=str(model))
    testing.check_transcriber("whisper", model=str(model), words=True)


def test_what_is_heard_together_is_heard_as_if_alone(model: Path) -> None:
    transcriber = whisper(model)
    first, second, third = prompts(3)
    long = np.resize(np.concatenate([first, second, third]), LONG_S * SAMPLE_RATE_HZ)
    heard = [evidence(first, "en"), evidence(long, "en"), evidence(second), evidence(third, "da")]
    together = transcriber.transcribe_batch(heard)
    assert together == [transcriber.transcribe(one) for one in heard]
    assert len({one.text for one in together}) > 1
    assert all(set(one.text.split()) <= set(WORDS) for one in together)
    assert {one.engine for one in together} == {"whisper-very-small"}
    assert together[0].made_by == "asr: whisper-very-small"
    assert [one.language for one in together] == ["en", "en", together[2].language, "da"]
    assert together[2].language in ("en", "da")


def test_word_times_are_those_of_transformers_own_pipeline(model: Path) -> None:
    from transformers import AutoProcessor, WhisperForConditionalGeneration, pipeline

    own = WhisperForConditionalGeneration.from_pretrained(model).eval()
    processor = AutoProcessor.from_pretrained(model)
    listen = pipeline(
        "automatic-speech-recognition",
        model=own,
        tokenizer=processor.tokenizer,
        feature_extractor=processor.feature_extractor,
    )
    transcriber = whisper(model, words=True, language="en")
    for waveform in prompts(3):
        heard = transcriber.transcribe(evidence(waveform))
        theirs = listen(waveform.copy(), return_timestamps="word", generate_kwargs={"language": "en", "num_beams": 1})
        assert heard.text == " ".join(theirs["text"].split())
        assert [word.label for word in heard.words] == heard.text.split()
        end_s = len(waveform) / SAMPLE_RATE_HZ
        for word, chunk in zip(heard.words, theirs["chunks"], strict=True):
            assert word.label == chunk["text"].strip()
            assert word[1:] == pytest.approx([min(one, end_s) for one in chunk["timestamp"]], abs=1e-3)


def test_the_second_window_of_a_long_recording_is_heard_too(model: Path) -> None:
    long = np.random.default_rng(0).normal(0, 0.1, 2 * LONG_S * SAMPLE_RATE_HZ).astype(np.float32)
    heard = whisper(model, words=True).transcribe(evidence(long, "en"))
    ends_s = [word.end_s for word in heard.words]
    assert max(ends_s) > 30
    assert ends_s == sorted(ends_s)


def test_silence_is_refused_and_never_a_text(model: Path) -> None:
    silence = np.full(SAMPLE_RATE_HZ, 0.9 * 2.0**-15, np.float32)
    with pytest.raises(RefusedError, match="silence"):
        whisper(model).transcribe(evidence(silence))
    assert isinstance(whisper(model).transcribe(evidence(silence + 2.0**-15)), Transcript)


@pytest.mark.parametrize(("named", "code"), [("da", "da"), ("Danish", "da"), ("en-GB", "en"), ("EN", "en")])
def test_a_language_is_named_by_code_or_in_english(model: Path, named: str, code: str) -> None:
    sound = prompts(1)[0]
    assert whisper(model, language=named).transcribe(evidence(sound)).language == code
    assert whisper(model).transcribe(evidence(sound, named)).language == code


def test_an_unknown_language_is_told_with_those_that_are_known(model: Path) -> None:
    with pytest.raises(InputError, match=r"transcriber\.language is 'klingon', .* \(it knows da, en\)\. Name one"):
        whisper(model, language="klingon")
    sound = prompts(1)[0]
    unknown, known = whisper(model).transcribe_batch([evidence(sound, "fr"), evidence(sound, "da")])
    assert "the corpus' language is 'fr'" in str(unknown)
    assert isinstance(known, Transcript)


def test_a_model_of_english_alone_is_not_asked_for_a_language(tmp_path: Path) -> None:
    transcriber = whisper(save_tiny_whisper(tmp_path / "whisper.en", languages=()))
    assert transcriber.transcribe(evidence(prompts(1)[0])).language == "en"
    assert transcriber.transcribe(evidence(prompts(1)[0], "English")).language == "en"
    with pytest.raises(InputError, match=r"'da', which whisper\.en does not know \(it knows en\)"):
        transcriber.transcribe(evidence(prompts(1)[0], "da"))


def test_without_alignment_heads_there_are_no_word_times_and_it_says_so(tmp_path: Path) -> None:
    folder = save_tiny_whisper(tmp_path / "whisper", heads=False)
    with pytest.raises(InputError, match=r"names no alignment_heads, which word times are read from\. Put the file"):
        whisper(folder, words=True)
    assert whisper(folder).transcribe(evidence(prompts(1)[0])).words == ()


def test_models_that_cannot_be_used_are_told_before_anything_is_heard(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match=r"transcriber model 'a/b' is not in the Hugging Face cache, and .*STEM\.txt"):
        whisper(Path("a/b"))
    with pytest.raises(InputError, match=r"no config\.json there"):
        whisper(tmp_path)
    copy = shutil.copytree(model, tmp_path / "copy")
    (copy / "generation_config.json").unlink()
    with pytest.raises(InputError, match=r"no generation_config\.json, which says how Whisper marks languages"):
        whisper(copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "model_type": "bert"}))
    with pytest.raises(InputError, match=r"a model of type bert, expected whisper"):
        whisper(copy)
    (copy / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"no weights there"):
        whisper(copy)


def test_the_model_counts_by_content_and_not_by_place(model: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(model, tmp_path / "elsewhere")
    assert whisper(moved).identity() == whisper(model).identity()
    (moved / "generation_config.json").write_text((moved / "generation_config.json").read_text() + "\n")
    assert whisper(moved).identity() != whisper(model).identity()
