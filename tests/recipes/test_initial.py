"""Training starts from a published model: its parts, its weights where they fit, and what the card says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from published_models import write_published
from small_corpus import TINY

from msftk.errors import InputError
from msftk.recipes.initial import start_from
from msftk.recipes.predict import load, load_model
from msftk.recipes.train import train
from msftk.runs.imported import read_published
from msftk.runs.model import load_model as load_run
from msftk.settings import Settings, laid_over, load_settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest

STILL = ("training.learning_rate=1e-12", "training.learning_rate_pretrained=1e-12", "training.weight_decay=0")


def settings(*assignments: str, fusion: str = "none") -> Settings:
    kept = [one for one in TINY if not one.startswith(("acoustic", "head", "pooling", "fusion"))]
    return load_settings("tiny", None, [*kept, *assignments], {"fusion.name": fusion}, environment={})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published("audeering-dim", tmp_path_factory.mktemp("published") / "dim")


@pytest.mark.parametrize("name", ["audeering-dim", "msp-lab", "vox-profile", "wav2small"])
def test_a_step_of_no_length_leaves_the_published_weights(
    name: str, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    """All but what is fitted to the ratings (a head's last layer) and to the sound (msp-lab's normalisation)."""
    folder = write_published(name, tmp_path / "published")
    result = train(
        tone_corpus, settings(*STILL, "training.epochs=1"), tmp_path / "run", init=str(folder), store=tone_store
    )
    own = load_run(result.run).network.state_dict()
    _, imported = read_published(str(folder))
    fitted = ("heads.vad.last", "acoustic.mean", "acoustic.sd")
    assert own.keys() == imported.tensors.keys()
    for key, tensor in imported.tensors.items():
        if not key.startswith(fitted) and "running_" not in key and "tracked" not in key:
            torch.testing.assert_close(own[key].float(), tensor.float(), atol=1e-6, rtol=1e-6, msg=key)
    card = json.loads((result.run / "protocol.json").read_text())["init"]
    assert card["layout"] == name
    assert card["taken"] == [
        place for place in ("acoustic", "pooling", "heads.vad") if place != "pooling" or _pools(own)
    ]
    assert any(note.startswith("licence of") for note in result.notes)


def _pools(state: dict[str, torch.Tensor]) -> bool:
    return any(name.startswith("pooling.") for name in state)


def test_a_run_that_started_so_needs_the_published_model_no_more(
    tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    folder = write_published("msp-lab", tmp_path / "published")
    run = train(tone_corpus, settings("training.epochs=1"), tmp_path / "run", init=str(folder), store=tone_store).run
    before = load(run).predict(tone_corpus, store=tone_store).predictions.values
    folder.rename(tmp_path / "gone")
    assert (load(run).predict(tone_corpus, store=tone_store).predictions.values == before).all()


def test_another_fusion_takes_the_encoder_and_pooling_alone(
    folder: Path, tone_corpus: Manifest, tmp_path: Path
) -> None:
    start = start_from(str(folder))
    made = start.settings(settings(fusion="concat"))
    assert (made.acoustic.name, made.pooling.name, made.head.name) == ("hf", "mean", "joint")
    assert made.training.init == str(folder)
    result = train(tone_corpus, settings("training.epochs=1", fusion="concat"), tmp_path / "run", init=str(folder))
    assert json.loads((result.run / "protocol.json").read_text())["init"]["taken"] == ["acoustic"]


def test_what_was_chosen_beside_it_stays(folder: Path) -> None:
    start = start_from(str(folder))
    assert start.settings(settings("head.name=bounded")).head.name == "bounded"
    made = start.settings(settings("acoustic.name=hf", "acoustic.gradient_checkpointing=true"))
    assert made.acoustic.options["gradient_checkpointing"] is True
    assert made.acoustic.options["model"] == str(folder)


def test_a_head_that_was_named_stays_though_the_preset_has_the_same(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[head]\nname = "regression"\n')
    start = start_from(str(folder))
    assert load_settings("tiny", environment={}).head.name == "regression"
    assert start.settings(load_settings("tiny", environment={})).head.name == "joint"
    for named in (
        load_settings("tiny", tmp_path / "mine.toml", environment={}),
        load_settings("tiny", environment={"MSFTK_HEAD__NAME": "regression"}),
        load_settings("tiny", assignments=["head.name=regression"], environment={}),
        load_settings("tiny", flags={"head.name": "regression"}, environment={}),
    ):
        made = start.settings(named)
        assert (made.head.name, made.pooling.name) == ("regression", "mean")
    row = laid_over(load_settings("tiny", tmp_path / "mine.toml", environment={}), {"fusion": {"name": "concat"}})
    assert start.settings(row).head.name == "regression"
    assert row.named("fusion") == {"name"}


def test_an_option_that_was_named_is_laid_over_the_published_ones(folder: Path) -> None:
    made = start_from(str(folder)).settings(load_settings("tiny", assignments=["head.dropout=0.1"], environment={}))
    assert (made.head.name, made.head.options["dropout"], made.head.options["activation"]) == ("joint", 0.1, "tanh")


def test_what_cannot_start_so_is_told(folder: Path) -> None:
    start = start_from(str(folder))
    with pytest.raises(InputError, match=r"brings acoustic.name 'hf', and 'functionals' was chosen"):
        start.settings(settings("acoustic.name=functionals"))
    with pytest.raises(InputError, match=r"brings acoustic.model '.*', and 'microsoft/wavlm-base' was chosen"):
        start.settings(settings("acoustic.name=hf", "acoustic.model=microsoft/wavlm-base"))


def test_what_the_preset_has_is_no_choice(folder: Path) -> None:
    given = load_settings("paper", assignments=["acoustic.gradient_checkpointing=true"], environment={})
    made = start_from(str(folder)).settings(given)
    assert made.acoustic.options["gradient_checkpointing"] is True
    assert made.acoustic.options["model"] == str(folder)
    assert made.acoustic.options["layer"] == "last"


@pytest.mark.parametrize("adaptation", [("lora", "rank=2"), ("last-k", "layers=1"), ("frozen", "pool=mean")])
def test_an_adaptation_reads_the_published_encoder_where_it_lies(
    adaptation: tuple[str, str], folder: Path, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    name, option = adaptation
    chosen = settings("training.epochs=1", f"adaptation.name={name}", f"adaptation.{option}")
    run = train(tone_corpus, chosen, tmp_path / "run", init=str(folder), store=tone_store).run
    card = json.loads((run / "protocol.json").read_text())
    assert card["init"]["taken"] == ["acoustic", "heads.vad"]
    model = load_run(run)
    encoder = model.network.get_submodule("acoustic")
    _, imported = read_published(str(folder))
    first = "model.encoder.layers.0.attention.k_proj.bias"
    held = encoder.stored.encoder if name == "frozen" else encoder.encoder
    torch.testing.assert_close(held.state_dict()[first], imported.tensors[f"acoustic.{first}"])
    assert load(run).predict(tone_corpus, store=tone_store).predictions.values.shape == (24, 3)
    weights = folder / "model.safetensors"
    kept = weights.read_bytes()
    try:
        weights.write_bytes((write_published("audeering-dim", tmp_path / "other", seed=1) / weights.name).read_bytes())
        with pytest.raises(InputError, match="is another one"):
            raise InputError(next(iter(load(run).predict(tone_corpus, store=tone_store).failures.values())))
    finally:
        weights.write_bytes(kept)


def test_an_unfinished_run_goes_on_from_the_same_model_alone(
    folder: Path, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    place = tmp_path / "run"
    train(tone_corpus, settings("training.epochs=1"), place, init=str(folder), store=tone_store)
    other = write_published("audeering-dim", tmp_path / "other", seed=1)
    with pytest.raises(InputError, match=r"a finished run with other settings \(.*training.init: "):
        train(tone_corpus, settings("training.epochs=1"), place, init=str(other), store=tone_store)


def test_the_start_predicts_along_with_the_published_model(
    folder: Path, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    """Of a head that is rescaled to the ratings, each attribute is a straight line of what the model said."""
    run = train(
        tone_corpus, settings(*STILL, "training.epochs=1"), tmp_path / "run", init=str(folder), store=tone_store
    ).run
    tuned = load(run).predict(tone_corpus, store=tone_store).predictions.values
    published = load_model(str(folder)).predict(tone_corpus, store=tone_store).predictions.values
    for column in range(3):
        correlation = torch.corrcoef(torch.tensor([tuned[:, column].tolist(), published[:, column].tolist()]))[0, 1]
        assert abs(float(correlation)) > 0.9999
