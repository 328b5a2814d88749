"""onnxruntime says what torch says: of real speech of ten lengths, alone and padded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import tiny_emotion2vec
import torch
from published_models import NAMES, write_published
from safetensors.torch import load_file, save_file
from small_corpus import TINY, tiny_settings
from tiny_encoders import save_encoder
from tiny_wavlm import save_tiny_wavlm, wavlm_settings

from msftk.errors import InputError
from msftk.models.batch import make_batch
from msftk.models.to_onnx import to_onnx
from msftk.recipes.export import export
from msftk.recipes.predict import load
from msftk.recipes.train import train
from msftk.registry import registry
from msftk.runs.imported import load_published
from msftk.runs.model import Model, load_model, load_models
from msftk.runs.model_card import ModelCard, read_card
from msftk.settings import load_settings
from msftk.speech.audio import load_audio
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.types import Float32

PROMPTS = sorted((Path(__file__).parents[2] / "msftk/demo/prompts/audio").iterdir())
SECONDS = (0.01, 0.1, 0.3, 0.5, 0.8, 1.1, 1.5, 2.2, 3.3, 5.0)
CLOSE = 1e-4  # on a scale of 1 to 7


def speech() -> list[Float32]:
    """Real speech of ten lengths, the first shorter than one frame of a speech encoder."""
    whole = np.concatenate([load_audio(file) for file in PROMPTS])
    return [whole[8000:][: round(seconds * 16_000)] for seconds in SECONDS]


def by_torch(
    model: Model, prepared: Sequence[Any], vectors: dict[str, list[Float32 | None]], value: str | None
) -> Float32:
    """[n, 3] on the scale, each recording by itself, as `predict` hears it."""
    said = []
    for row, one in enumerate(prepared):
        batch = make_batch(["one"], [one], {s: [own[row]] for s, own in vectors.items()}, model.source_dims, [value])
        with torch.inference_mode():
            ratings, *_ = model.network(batch).answers.values()
            said.append(ratings.outputs["value"].numpy()[0])
    scaled: Float32 = model.scale.from_unit(np.array(said))
    return scaled


def by_onnx(session: Any, card: ModelCard, sounds: Sequence[Float32], vectors: dict[str, list[Any]]) -> Float32:
    """[n, 3], all of them in one batch; what follows a recording is noise, which nobody may hear."""
    lengths = np.array([len(one) for one in sounds])
    n = max(card.sound.shortest_samples, int(lengths.max()))
    padded = np.random.default_rng(0).normal(size=(len(sounds), n, *sounds[0].shape[1:])).astype(np.float32)
    for row, one in zip(padded, sounds, strict=True):
        row[: len(one)] = one
    feed = {card.sound.input: padded, "lengths": lengths}
    for one in card.semantics:
        own = vectors[one.source]
        feed[one.present] = np.array([vector is not None for vector in own])
        feed[one.vector] = np.stack([np.full(one.dim, 9, np.float32) if v is None else v for v in own])
    values: Float32 = session.run(["value"], feed)[0]
    return values


def check(models: Sequence[Model], file: Path, value: str | None = None) -> ModelCard:
    """Alone and together, with semantic vectors present and absent; of several models their mean."""
    card = read_card(file)
    model = models[0]
    session = onnxruntime.InferenceSession(file)
    sounds = speech()
    f0_hz = [np.where(np.arange(1 + len(one) // 80) % 50 < 30, 200.0, 0.0) for one in sounds]
    prepared = [torch.as_tensor(model.network.acoustic.prepare(*one)) for one in zip(sounds, f0_hz, strict=True)]
    if chosen := card.sound.front_end:
        front_end = registry().create("front-end", chosen.name, chosen.options)
        sounds = [front_end.prepare(*one) for one in zip(sounds, f0_hz, strict=True)]
    random = np.random.default_rng(0)
    vectors: dict[str, list[Float32 | None]] = {
        one.source: [random.normal(size=one.dim).astype(np.float32) if (k + place) % 3 else None for k in range(10)]
        for place, one in enumerate(card.semantics)
    }
    expected = np.mean([by_torch(one, prepared, vectors, value) for one in models], axis=0)
    np.testing.assert_allclose(by_onnx(session, card, sounds, vectors), expected, rtol=0, atol=CLOSE)
    for row in (0, 4, 9):
        alone = by_onnx(session, card, sounds[row : row + 1], {s: own[row : row + 1] for s, own in vectors.items()})
        np.testing.assert_allclose(alone[0], expected[row], rtol=0, atol=CLOSE)
    assert np.ptp(expected, axis=0).min() > 10 * CLOSE  # else equality says nothing
    return card


def test_a_run_of_logmel_is_fed_features_and_vectors(tiny_run: Path, exported_run: Path) -> None:
    card = check([load_model(tiny_run)], exported_run)
    assert str(Path(__file__).parents[2]).encode() not in exported_run.read_bytes()
    assert card.sound.front_end is not None
    assert (card.sound.input, card.sound.front_end.name) == ("features", "logmel")
    session = onnxruntime.InferenceSession(exported_run)
    assert [one.shape[0] for one in (*session.get_inputs(), *session.get_outputs())] == ["batch"] * 9
    assert [one.source for one in card.semantics] == ["gs", "les", "es"]
    assert card.outputs[0].columns == ("valence", "arousal", "dominance")
    assert card.scale == (1.0, 7.0)


class LooksAtNumbers(torch.nn.Module):
    def forward(self, sound: torch.Tensor) -> torch.Tensor:
        return sound * 2 if sound.sum() > 0 else sound


def test_a_part_that_no_graph_holds_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a part of this network cannot be written as a graph"):
        to_onnx(
            LooksAtNumbers(), tmp_path / "x.onnx", {"sound": torch.ones(2, 3)}, {"sound": {0: "batch"}}, ["x"], ["y"]
        )
    assert not list(tmp_path.iterdir())


def pretrained(folder: Path, name: str) -> Path:
    """A small model of random weights as it is published."""
    if name != "emotion2vec":
        return save_tiny_wavlm(folder / name) if name == "wavlm" else save_encoder(name, folder / name)
    (folder / name).mkdir()
    save_file(tiny_emotion2vec.published(), folder / name / "model.safetensors")
    return folder / name


@pytest.mark.slow  # 10 s each
@pytest.mark.parametrize(
    ("name", "options", "value"),
    [
        ("wavlm", (), None),
        ("wavlm", ("acoustic.normalise=global", "acoustic.layer=weighted"), None),
        ("wavlm", ("adaptation.name=lora", "adaptation.targets=all"), None),
        ("wavlm", ("adaptation.name=lora", "adaptation.by=language"), "de"),
        ("wavlm", ("adaptation.name=last-k", "adaptation.layers=1"), None),
        ("mms", ('semantics=["gs","les"]', "fusion.name=fm-moe"), None),
        ("wav2vec2", (), None),
        ("hubert", (), None),
        ("wavlm", ("adaptation.name=frozen", "acoustic.layer=weighted"), None),
        ("wavlm", ("adaptation.name=frozen", "adaptation.pool=mean"), None),
        ("hubert-batch-norm", (), None),
        ("data2vec", (), None),
        ("w2v-bert", (), None),
        ("emotion2vec", ("acoustic.name=emotion2vec",), None),
        ("whisper", (), None),
        ("whisper", ("acoustic.layer=weighted", "data.seconds_kept=40"), None),
    ],
)
def test_a_run_of_a_pretrained_encoder_is_fed_samples(
    tone_corpus: Manifest, tone_store: Store, tmp_path: Path, name: str, options: tuple[str, ...], value: str | None
) -> None:
    torch.manual_seed(0)
    settings = wavlm_settings(pretrained(tmp_path, name), "training.learning_rate=0.03", *options)
    spoken = tuple(replace(u, language=("de", "en")[k % 2]) for k, u in enumerate(tone_corpus.utterances))
    train(replace(tone_corpus, utterances=spoken), settings, tmp_path / "run", store=tone_store, device="cpu")
    made = export(tmp_path / "run", tmp_path / "model.onnx", value)
    card = check([load_model(tmp_path / "run")], made.model, value)
    assert card == made.card
    assert (card.sound.input, card.sound.front_end) == ("samples", None)
    assert card.sound.shortest_samples == {"whisper": 1, "w2v-bert": 720}.get(name, 400)
    assert card.sound.seconds_kept == (30 if "data.seconds_kept=40" in options else 12)
    assert onnxruntime.InferenceSession(made.model).get_inputs()[0].shape == ["batch", "length"]


@pytest.mark.slow  # 10 s each
@pytest.mark.parametrize(
    "options",
    [
        ("fusion.name=film",),
        ("fusion.name=cross-attention", "fusion.query=frames"),
        ("fusion.router=conditional", "head.name=evidential", "loss.name=evidential", 'targets=["raters","category"]'),
        ("fusion.name=concat", "intra.name=attention", "pooling.name=mean", "head.name=joint"),
    ],
)
def test_every_fusion_and_head_is_in_the_graph(
    tone_corpus: Manifest, tone_store: Store, tmp_path: Path, options: tuple[str, ...]
) -> None:
    train(tone_corpus, tiny_settings(*options), tmp_path / "run", store=tone_store, device="cpu")
    check([load_model(tmp_path / "run")], export(tmp_path / "run", tmp_path / "model.onnx").model)


@pytest.mark.slow  # 10 s
def test_a_run_of_functionals_is_fed_functionals(tone_corpus: Manifest, tone_store: Store, tmp_path: Path) -> None:
    tiny = [one for one in TINY if not one.startswith("acoustic")]
    settings = load_settings("tiny", None, [*tiny, "acoustic.name=functionals"], environment={})
    train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")
    card = check([load_model(tmp_path / "run")], export(tmp_path / "run", tmp_path / "model.onnx").model)
    assert card.sound.front_end is not None
    assert card.sound.front_end.name == "functionals"


@pytest.mark.slow  # 10 s
def test_a_run_of_folds_is_the_mean_of_its_models(fold_run: Path, tmp_path: Path) -> None:
    models = load_models(fold_run)
    check(models, export(fold_run, tmp_path / "model.onnx").model)
    one = export(fold_run / "folds" / models[0].run.name, tmp_path / "one.onnx").model
    assert one.stat().st_size * 2 < (tmp_path / "model.onnx").stat().st_size


@pytest.mark.slow  # 20 s
def test_folds_on_one_frozen_encoder_hold_it_once(tone_corpus: Manifest, tone_store: Store, tmp_path: Path) -> None:
    settings = wavlm_settings(pretrained(tmp_path, "wavlm"), "adaptation.name=frozen", "training.epochs=2")
    train(tone_corpus, settings, tmp_path / "run", store=tone_store, folds="session", device="cpu")
    models = load_models(tmp_path / "run")
    check(models, export(tmp_path / "run", tmp_path / "model.onnx").model)
    one = export(models[0].run, tmp_path / "one.onnx").model
    assert (tmp_path / "model.onnx").stat().st_size < 1.5 * one.stat().st_size


@pytest.mark.slow  # 10 s each
@pytest.mark.parametrize("name", NAMES)
def test_a_published_model_is_fed_samples(name: str, tmp_path: Path) -> None:
    folder = write_published(name, tmp_path / name)
    tensors = load_file(folder / "model.safetensors")
    if name == "wav2small":  # else random weights say hundreds
        save_file({**tensors, "adv.weight": tensors["adv.weight"] / 300}, folder / "model.safetensors")
    made = export(None, tmp_path / "model.onnx", model=str(folder))
    card = check([load_published(str(folder))], made.model)
    assert (card.sound.input, card.scale) == ("samples", (0.0, 1.0))
    said = [(speech()[-1], 16_000), (np.concatenate(speech()), 16_000)]
    found, expected = (one.predict(said) for one in (load(made.model), load((), "cpu", models=str(folder))))
    np.testing.assert_allclose(found.predictions.values, expected.predictions.values, rtol=0, atol=CLOSE)
    assert [note.replace(str(folder), name) for note in expected.notes] == list(found.notes)
    assert found.notes
