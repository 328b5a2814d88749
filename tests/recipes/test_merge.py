from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_wavlm import save_tiny_wavlm, wavlm_settings

from msftk.adaptation import acoustic_encoder
from msftk.errors import InputError
from msftk.recipes.merge import merge
from msftk.recipes.train import train
from msftk.runs.model import load_model
from msftk.store.features import Store
from msftk.store.manifest import Manifest

WAYS = {
    "lora": ("adaptation.name=lora", "adaptation.targets=all"),
    "languages": ("adaptation.name=lora", "adaptation.by=language"),
    "last-k": ("adaptation.name=last-k", "adaptation.layers=1"),
    "full": (),
    "frozen": ("adaptation.name=frozen",),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tone_corpus: Manifest, tone_store: Store) -> Path:
    """A run of each way, at a rate that moves weights."""
    place = tmp_path_factory.mktemp("runs")
    torch.manual_seed(0)
    wavlm = save_tiny_wavlm(place / "wavlm")
    spoken = tuple(replace(u, language=("de", "en")[k % 2]) for k, u in enumerate(tone_corpus.utterances))
    for name, way in WAYS.items():
        settings = wavlm_settings(wavlm, *way, "semantics=[]", "training.learning_rate=0.03")
        train(replace(tone_corpus, utterances=spoken), settings, place / name, store=tone_store, device="cpu")
    return place


def frames(one: Any, *values: Any) -> torch.Tensor:
    sound = torch.randn(2, 4000, generator=torch.Generator().manual_seed(0)), torch.tensor([4000, 3000])
    with torch.no_grad():
        found: torch.Tensor = one.eval()(*sound, *values)[0]
    return found


@pytest.mark.parametrize(
    ("name", "value"), [("lora", None), ("languages", "de"), ("languages", "en"), ("last-k", None), ("full", None)]
)
def test_the_folder_gives_the_frames_of_the_run(runs: Path, tmp_path: Path, name: str, value: str | None) -> None:
    folder = merge(runs / name, tmp_path / "merged", value)
    assert {"config.json", "model.safetensors"} <= {file.name for file in folder.iterdir()}
    found = frames(acoustic_encoder(wavlm_settings(folder)))
    trained = load_model(runs / name).network.acoustic
    torch.testing.assert_close(found, frames(trained, *([[value] * 2] if value else [])), rtol=0, atol=1e-5)
    assert (found - frames(acoustic_encoder(wavlm_settings(runs / "wavlm")))).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("frozen", None, "holds no pretrained model that learned"),
        ("languages", None, "--value is not given. Choose one of de, en"),
        ("languages", "fr", "--value is fr. Choose one of de, en"),
        ("lora", "de", "did not learn by a column. Leave --value out"),
        ("full", "de", "did not learn by a column. Leave --value out"),
        ("wavlm", None, "wavlm"),
    ],
)
def test_what_cannot_be_merged_is_told_and_leaves_nothing(
    runs: Path, tmp_path: Path, name: str, value: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        merge(runs / name, tmp_path / "merged", value)
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_not_written_over(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is there already. Choose another place with --out"):
        merge(runs / "lora", tmp_path)
