"""CTC models align what they hear: words at their times, phones by a dictionary, wrong texts refused, faults named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_ctc import LETTERS, PHONES, save_taught_ctc, save_tiny_ctc, tones, words_of_tones

from msftk.errors import BackEndError, InputError, RefusedError
from msftk.interfaces import Evidence
from msftk.registry import registry
from msftk.testing import check_aligner
from msftk.types import SAMPLE_RATE_HZ, Alignment
from msftk_plugins.aligners.ctc import Ctc
from msftk_plugins.aligners.ctc_model import CtcModel

FRAME_S = 0.02
PROMPT_PHONES = "all ə l\ncircuits s ɜː k ɪ t s\nare ə\nbusy b ɪ z i\nnow z aɪ\n"


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows five tones by their letters."""
    return save_taught_ctc(tmp_path_factory.mktemp("taught"))


def aligner(folder: Path, **options: object) -> Ctc:
    made: Ctc = registry().create("aligner", "ctc", {"model": str(folder), **options})
    return made


def spoken(n_words: int, seed: int = 5) -> tuple[str, Any, list[tuple[float, float]]]:
    random = np.random.default_rng(seed)
    text = words_of_tones(random, n_words)
    return (text, *tones(text, random))


@pytest.mark.parametrize("family", ["Wav2Vec2", "Hubert", "WavLM", "Data2VecAudio"])
def test_models_of_any_family_keep_the_contract(tmp_path: Path, family: str) -> None:
    check_aligner("ctc", model=str(save_tiny_ctc(tmp_path / family, family)), least_score=-100)


@pytest.mark.parametrize(("n_words", "seed"), [(1, 1), (8, 2), (60, 3)])  # the last is longer than a window
def test_words_are_found_where_they_were_said(taught: Path, n_words: int, seed: int) -> None:
    text, waveform, times = spoken(n_words, seed)
    found = aligner(taught).align(waveform, SAMPLE_RATE_HZ, f"{text.lower()}.")
    assert found.words.labels == tuple(text.lower().split())
    truth = np.array(times)
    off_s = np.abs(np.stack([found.words.start_s, found.words.end_s], axis=1) - truth)
    assert np.median(off_s) < FRAME_S / 2
    assert off_s.max() < 4 * FRAME_S
    assert len(found.phones) == 0


def test_a_wrong_text_is_refused(taught: Path) -> None:
    text, waveform, _ = spoken(20)
    other, *_ = spoken(20, seed=99)
    assert aligner(taught).align(waveform, SAMPLE_RATE_HZ, text).word_scores.mean() > -0.2  # type: ignore[union-attr]
    with pytest.raises(RefusedError, match="the text does not fit the sound") as refused:
        aligner(taught).align(waveform, SAMPLE_RATE_HZ, other)
    assert "at least -2 expected" in refused.value.detail


def test_windows_hear_what_the_whole_hears(taught: Path) -> None:
    _, waveform, _ = spoken(40)
    whole, hop_s = CtcModel(taught, window_s=1e3).emissions(waveform)
    in_windows, same_hop_s = CtcModel(taught, window_s=10).emissions(waveform)
    assert (hop_s, same_hop_s) == (FRAME_S, FRAME_S)
    assert abs(len(whole) - len(in_windows)) <= 1
    n = min(len(whole), len(in_windows))
    assert (whole[:n].argmax(axis=1) == in_windows[:n].argmax(axis=1)).mean() > 0.98


def test_a_batch_is_answered_each_for_itself(taught: Path) -> None:
    text, waveform, _ = spoken(4)
    asked = [Evidence("a", waveform=waveform, transcript=one) for one in (text, "3 ÆØ", "", text)]
    first, unknown, empty, last = aligner(taught).align_batch(asked)
    assert isinstance(first, Alignment)
    assert isinstance(last, Alignment)
    np.testing.assert_array_equal(first.words.start_s, last.words.start_s)
    assert [str(one) for one in (unknown, empty)] == ["letters that the model does not have", "no words"]


