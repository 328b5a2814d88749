"""A published model is found by name, hub id or folder; what cannot be read is told in one sentence."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from published_models import write_published
from safetensors.torch import load_file, save_file

from msftk.consent import Consent, consenting
from msftk.errors import InputError, UnknownNameError
from msftk.runs.imported import load_published, read_published
from msftk.runs.published import checkpoints, find_published

HUB_ID = "3loi/SER-Odyssey-Baseline-WavLM-Multi-Attributes"


def in_the_cache(folder: Path, hub_id: str, cache: Path) -> None:
    """`folder` as the hub's own client keeps it."""
    place, commit = cache / f"models--{hub_id.replace('/', '--')}", "0" * 40
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(commit)
    (place / "snapshots").mkdir()
    folder.rename(place / "snapshots" / commit)


@pytest.mark.parametrize("name", ["msp-lab", HUB_ID])
def test_a_cached_model_is_found_offline_by_its_name_and_by_its_id(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_cache(write_published("msp-lab", tmp_path / "made"), HUB_ID, tmp_path / "cache")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = find_published(name)
    assert found.plugin.name == "msp-lab"
    assert found.checkpoint is not None
    assert found.checkpoint.id == HUB_ID
    assert found.licence == "MIT"


def test_a_model_that_is_not_here_is_told_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with consenting(Consent(download=True)), pytest.raises(InputError, match=r"HF_HUB_OFFLINE is set.*hf download aud"):
        find_published("audeering-dim")


def test_a_name_that_is_none_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown model 'msp-laab'. Did you mean 'msp-lab'\?"):
        find_published("msp-laab")


def test_names_and_ids_are_each_of_one_model() -> None:
    known = [one for _, _, one in checkpoints()]
    assert len({one.name for one in known}) == len({one.id for one in known}) == len(known)
    for plugin, layout, _ in checkpoints():
        assert layout.checkpoints[0].name == plugin.name


def test_a_pickle_is_refused_with_the_line_that_converts_it(tmp_path: Path) -> None:
    folder = write_published("wav2small", tmp_path / "it's pickled")
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(tensors)
    for k in range(2):
        torch.save({name: tensors[name] for name in names[k::2]}, folder / f"pytorch_model-{k}.bin")
    torch.save({"state": {}}, folder / "optimizer.pt")  # what a trainer leaves beside them
    with pytest.raises(InputError, match="only as a pickle") as told:
        find_published(str(folder))
    line = shlex.split(str(told.value).partition("Convert it once: python ")[2])
    subprocess.run([sys.executable, *line], check=True)
    converted = load_file(folder / "model.safetensors")
    assert converted.keys() == tensors.keys()
    assert find_published(str(folder)).plugin.name == "wav2small"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"model_type": "wavlm", "architectures": ["WavLMModel"]},
            "a bare encoder of type wavlm.*--set acoustic.model=",
        ),
        (
            {
                "model_type": "wav2vec2",
                "architectures": ["Wav2Vec2ForSequenceClassification"],
                "id2label": {"0": "sad"},
            },
            "looks like Wav2Vec2ForSequenceClassification with outputs sad",
        ),
        ({}, "no layout that is known here"),
    ],
)
def test_a_folder_of_another_kind_is_told_as_what_it_looks_like(
    config: dict[str, object], message: str, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    save_file({"encoder.weight": torch.zeros(2, 3)}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=message):
        find_published(str(tmp_path))


def test_a_folder_without_weights_a_run_and_a_torn_file_are_told(tmp_path: Path, tiny_run: Path) -> None:
    with pytest.raises(InputError, match="no weights there"):
        find_published(str(tmp_path))
    with pytest.raises(InputError, match="a run of msftk, not a published model"):
        find_published(str(tiny_run))
    (tmp_path / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(InputError, match=r"model.safetensors: cannot be read as safetensors"):
        find_published(str(tmp_path))


def changed(tmp_path: Path, name: str, **tensors: torch.Tensor | None) -> str:
    """A published folder with tensors replaced, or (None) taken out."""
    folder = write_published("audeering-dim", tmp_path / name)
    kept = {**load_file(folder / "model.safetensors"), **tensors}
    save_file({k: v for k, v in kept.items() if v is not None}, folder / "model.safetensors")
    return str(folder)


def test_tensors_that_are_missing_odd_or_too_large_are_told(tmp_path: Path) -> None:
    bias = "wav2vec2.encoder.layers.0.layer_norm.bias"
    with pytest.raises(InputError, match=r"audeering-dim, but without the tensor 'classifier\.dense\.bias'"):
        read_published(changed(tmp_path, "lacking", **{"classifier.dense.bias": None}))
    with pytest.raises(InputError, match=r"with 1 tensor not finite, first acoustic\.model\.encoder"):
        read_published(changed(tmp_path, "odd", **{bias: torch.full((32,), torch.nan)}))
    for name, tensor in (("large", torch.zeros(33)), ("fewer", None)):
        with pytest.raises(InputError, match="audeering-dim, but its weights do not fit"):
            load_published(changed(tmp_path, name, **{bias: tensor}))


def test_weights_in_several_files_are_read_as_one(tmp_path: Path) -> None:
    folder = write_published("wav2small", tmp_path / "sharded")
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(tensors)
    for k, own in enumerate((names[::2], names[1::2])):
        save_file({name: tensors[name] for name in own}, folder / f"model-0000{k + 1}-of-00002.safetensors")
    said = load_published(str(folder)).network.state_dict()["heads.vad.last.bias"]
    assert torch.equal(said, tensors["adv.bias"][[2, 0, 1]])


def test_of_several_files_those_of_the_model_are_read(tmp_path: Path) -> None:
    folder = write_published("wav2small", tmp_path / "made")
    tensors = load_file(folder / "model.safetensors")
    other = {name: torch.zeros_like(tensor) for name, tensor in tensors.items()}
    save_file(other, folder / "z-checkpoint.safetensors")
    said = load_published(str(folder)).network.state_dict()["heads.vad.last.bias"]
    assert torch.equal(said, tensors["adv.bias"][[2, 0, 1]])
    (folder / "model.safetensors").rename(folder / "a.safetensors")  # now nothing says which
    with pytest.raises(InputError, match=r"z-checkpoint\.safetensors: tensor .* stands in another file beside it"):
        read_published(str(folder))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"adv.bias": "a.safetensors"}}))
    assert torch.equal(load_published(str(folder)).network.state_dict()["heads.vad.last.bias"], said)
    (folder / "a.safetensors").unlink()
    with pytest.raises(InputError, match=r"a\.safetensors is not there, and its index names it"):
        read_published(str(folder))


