"""The last layers of an encoder: what learns, and that stored frames of the layers below change nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_wavlm import save_tiny_wavlm, wavlm_settings
from torch.nn.utils.rnn import pad_sequence

from msftk.adaptation import acoustic_encoder
from msftk.errors import InputError
from msftk.models.threads import threads_for
from msftk.preparation.extract import extract
from msftk.recipes.predict import load
from msftk.recipes.train import train
from msftk.runs.folder import RunFolder
from msftk.runs.model import load_model
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.store.memory import MemoryStore
from msftk.types import ATTRIBUTES

LAST = ("adaptation.name=last-k", "semantics=[]")


@pytest.fixture(scope="module")
def wavlm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers, without dropout."""
    torch.manual_seed(0)
    folder = save_tiny_wavlm(tmp_path_factory.mktemp("models") / "wavlm")
    config = json.loads((folder / "config.json").read_text())
    config |= {name: 0.0 for name in config if name.endswith("dropout")}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def encoder(folder: Path, k: int, *assignments: str) -> Any:
    return acoustic_encoder(wavlm_settings(folder, *LAST, f"adaptation.layers={k}", *assignments))


def losses(one: Any, steps: int) -> list[float]:
    """Of a few optimiser steps toward fixed numbers."""
    waveforms = [np.random.default_rng(n).normal(0, 0.1, n).astype(np.float32) for n in (3000, 2100, 1500)]
    prepared = [torch.as_tensor(one.train().prepare(waveform, None)) for waveform in waveforms]
    inputs, lengths = pad_sequence(prepared, batch_first=True), torch.tensor([len(p) for p in prepared])
    truth = torch.linspace(-1, 1, 3 * one.dim).view(3, -1)
    optimiser = torch.optim.AdamW([p for p in one.parameters() if p.requires_grad], lr=1e-2)
    found = []
    with threads_for(one):
        for _ in range(steps):
            frames, valid = one(inputs, lengths)
            loss = ((frames.sum(1) / valid.sum(1, keepdim=True)) - truth).square().mean()
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimiser.step()
            found.append(loss.item())
    return found


@pytest.mark.parametrize(("k", "layer"), [(1, "last"), (2, 2)])
def test_stored_frames_lead_to_the_same_losses(wavlm: Path, k: int, layer: str | int) -> None:
    uncached = losses(encoder(wavlm, k, f"acoustic.layer={layer}"), 20)
    cached = losses(encoder(wavlm, k, f"acoustic.layer={layer}", "adaptation.cache=true"), 20)
    assert uncached[-1] < 0.9 * uncached[0]
    np.testing.assert_allclose(cached, uncached, rtol=0, atol=1e-5)


def test_only_the_top_learns_and_the_rest_runs_as_in_evaluation(wavlm: Path) -> None:
    one = encoder(wavlm, 1).train()
    learning = {name for name, own in one.named_parameters() if own.requires_grad}
    assert learning
    assert all(".layers.1." in name for name in learning)
    assert set(one.must_learn()) == {name for name in learning if not name.endswith("k_proj.bias")}
    assert not any(part.training for name, part in one.encoder.named_modules() if name and "layers.1" not in name)
    assert all(part.training for part in one.top[0].modules())
    assert not any(own.requires_grad for own in encoder(wavlm, 0).parameters())
    weighted = encoder(wavlm, 0, "acoustic.layer=weighted").named_parameters()
    assert [name for name, own in weighted if own.requires_grad] == ["encoder.layer_logits"]


@pytest.mark.parametrize("k", [0, 1])
def test_a_cached_run_trains_keeps_its_top_and_predicts_recordings_that_are_new(
    wavlm: Path, tone_corpus: Manifest, tmp_path: Path, k: int
) -> None:
    settings = wavlm_settings(wavlm, *LAST, f"adaptation.layers={k}", "adaptation.cache=true", "training.epochs=2")
    store = Store(tmp_path / "store")
    train(tone_corpus, settings, tmp_path / "run", store=store, device="cpu")
    state = load_model(tmp_path / "run").network.acoustic.own_state()
    assert all(".layers.1." in name for name in state)
    assert bool(state) == (k == 1)
    tested = [u for u in tone_corpus.utterances if u.split == "test"]
    found = [one.values["valence"] for one in load(tmp_path / "run", "cpu").predict(tested, store=MemoryStore())]
    kept = RunFolder(tmp_path / "run").read_predictions("test")
    np.testing.assert_allclose(found, kept.values[:, ATTRIBUTES.index("valence")], atol=1e-4)
    place = extract(tested, settings, store).producers["acoustic features"]
    other = wavlm_settings(wavlm, *LAST, "adaptation.layers=2", "adaptation.cache=true")
    assert extract(tested, other, store).producers["acoustic features"] != place


def test_what_cannot_be_is_refused_with_the_remedy(wavlm: Path, tone_corpus: Manifest) -> None:
    with pytest.raises(InputError, match=r"layers is 3: the encoder's frames come through 2\. Choose up to 2"):
        encoder(wavlm, 3)
    for option in ("acoustic.layer=weighted", "acoustic.attention=transformers"):
        settings = wavlm_settings(wavlm, *LAST, "adaptation.layers=1", "adaptation.cache=true", option)
        with pytest.raises(InputError, match=r"adaptation\.cache stores one layer of msftk's WavLM"):
            extract(tone_corpus.utterances[:1], settings, MemoryStore())