def test_phones_come_from_a_dictionary(tmp_path: Path) -> None:
    folder = save_tiny_ctc(tmp_path / "phones", classes=PHONES)
    (tmp_path / "own.dict").write_text(PROMPT_PHONES, encoding="utf-8")
    options = {"model": str(folder), "least_score": -100, "pronunciations": str(tmp_path / "own.dict")}
    check_aligner("ctc", **options)
    made = registry().create("aligner", "ctc", options)
    found = made.align(np.random.default_rng(0).normal(0, 0.1, 40_000).astype(np.float32), SAMPLE_RATE_HZ, "now all")
    assert found.phones.labels == ("z", "aɪ", "ə", "l")
    assert found.words.end_s[0] == found.phones.end_s[1]
    with pytest.raises(RefusedError) as refused:
        made.align(np.zeros(40_000, np.float32), SAMPLE_RATE_HZ, "now nobody")
    assert "'nobody'. Add it to the file of aligner.pronunciations" in refused.value.detail


def test_a_model_of_phones_without_a_dictionary_ends_the_job_with_the_remedy(tmp_path: Path) -> None:
    made = aligner(save_tiny_ctc(tmp_path / "phones", classes=PHONES))
    with pytest.raises(
        BackEndError, match=r"a model of phones, which spells no words\. .*aligner\.pronunciations=FILE"
    ):
        made.align_batch([Evidence("a", waveform=np.zeros(16_000, np.float32), transcript="now")])


def test_an_adapter_of_a_multilingual_model_has_letters_of_its_own(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModelForCTC

    folder = save_tiny_ctc(tmp_path / "mms", adapter_attn_dim=4)
    danish = ("<pad>", "<s>", "</s>", "<unk>", "|", "æ", "ø", "å")
    letters = {"eng": {name: place for place, name in enumerate(LETTERS)}}
    letters["dan"] = {name: place for place, name in enumerate(danish)}
    (folder / "vocab.json").write_text(json.dumps(letters), encoding="utf-8")
    about = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**about, "target_lang": "eng"}))
    weights = {name: one.contiguous() for name, one in AutoModelForCTC.from_pretrained(folder)._get_adapters().items()}
    weights |= {"lm_head.weight": torch.randn(len(danish), 16), "lm_head.bias": torch.zeros(len(danish))}
    save_file(weights, folder / "adapter.dan.safetensors")
    waveform = np.random.default_rng(0).normal(0, 0.1, 40_000).astype(np.float32)
    found = aligner(folder, adapter="dan", least_score=-100).align(waveform, SAMPLE_RATE_HZ, "Åø æ")
    assert found.words.labels == ("Åø", "æ")
    with pytest.raises(RefusedError, match="letters that the model does not have"):
        aligner(folder, adapter="dan", least_score=-100).align(waveform, SAMPLE_RATE_HZ, "hello")


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.2])
def test_audio_too_short_for_its_text_is_refused(taught: Path, seconds: float) -> None:
    with pytest.raises(RefusedError, match="audio too short for its text"):
        aligner(taught).align(np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32), SAMPLE_RATE_HZ, "ABCDE DEABC")


def without_head(folder: Path) -> None:
    from transformers import Wav2Vec2Model

    Wav2Vec2Model.from_pretrained(folder).save_pretrained(folder)


def torn(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"torn")


def another_rate(folder: Path) -> None:
    place = folder / "preprocessor_config.json"
    place.write_text(json.dumps(json.loads(place.read_text()) | {"sampling_rate": 8000}))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without_head, "lacks 2 weights of a CTC model, first lm_head.bias. Give one that was fine-tuned"),
        (torn, "not a CTC speech model that transformers can load"),
        (another_rate, "reads 8000 Hz, expected a model of 16000 Hz"),
    ],
)
def test_a_model_that_cannot_align_ends_the_job_with_one_message(
    tmp_path: Path, spoil: Callable[[Path], None], message: str
) -> None:
    folder = save_tiny_ctc(tmp_path / "model")
    spoil(folder)
    with pytest.raises(BackEndError, match=message):
        aligner(folder).align_batch([Evidence("a", waveform=np.zeros(16_000, np.float32), transcript="now")])


def test_no_model_is_fetched_offline_and_the_message_names_what_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match=r"aligner model 'nobody/nothing' is not in .*--aligner pocketsphinx works"):
        registry().create("aligner", "ctc", {"model": "nobody/nothing"})


def test_identity_is_the_content_of_model_and_dictionary(tmp_path: Path) -> None:
    first, second = save_tiny_ctc(tmp_path / "a"), save_tiny_ctc(tmp_path / "b")
    assert aligner(first).identity() == aligner(second).identity()
    (tmp_path / "own.dict").write_text(PROMPT_PHONES, encoding="utf-8")
    assert aligner(first, pronunciations=str(tmp_path / "own.dict")).identity()["pronunciations"].startswith("sha256:")