def configured(folder: Path, **keys: object) -> str:
    """A published folder with keys of its config.json changed."""
    written = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**written, **keys}))
    return str(folder)


@pytest.mark.parametrize(
    ("name", "keys", "message"),
    [
        ("msp-lab", {"std": -1}, "std in its config.json is -1, expected a number above 0"),
        ("msp-lab", {"std": 0.0}, "expected a number above 0"),
        ("msp-lab", {"std": None}, "std in its config.json is None"),
        ("msp-lab", {"std": "0.08"}, "std in its config.json is 0.08, expected a number above 0"),
        ("msp-lab", {"std": float("nan")}, "std in its config.json is nan"),
        ("msp-lab", {"mean": 1e39}, r"mean in its config.json is 1e\+39, expected a number"),
        ("msp-lab", {"mean": [0.0]}, r"mean in its config.json is \[0.0\]"),
        ("msp-lab", {"sampling_rate": 8000}, "a model of sound at 8000 Hz"),
        ("msp-lab", {"id2label": {"0": "arousal", "1": "arousal", "2": "valence"}}, "3 outputs are not valence"),
        ("wav2small", {"id2label": {"a": "arousal", "1": "dominance", "2": "valence"}}, "outputs are not valence"),
        ("wav2small", {"hop": 16}, "hop of its config.json is 16, and its layout has 32"),
        ("audeering-dim", {"pooling_mode": "max"}, "pooling_mode of its config.json is max"),
        ("audeering-dim", {"num_hidden_layers": 10_000_000}, "is 10000000, and its weights are of 3"),
        ("audeering-dim", {"num_attention_heads": 5}, "not shared out by 5 heads"),
        ("audeering-dim", {"num_attention_heads": 0}, "none that can be built: ZeroDivisionError"),
    ],
)
def test_a_config_that_would_change_the_numbers_is_refused(
    name: str, keys: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        load_published(configured(write_published(name, tmp_path / name), **keys))


@pytest.mark.parametrize(
    "labels", [{"2": "valence", "0": "arousal", "1": "dominance"}, ["arousal", "dominance", "valence"]]
)
def test_columns_go_by_their_number_and_not_by_their_place_in_the_file(labels: object, tmp_path: Path) -> None:
    folder = write_published("wav2small", tmp_path / "made")
    expected = load_published(str(folder)).network.state_dict()["heads.vad.last.bias"]
    said = load_published(configured(folder, id2label=labels)).network.state_dict()["heads.vad.last.bias"]
    assert torch.equal(said, expected)


def test_an_extractor_that_does_not_normalise_is_followed(tmp_path: Path) -> None:
    folder = write_published("audeering-dim", tmp_path / "made")
    for told, expected in ((True, "utterance"), (False, "none")):
        (folder / "preprocessor_config.json").write_text(json.dumps({"do_normalize": told, "sampling_rate": 16_000}))
        assert read_published(str(folder))[1].sections["acoustic"]["normalise"] == expected


def test_weights_of_eight_bits_are_read(tmp_path: Path) -> None:
    folder = write_published("wav2small", tmp_path / "made")
    tensors = load_file(folder / "model.safetensors")
    save_file({**tensors, "adv.bias": tensors["adv.bias"].to(torch.float8_e4m3fn)}, folder / "model.safetensors")
    load_published(str(folder))


def test_loading_a_model_draws_no_random_number_of_the_callers(tmp_path: Path) -> None:
    folder = write_published("wav2small", tmp_path / "made")
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    load_published(str(folder))
    assert torch.equal(torch.rand(1), expected)
