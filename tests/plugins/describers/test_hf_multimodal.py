"""`hf-multimodal` with a Qwen2-Audio of random weights: it says garbage, by the road of a real one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from msftk.errors import BackEndError, InputError
from msftk.interfaces import Evidence
from msftk.registry import registry
from msftk.store.manifest import Manifest, write_manifest
from msftk.types import SAMPLE_RATE_HZ, Description
from msftk_plugins.describers.quirks import QUIRKS

SHORT = 16  # tokens of an answer


def describer(folder: Path, **options: object) -> Any:
    return registry().create("describer", "hf-multimodal", {"model": str(folder), "max_tokens": SHORT, **options})


@pytest.fixture(scope="module")
def model(qwen2_audio: Path) -> Any:
    return describer(qwen2_audio)


def sound(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, round(seconds * SAMPLE_RATE_HZ)).astype(np.float32)


def test_several_recordings_are_answered_together_as_each_alone(model: Any) -> None:
    heard = [model.prompt.ask([sound(seconds)], ["calm"] * n) for n, seconds in ((1, 0.5), (9, 2.5))]
    together = model.answers(heard)
    assert together == [model.answers([one])[0] for one in heard]
    assert len(set(together)) == 2
    assert all(together)


def test_what_cannot_be_used_is_asked_again_in_process_and_kept(model: Any) -> None:
    found = model.describe(Evidence("u", waveform=sound(0.5)))
    assert isinstance(found, Description)
    assert found.status.startswith("failed: the answer cannot be used, it holds no JSON object")
    assert found.raw_text
    assert found.backend == "hf-multimodal tiny-qwen2-audio"


def test_whispers_30_seconds_are_its_limit_and_several_parts_make_one_question(model: Any) -> None:
    assert model.longest_s == 30
    assert model._heard(sound(31))[1] == "the first 30 of 31.0 s were heard"
    (answer,) = model.answers([model.prompt.ask([sound(1), sound(0.5)], [])])
    assert answer


def test_half_precision_answers_too(qwen2_audio: Path) -> None:
    half = describer(qwen2_audio, precision="bfloat16")
    (answer,) = half.answers([half.prompt.ask([sound(0.5)], [])])
    assert answer
    assert str(half._model.dtype) == "torch.bfloat16"


def test_a_model_without_system_messages_reads_those_words_first_and_sound_as_it_wants_it(qwen2_audio: Path) -> None:
    other = describer(qwen2_audio)
    other._quirks = QUIRKS["voxtral"]
    conversation = other.prompt.ask_again(other.prompt.ask([sound(0.1)], []), "hm", "it fills no field")
    user, assistant, again = other._native(conversation)
    assert [message["role"] for message in (user, assistant, again)] == ["user", "assistant", "user"]
    words, heard, question = user["content"]
    assert words["text"] == other.prompt.system
    assert heard["base64"].startswith("UklGR")
    assert question["text"] == other.prompt.asked([])
    assert other.longest_s == 2400


def test_the_model_counts_by_content_and_not_by_place(model: Any, qwen2_audio: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(qwen2_audio, tmp_path / "copy")
    assert describer(copied).identity() == model.identity()
    (copied / "chat_template.jinja").write_text("{{ messages }}")
    assert describer(copied).identity()["model"] != model.identity()["model"]


def test_extract_describes_by_it_and_stores_what_failed(
    msftk: Callable[..., Any], qwen2_audio: Path, tone_corpus: Manifest, tmp_path: Path
) -> None:
    few = Manifest("tones", tone_corpus.scale, tone_corpus.utterances[:3])
    write_manifest(few, tmp_path / "M.parquet")
    command = [
        *("extract", tmp_path / "M.parquet", "--semantics", "es", "--describer", "hf-multimodal", "--json"),
        *("--set", f"describer.model={qwen2_audio}", "--set", f"describer.max_tokens={SHORT}"),
        *("--set", "text.name=hashing", "--store", tmp_path / "store"),
    ]
    ended = msftk(*command)
    assert ended.code == 0, ended.err
    (reason,) = json.loads(ended.out)["sources"]["es"]["absent"]
    assert reason.startswith("failed: the answer cannot be used")
    (log,) = [log for log in (tmp_path / "store").rglob("records.jsonl") if "raw_text" in log.read_text()]
    rows = log.read_text()
    assert len(rows.splitlines()) == 3
    msftk(*command)
    assert log.read_text() == rows


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": None}, r"describer\.model is not set: .* --set describer\.model=FOLDER"),
        ({"model": "nobody/nothing"}, r"describer model 'nobody/nothing' is not in the Hugging Face cache, and "),
        ({"model": "no folder at all"}, r"describer\.model is 'no folder at all': no such folder, and no model id"),
    ],
)
def test_a_model_that_is_not_there_is_told_before_any_work(
    options: dict[str, object], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match=message):
        registry().create("describer", "hf-multimodal", options)


def test_a_folder_without_weights_is_told_before_any_work(qwen2_audio: Path, tmp_path: Path) -> None:
    shutil.copy(qwen2_audio / "config.json", tmp_path)
    with pytest.raises(InputError, match=r"no weights there, expected model\.safetensors"):
        describer(tmp_path)


def test_weights_of_another_model_end_the_job(qwen2_audio: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    broken = shutil.copytree(qwen2_audio, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    weights.pop(next(iter(sorted(weights))))
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BackEndError, match=r"lacks 1 weight of a qwen2_audio model, first "):
        describer(broken).describe(Evidence("u", waveform=sound(0.5)))


def test_a_model_that_reads_no_sound_ends_the_job(tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel

    BertModel(BertConfig(vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=1)).save_pretrained(
        tmp_path
    )
    with pytest.raises(BackEndError, match=r"not an audio-language model that transformers can load"):
        describer(tmp_path).describe(Evidence("u", waveform=sound(0.5)))
