"""LoRA: what learns, what is heard, what is kept; a set of adapters a language."""

from __future__ import annotations

import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_wavlm import save_tiny_wavlm, wavlm_settings

from msftk.adaptation import acoustic_encoder
from msftk.errors import InputError, MsftkError
from msftk.recipes.predict import load
from msftk.recipes.train import train
from msftk.runs.folder import RunFolder
from msftk.runs.model import load_model
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.types import ATTRIBUTES

LORA = ("adaptation.name=lora", "adaptation.rank=2", "semantics=[]")


@pytest.fixture(scope="module")
def wavlm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    return save_tiny_wavlm(tmp_path_factory.mktemp("models") / "wavlm")


@pytest.fixture(scope="module")
def sound() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(3, 4000, generator=torch.Generator().manual_seed(0)), torch.tensor([4000, 3000, 2500])


def encoder(folder: Path, *assignments: str) -> Any:
    return acoustic_encoder(wavlm_settings(folder, *LORA, *assignments)).eval()


def moved(one: Any) -> Any:
    """With adapters that say something: B starts at zero."""
    with torch.no_grad():
        for name, parameter in one.named_parameters():
            if "lora_B" in name:
                parameter.normal_()
    return one


@pytest.mark.parametrize("targets", ["feed-forward", "attention", "all"])
def test_adapters_start_silent_are_heard_on_every_projection_and_go_into_the_weights(
    wavlm: Path, sound: tuple[torch.Tensor, torch.Tensor], targets: str
) -> None:
    base = acoustic_encoder(wavlm_settings(wavlm)).eval()
    one = encoder(wavlm, f"adaptation.targets={targets}")
    with torch.no_grad():
        assert torch.equal(one(*sound)[0], base(*sound)[0])
        adapted = moved(one)(*sound)[0]
        assert (adapted - base(*sound)[0]).abs().max() > 0.1
        assert (one.merged()(*sound)[0] - adapted).norm() < 1e-5 * adapted.norm()
        assert not any("lora" in name for name in one.merged().state_dict())
        with one.adapted_to(None):
            assert torch.equal(one.encoder(*sound)[0], base(*sound)[0])
    one.train()(*sound)[0].square().sum().backward()
    learning = [name for name, parameter in one.named_parameters() if parameter.requires_grad]
    assert learning
    assert all("lora_" in name and dict(one.named_parameters())[name].grad.any() for name in learning)


def test_the_number_of_trained_parameters_follows_the_formula(wavlm: Path) -> None:
    from transformers import WavLMConfig

    def formula(config: Any, rank: int) -> int:
        return config.num_hidden_layers * 2 * rank * (config.hidden_size + config.intermediate_size)

    large = WavLMConfig(hidden_size=1024, num_hidden_layers=24, intermediate_size=4096)
    assert formula(large, 16) == 24 * 163_840
    one = encoder(wavlm, "adaptation.rank=3")
    assert sum(p.numel() for p in one.parameters() if p.requires_grad) == formula(one.encoder.config, 3)


