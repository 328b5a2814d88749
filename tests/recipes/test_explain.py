"""Explanations: every number is the model's own, and what cannot be explained says why."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from published_models import NAMES, write_published
from small_corpus import tiny_settings

from msftk.errors import InputError
from msftk.recipes.explain import Explanation, explain
from msftk.recipes.predict import Run, load, load_model
from msftk.recipes.train import train
from msftk.speech.audio import load_utterance
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.store.memory import MemoryStore
from msftk_plugins.emphasis.lemf import Lemf


@pytest.fixture(scope="module")
def run(tiny_run: Path) -> Run:
    return load(tiny_run)


@pytest.fixture(scope="module")
def explained(run: Run, tone_store: Store) -> Explanation:
    return explain(run, "s5_1", store=tone_store)


def test_it_predicts_what_predict_predicts_and_the_parts_add_up(
    explained: Explanation, run: Run, tone_store: Store, tone_corpus: Manifest
) -> None:
    (utterance,) = (u for u in tone_corpus.utterances if u.id == "s5_1")
    (said,) = run.predict(utterance, store=tone_store)
    assert explained.values == pytest.approx(said.values)
    for attribute, parts in explained.parts.items():
        assert explained.scale[0] + sum(parts.values()) == pytest.approx(explained.values[attribute], abs=1e-4)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_substituted_word_is_what_predict_says_with_that_word_forced(
    explained: Explanation, run: Run, tone_corpus: Manifest, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    monkeypatch.setattr(Lemf, "weights", None)
    monkeypatch.setattr(Lemf, "scores", lambda self, *read, prosody: np.eye(len(prosody.words))[place])
    (utterance,) = (u for u in tone_corpus.utterances if u.id == "s5_1")
    (said,) = run.predict(utterance, store=MemoryStore())
    assert explained.les[place] == pytest.approx(said.values, abs=1e-6)


def test_the_sound_is_heard_once_and_once_more_for_each_that_is_made_of_it(
    run: Run, tone_store: Store, explained: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, times = run.ensemble.models[0].network, []
    listen = network.listen
    monkeypatch.setattr(network, "listen", lambda *given: times.append(1) or listen(*given))
    again = explain(run, "s5_1", store=tone_store)
    assert len(times) == 1 + len(again.sound)
    for values, before in zip(again.les, explained.les, strict=True):
        assert values == pytest.approx(before, abs=1e-6)


def test_what_a_describer_knows_by_the_id_is_read_for_each_word_too(
    tone_corpus: Manifest, tone_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [{"id": u.id, "free_emotion": f"emotion {place}"} for place, u in enumerate(tone_corpus.utterances)]
    Path("said.jsonl").write_text("\n".join(map(json.dumps, lines)))
    settings = tiny_settings(
        "describer.name=replay", "describer.file=said.jsonl", "training.epochs=1", semantics=("les", "es")
    )
    train(tone_corpus, settings, tmp_path / "run", store=tone_store)
    found = explain(load(tmp_path / "run"), "s5_1", store=tone_store)
    assert set(found.without) == {"les", "es"}
    assert found.emphasis is not None
    top = [word["emphasised"] for word in found.emphasis["words"]].index(True)
    assert found.les[top] == pytest.approx(found.values, abs=1e-6)


def test_the_word_that_is_stressed_changes_nothing_and_another_does(explained: Explanation) -> None:
    assert explained.emphasis is not None
    top = [word["emphasised"] for word in explained.emphasis["words"]].index(True)
    assert explained.les[top] == pytest.approx(explained.values, abs=1e-6)
    assert any(one != pytest.approx(explained.values, abs=1e-5) for one in explained.les)


def test_without_a_source_is_what_predict_says_where_it_is_absent(
    explained: Explanation, run: Run, tone_corpus: Manifest, tone_store: Store
) -> None:
    assert set(explained.without) == {"gs", "les", "es"}
    (utterance,) = (u for u in tone_corpus.utterances if u.id == "s5_1")
    (said,) = run.predict(replace(utterance, transcript=None), store=tone_store)
    assert explained.without["gs"] == pytest.approx(said.values, abs=1e-5)


def test_the_gate_shares_out_all_of_a_group(explained: Explanation) -> None:
    (shares,) = explained.gates.values()
    assert set(shares) == {"gs", "les"}
    assert sum(shares.values()) == pytest.approx(1)


def test_without_an_alignment_the_rest_is_explained(run: Run, tone_corpus: Manifest, tone_store: Store) -> None:
    (utterance,) = (u for u in tone_corpus.utterances if u.id == "s5_1")
    found = explain(run, replace(utterance, alignment=None), store=tone_store)
    assert found.emphasis is None
    assert found.les == []
    assert found.curves is not None
    assert "no alignment" in found.why_not["words"]
    assert "no alignment" in found.why_not["les"]


def test_a_model_without_stressed_words_says_so(tone_corpus: Manifest, tone_store: Store, tmp_path: Path) -> None:
    train(tone_corpus, tiny_settings("training.epochs=1", semantics=("gs",)), tmp_path / "run", store=tone_store)
    found = explain(load(tmp_path / "run"), "s5_1", store=tone_store)
    assert found.emphasis is not None
    assert found.les == []
    assert found.why_not["les"] == "the model reads no source of the stressed word"


def test_sound_in_memory_is_explained_too(run: Run) -> None:
    found = explain(run, (np.random.default_rng(0).normal(0, 0.1, 16_000), 16_000), store=MemoryStore())
    assert found.values
    assert "words" in found.why_not


def test_several_recordings_and_none_are_refused(run: Run, tmp_path: Path, tone_corpus: Manifest) -> None:
    with pytest.raises(InputError, match="24 recordings to explain: expected one"):
        explain(run, tone_corpus.utterances[0].audio.parent)
    with pytest.raises(InputError, match="no such file or folder"):
        explain(run, "s99_1")


def test_a_part_is_explained_as_if_it_were_the_recording(
    run: Run, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    (utterance,) = (u for u in tone_corpus.utterances if u.id == "s5_1")
    part = explain(run, utterance, start_s=0.3, store=tone_store)
    assert part.id == "s5_1 [0.3-0.9 s]"
    assert part.emphasis is not None
    assert [word["word"] for word in part.emphasis["words"]] == list(utterance.transcript.split())[1:]
    assert part.curves is not None
    assert part.curves.duration_s == pytest.approx(0.6)
    assert len(part.les) == len(part.sound) == 2
    alone = tmp_path / "part.wav"
    soundfile.write(alone, load_utterance(utterance)[4800:], 16_000, subtype="FLOAT")
    (said,) = run.predict(replace(utterance, audio=alone, transcript=None, alignment=None, audio_sha256=None))
    bare = explain(run, replace(utterance, transcript=None, alignment=None), start_s=0.3, store=tone_store)
    assert bare.values == pytest.approx(said.values, abs=1e-6)


def test_what_is_longer_than_is_heard_says_how_to_name_a_part_of_it(run: Run) -> None:
    sound = (np.random.default_rng(0).normal(0, 0.1, 13 * 16_000), 16_000)
    with pytest.raises(InputError, match=r"13.0 s, longer than the 12 s .* --start 0 --end 12\."):
        explain(run, sound, store=MemoryStore())
    assert explain(run, sound, end_s=12, store=MemoryStore()).values
    for start_s, end_s in ((-1, 2), (5, 5), (12, 14), (0, 12.5), (float("nan"), 3)):
        with pytest.raises(InputError, match=r"expected a part of 0 to 13\.00 s, 12 s at most"):
            explain(run, sound, start_s=start_s, end_s=end_s, store=MemoryStore())


def test_resynthesis_without_a_change_is_the_control_and_moves_little(explained: Explanation) -> None:
    assert explained.emphasis is not None
    assert explained.control is not None
    top = [word["emphasised"] for word in explained.emphasis["words"]].index(True)
    assert explained.sound[top] == explained.control
    for attribute, value in explained.control.items():
        assert abs(value - explained.values[attribute]) < 0.5  # of 1..7
    assert any(one != pytest.approx(explained.control, abs=1e-4) for one in explained.sound)


def test_without_pyworld_the_rest_is_explained(
    run: Run, tone_store: Store, monkeypatch: pytest.MonkeyPatch, explained: Explanation
) -> None:
    monkeypatch.setitem(sys.modules, "pyworld", None)
    found = explain(run, "s5_1", store=tone_store)
    assert found.sound == []
    assert "msftk[world]" in found.why_not["stress moved in the sound"]
    assert found.les == explained.les


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As the readers of `explain` have it: Wav2Small's values are near 190, where float32 rounds by 1.5e-5."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", NAMES)
def test_a_published_model_of_each_layout_is_explained_by_its_sound(
    name: str, tone_corpus: Manifest, tmp_path: Path
) -> None:
    model = load_model(str(write_published(name, tmp_path / name)))
    (utterance,) = (u for u in tone_corpus.utterances if u.id == "s5_1")
    store = MemoryStore()
    found = explain(model, utterance, store=store)
    (said,) = model.predict(utterance, store=store)
    assert found.values == pytest.approx(said.values, abs=1e-6)
    assert found.why_not == {"les": "the model reads no source of the stressed word"}
    assert (found.les, found.without, found.gates) == ([], {}, {})
    assert found.emphasis is not None
    assert found.moved is not None
    assert len(found.sound) == len(found.emphasis["words"]) == 3
    cut = found.moved.takes.joined(found.moved.cuts[0])
    (heard,) = model.predict((cut, 16_000), store=store)
    assert found.sound[0] == pytest.approx(heard.values, abs=1e-5)
    assert any("licence" in note for note in found.notes)
