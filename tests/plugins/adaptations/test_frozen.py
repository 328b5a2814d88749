"""Frozen features: made once, equal to the encoder's own forward, and the same in training and in prediction."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_wavlm import save_tiny_wavlm, wavlm_settings

from msftk.errors import InputError
from msftk.preparation.extract import extract
from msftk.recipes.extract import extract_corpus
from msftk.recipes.predict import load
from msftk.recipes.train import train
from msftk.runs.model import load_model
from msftk.speech.audio import load_utterance
from msftk.store.features import Store
from msftk.store.manifest import Manifest, write_manifest
from msftk.store.memory import MemoryStore
from msftk_plugins.acoustic.hf import HfAcousticEncoder

SOUND = ("acoustic.freeze=true", "semantics=[]")


@pytest.fixture(scope="module")
def wavlm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    return save_tiny_wavlm(tmp_path_factory.mktemp("models") / "wavlm")


def by_hand(folder: Path, waveform: np.ndarray, layer: str | int) -> torch.Tensor:
    """[state, mean and deviation] of one recording, its layers run by themselves."""
    encoder = HfAcousticEncoder(HfAcousticEncoder.Options(model=str(folder), layer=layer)).eval()
    samples = encoder.prepare(waveform, None)[None]
    n = torch.tensor([samples.shape[1]])
    with torch.no_grad():
        if layer != "weighted":
            states = [encoder(samples, n)[0][0]]
        else:
            states = [
                s[0] for s in encoder.layers.states(encoder.front.features(samples, n), encoder.front.n_frames(n))
            ]
    return torch.stack([torch.cat([s.mean(0), s.var(0, unbiased=False).clamp(min=1e-5).sqrt()]) for s in states])


@pytest.mark.parametrize("layer", ["last", "weighted", 1])
def test_stored_features_are_the_pooled_layers_of_each_recording_alone(
    wavlm: Path, tone_corpus: Manifest, tmp_path: Path, layer: str | int
) -> None:
    settings = wavlm_settings(wavlm, f"acoustic.layer={layer}", *SOUND)
    assert settings.adaptation.name == "frozen"
    some = tone_corpus.utterances[:5]
    prepared = extract(some, settings, Store(tmp_path))
    identity = json.loads(prepared.acoustic_config)["identity"]
    for utterance in some:
        expected = by_hand(wavlm, load_utterance(utterance), layer)
        features = torch.from_numpy(prepared.features(utterance.id, identity))
        torch.testing.assert_close(features, expected, rtol=0, atol=1e-5)


def test_a_frozen_run_equals_the_forward_of_the_unfrozen_encoder_with_its_weights(
    wavlm: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    store, folder = tone_store, tmp_path / "run"
    settings = wavlm_settings(
        wavlm, "acoustic.layer=weighted", "acoustic.freeze=true", "fusion.name=fm-moe", "training.epochs=2"
    )
    train(tone_corpus, settings, folder, store=store, device="cpu")
    tested = [u for u in tone_corpus.utterances if u.split == "test"]
    run, places = load(folder, "cpu"), (MemoryStore(), MemoryStore())
    found, elsewhere = (run.predict(tested, store=place) for place in places)
    (first,), (second,) = (run.preparations(place, {}, None) for place in places)
    assert first.acoustic is second.acoustic  # loaded once, kept apart
    assert first.acoustic_shelf is not second.acoustic_shelf
    assert [one.values for one in elsewhere] == [one.values for one in found]
    network, scale = load_model(folder).network, load_model(folder).scale
    acoustic = network.acoustic
    assert acoustic.layer_logits.abs().min() > 0
    weights = torch.softmax(acoustic.layer_logits, 0)
    prepared = extract(tested, settings, store)
    for utterance, prediction in zip(tested, found, strict=True):
        states = (by_hand(wavlm, load_utterance(utterance), "weighted") - acoustic.mean) / acoustic.sd
        acoustics = network.listen(_batch(acoustic, utterance.id, prepared, network))
        torch.testing.assert_close(acoustics.pooled[0], weights @ states, rtol=0, atol=1e-5)
        with torch.no_grad():
            unit = network(_batch(acoustic, utterance.id, prepared, network)).answers["vad"].outputs["value"][0]
        expected = scale.from_unit(unit.double().numpy())
        np.testing.assert_allclose(list(prediction.values.values()), expected, atol=1e-5)


def _batch(acoustic, utterance_id, prepared, network):  # type: ignore[no-untyped-def]
    from msftk.models.batch import make_batch

    features = torch.from_numpy(prepared.features(utterance_id, acoustic.identity()))
    vectors = {source: [prepared.vector(source, utterance_id)] for source in network.sources}
    return make_batch([utterance_id], [features], vectors, prepared.dims)


def test_extract_makes_features_once_and_training_neither_makes_nor_loads_anything(
    wavlm: Path, tone_corpus: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = wavlm_settings(wavlm, *SOUND, "training.epochs=1")
    write_manifest(tone_corpus, tmp_path / "corpus.parquet")
    extraction = extract_corpus(tmp_path / "corpus.parquet", settings, store=tmp_path / "store")
    assert "acoustic features" in extraction.json()["producers"]
    monkeypatch.setattr("msftk_plugins.acoustic.hf.load_pretrained", lambda *_: pytest.fail("the model is loaded"))
    result = train(tone_corpus, settings, tmp_path / "run", store=tmp_path / "store", device="cpu")
    card = json.loads((tmp_path / "run" / "protocol.json").read_text())
    assert card["settings"]["adaptation"] == {"name": "frozen", "pool": "statistics"}
    assert card["acoustic_identity"]["model"].startswith("sha256:")
    assert result.failures == {}
    assert (tmp_path / "run" / "model.safetensors").stat().st_size < 100_000  # the pretrained weights stay outside


def test_what_changes_features_gives_them_another_place_and_what_does_not_leaves_it(
    wavlm: Path, tone_corpus: Manifest, tmp_path: Path
) -> None:
    def place(*assignments: str, model: Path = wavlm) -> str:
        settings = wavlm_settings(model, *SOUND, *assignments)
        return extract(tone_corpus.utterances[:1], settings, Store(tmp_path / "store")).producers["acoustic features"]

    others = ("acoustic.layer=1", "adaptation.pool=mean", "data.seconds_kept=3", "acoustic.normalise=none")
    assert len({place(), *map(place, others)}) == 5
    assert place("acoustic.compile=off", "training.batch=4") == place()
    moved = shutil.copytree(wavlm, tmp_path / "moved")
    assert place(model=moved) == place()
    (moved / "config.json").write_text((moved / "config.json").read_text() + "\n")
    assert place(model=moved) != place()


def test_a_recording_that_cannot_be_read_is_a_failure_and_the_others_are_heard(
    wavlm: Path, tone_corpus: Manifest, tmp_path: Path
) -> None:
    from dataclasses import replace

    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    bad = replace(tone_corpus.utterances[0], audio=tmp_path / "bad.wav", audio_sha256=None, audio_stamp=None)
    silent = replace(tone_corpus.utterances[2], audio=None, audio_sha256=None, audio_stamp=None)
    settings = wavlm_settings(wavlm, *SOUND)
    prepared = extract([bad, tone_corpus.utterances[1], silent], settings, Store(tmp_path / "store"))
    assert list(prepared.failures) == [bad.id]
    identity = json.loads(prepared.acoustic_config)["identity"]
    assert prepared.features(tone_corpus.utterances[1].id, identity).shape == (1, 32)
    with pytest.raises(InputError, match=f"features of utterance {silent.id} are not there"):
        prepared.features(silent.id, identity)


def test_another_model_in_the_place_of_the_trained_one_is_refused(
    wavlm: Path, tone_corpus: Manifest, tmp_path: Path
) -> None:
    folder = shutil.copytree(wavlm, tmp_path / "wavlm")
    settings = wavlm_settings(folder, *SOUND, "training.epochs=1")
    train(tone_corpus, settings, tmp_path / "run", store=tmp_path / "store", device="cpu")
    torch.manual_seed(9)
    save_tiny_wavlm(folder)
    with pytest.raises(InputError, match=r"is another one .* than this run was trained on"):
        load(tmp_path / "run", "cpu").predict(tone_corpus.utterances[:1], store=tmp_path / "store")
    shutil.rmtree(folder)
    with pytest.raises(InputError, match=r"acoustic\.model '.*wavlm' cannot be loaded"):
        load(tmp_path / "run", "cpu").predict(tone_corpus.utterances[:1], store=tmp_path / "store")