def test_a_run_trains_keeps_adapters_alone_and_predicts_again(
    wavlm: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    folder = shutil.copytree(wavlm, tmp_path / "wavlm")
    settings = wavlm_settings(folder, *LORA, "adaptation.targets=all", "training.epochs=2")
    train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")
    card = json.loads((tmp_path / "run" / "protocol.json").read_text())
    assert card["settings"]["adaptation"]["name"] == "lora"
    run, acoustic = load(tmp_path / "run", "cpu"), load_model(tmp_path / "run").network.acoustic
    assert all(own.any() for name, own in acoustic.named_parameters() if "lora_B" in name)
    assert all("lora_" in name for name in acoustic.own_state())
    tested = [u for u in tone_corpus.utterances if u.split == "test"]
    found = [one.values["valence"] for one in run.predict(tested, store=tone_store)]
    kept = RunFolder(tmp_path / "run").read_predictions("test")
    np.testing.assert_allclose(found, kept.values[:, ATTRIBUTES.index("valence")], atol=1e-5)
    torch.manual_seed(9)
    save_tiny_wavlm(folder)
    with pytest.raises(InputError, match=r"is another one .* than this run was trained on"):
        load(tmp_path / "run", "cpu")


def test_adapters_that_nothing_hears_are_found(
    wavlm: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    settings = wavlm_settings(wavlm, *LORA, "adaptation.targets=attention", "acoustic.attention=transformers")
    with pytest.raises(MsftkError, match=r"16 parameters of the acoustic encoder had no gradient in the first 3"):
        train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")


def by_language(folder: Path) -> Any:
    one = encoder(folder, "adaptation.by=language", "adaptation.targets=all")
    one.fit_values(["en", None, "de", "en"])
    return moved(one)


def test_a_language_is_heard_by_its_own_adapters_whatever_stands_beside(
    wavlm: Path, sound: tuple[torch.Tensor, torch.Tensor]
) -> None:
    base, one = acoustic_encoder(wavlm_settings(wavlm)).eval(), by_language(wavlm)
    inputs, lengths = sound
    with torch.no_grad():
        frames, valid = one(inputs, lengths, ["de", "fr", "en"])
        for row, value in enumerate(["de", "fr", "en"]):
            alone, _ = one(inputs[row : row + 1, : lengths[row]], lengths[row : row + 1], [value])
            torch.testing.assert_close(frames[row, valid[row]], alone[0], rtol=0, atol=1e-5)
        assert torch.equal(one(*sound, ["fr", None, "fr"])[0], base(*sound)[0])
        assert not torch.allclose(one(*sound, ["de"] * 3)[0], one(*sound, ["en"] * 3)[0])


def test_training_one_language_leaves_anothers_frames_bit_identical(
    wavlm: Path, sound: tuple[torch.Tensor, torch.Tensor]
) -> None:
    one = by_language(wavlm)
    with torch.no_grad():
        before = {value: one(*sound, [value] * 3)[0] for value in ("de", "en", "fr")}
    optimiser = torch.optim.AdamW([p for p in one.parameters() if p.requires_grad], lr=0.1)
    one.train()
    for _ in range(2):
        optimiser.zero_grad(set_to_none=True)
        one(*sound, ["de", "de", None])[0].square().sum().backward()
        optimiser.step()
    assert set(one.must_learn()) == {name for name, p in one.named_parameters() if "lora_B.adapter0." in name}
    one.eval()
    with torch.no_grad():
        assert not torch.allclose(one(*sound, ["de"] * 3)[0], before["de"])
        assert torch.equal(one(*sound, ["en"] * 3)[0], before["en"])
        assert torch.equal(one(*sound, ["fr"] * 3)[0], before["fr"])


def test_a_run_by_language_knows_its_languages_again_and_an_empty_column_is_refused(
    wavlm: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    settings = wavlm_settings(wavlm, *LORA, "adaptation.by=language", "training.epochs=1")
    spoken = [replace(u, language="de" if k % 2 else "en") for k, u in enumerate(tone_corpus.utterances)]
    train(replace(tone_corpus, utterances=tuple(spoken)), settings, tmp_path / "run", store=tone_store, device="cpu")
    run = load(tmp_path / "run", "cpu")
    assert load_model(tmp_path / "run").network.acoustic.values == ["de", "en"]
    one = copy.copy(spoken[0])
    said = [run.predict([replace(one, language=value)], store=tone_store)[0].values for value in ("de", "en", None)]
    assert len({values["arousal"] for values in said}) == 3
    silent = replace(tone_corpus, utterances=tuple(replace(u, language=None) for u in tone_corpus.utterances))
    with pytest.raises(InputError, match="column 'language' is empty in the training part"):
        train(silent, settings, tmp_path / "empty", store=tone_store, device="cpu")


def test_peft_that_is_not_installed_is_named_with_its_extra(wavlm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(InputError, match=r"adaptation 'lora' needs the package peft.*pip install 'msftk\[lora\]'"):
        encoder(wavlm)
