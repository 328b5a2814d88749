"""Training on a pretrained speech encoder: learned layer weights, and what the card says of the model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from tiny_wavlm import save_tiny_wavlm, wavlm_settings

from msftk.recipes.evaluate import evaluate
from msftk.recipes.train import train
from msftk.runs.model import load_model
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk_plugins.weights import folder_digest


def test_learned_layer_weights_move_in_training_and_are_kept(
    tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    folder = save_tiny_wavlm(tmp_path / "wavlm")
    digest = folder_digest(folder)
    settings = wavlm_settings(folder, "acoustic.layer=weighted", "training.epochs=2")
    train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")
    card = json.loads((tmp_path / "run" / "protocol.json").read_text())
    assert card["acoustic_identity"] == {"model": f"sha256:{digest}", "revision": ""}
    shutil.rmtree(folder)
    acoustic = load_model(tmp_path / "run").network.acoustic
    assert acoustic.layer_logits.shape == (3,)  # input of the first layer, and two layers
    assert acoustic.layer_logits.abs().min() > 0
    assert torch.softmax(acoustic.layer_logits, 0).std() > 0
    anew = evaluate(tmp_path / "run", tone_corpus, "test", store=tone_store, device="cpu")
    assert anew.ccc == pytest.approx(evaluate(tmp_path / "run", split="test").ccc, abs=1e-6)
