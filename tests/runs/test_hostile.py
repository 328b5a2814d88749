"""A run folder from a stranger is as safe as a table: none of its code runs, and nothing is fetched for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import save_file
from tiny_wavlm import save_tiny_wavlm, wavlm_settings

from msftk.errors import InputError
from msftk.recipes.predict import load
from msftk.recipes.train import train
from msftk.runs.folder import RunFolder
from msftk.runs.weights import read_tensors
from msftk.settings import load_settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest

CODE = """
from pathlib import Path
Path({marker!r}).write_text("it ran")
from transformers import PretrainedConfig, WavLMConfig, WavLMModel
class Config(WavLMConfig):
    model_type = "bait"
class Model(WavLMModel):
    config_class = Config
"""
AUTO_MAP = {"AutoConfig": "bait.Config", "AutoModel": "bait.Model", "AutoTokenizer": "bait.Config"}


@pytest.fixture
def bait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model folder whose code writes a file when it is imported."""
    from transformers import dynamic_module_utils

    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    folder = save_tiny_wavlm(tmp_path / "bait")
    (folder / "bait.py").write_text(CODE.format(marker=str(tmp_path / "ran")))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "bait", "auto_map": AUTO_MAP}))
    return folder


@pytest.fixture(scope="module")
def wavlm_run(tmp_path_factory: pytest.TempPathFactory, tone_corpus: Manifest, tone_store: Store) -> Path:
    folder = tmp_path_factory.mktemp("wavlm")
    settings = wavlm_settings(save_tiny_wavlm(folder / "model"), "training.epochs=1", "fusion.name=film")
    train(tone_corpus, settings, folder / "run", store=tone_store, device="cpu")
    return folder / "run"


@pytest.fixture
def hostile(wavlm_run: Path, bait: Path, tmp_path: Path) -> Callable[..., RunFolder]:
    """A copy of a run whose settings trust the bait, and whose weights carry a configuration with `changes`."""

    def make(text: str = "hashing", **changes: object) -> RunFolder:
        run = RunFolder(Path(shutil.copytree(wavlm_run, tmp_path / "run")))
        toml = run.settings_file.read_text()
        toml = toml.replace('[acoustic]\nname = "hf"', '[acoustic]\nname = "hf"\ntrust_remote_code = true')
        toml = toml.replace(f'model = "{wavlm_run.parent / "model"}"', f'model = "{bait}"')
        if text != "hashing":
            start = toml.index("[text]")
            end = toml.index("[", start + 1)
            toml = f'{toml[:start]}[text]\nname = "hf"\nmodel = "{text}"\ntrust_remote_code = true\n\n{toml[end:]}'
        run.settings_file.write_text(toml)
        about, tensors = read_tensors(run.model_file)
        about["acoustic_config"] = json.dumps({**json.loads(about["acoustic_config"]), **changes})
        save_file(tensors, run.model_file, {"msftk": json.dumps(about)})
        return run

    return make


@pytest.fixture
def ran(tmp_path: Path) -> Callable[[], bool]:
    return (tmp_path / "ran").exists


def test_checkpoint_holds_nothing_that_names_code(wavlm_run: Path) -> None:
    config = json.loads(read_tensors(RunFolder(wavlm_run).model_file)[0]["acoustic_config"])
    assert config["model_type"] == "wavlm"
    assert not any("auto_map" in key or "implementation" in key for key in config)


def test_switch_and_code_in_settings_and_metadata_are_nothing_to_a_known_model(
    hostile: Callable[..., RunFolder], ran: Callable[[], bool], tone_corpus: Manifest
) -> None:
    loaded = load(hostile(auto_map=AUTO_MAP, attn_implementation="someone/kernel").path, "cpu")
    assert len(loaded.predict(tone_corpus.utterances[:2])) == 2
    assert not ran()


def test_model_of_unknown_type_is_refused_and_runs_where_this_call_trusts_it(
    hostile: Callable[..., RunFolder], ran: Callable[[], bool]
) -> None:
    run = hostile(model_type="bait", auto_map=AUTO_MAP).path
    with pytest.raises(InputError, match=r"comes with Python code, which does not run by itself.*--trust-remote-code"):
        load(run, "cpu")
    assert not ran()
    load(run, "cpu", trust_remote_code=True)
    assert ran()


def test_text_encoder_of_a_run_runs_no_code(
    hostile: Callable[..., RunFolder], ran: Callable[[], bool], bait: Path, tone_corpus: Manifest, tmp_path: Path
) -> None:
    run, two = hostile(text=str(bait)).path, tone_corpus.utterances[4:6]
    with pytest.raises(InputError, match=r"bait: a model that comes with Python code, which does not run by itself"):
        load(run, "cpu").predict(two, store=tmp_path / "store")
    assert not ran()
    with pytest.raises(InputError):  # it is none, yet its code has run
        load(run, "cpu", trust_remote_code=True).predict(two, store=tmp_path / "store")
    assert ran()


def test_model_id_of_a_run_is_not_fetched(hostile: Callable[..., RunFolder], tone_corpus: Manifest) -> None:
    with pytest.raises(InputError, match=r"'someone/model' is not in the Hugging Face cache.*--allow-download"):
        load(hostile(text="someone/model").path, "cpu").predict(tone_corpus)


@pytest.mark.parametrize("config", ["", "[]", "{}", '{"model_type": "wavlm", "conv_dim": 5}', "[" * 10_000])
def test_odd_configuration_is_one_clear_error(wavlm_run: Path, tmp_path: Path, config: str) -> None:
    run = RunFolder(Path(shutil.copytree(wavlm_run, tmp_path / "run")))
    about, tensors = read_tensors(run.model_file)
    save_file(tensors, run.model_file, {"msftk": json.dumps({**about, "acoustic_config": config})})
    with pytest.raises(InputError, match=r"configuration of acoustic\.model"):
        load(run.path, "cpu")


def test_no_source_of_settings_can_let_code_run(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[text]\nname = "hf"\ntrust_remote_code = true\n')
    refusal = r"(text|targets)\.trust_remote_code: no setting lets the code of a model run.*--trust-remote-code"
    for given in (
        {"file": tmp_path / "own.toml"},
        {"assignments": ["text.name=hf", "text.trust_remote_code=true"]},
        {"assignments": ['targets=["vad",{name="text",trust_remote_code=true}]']},
        {"environment": {"MSFTK_TEXT__TRUST_REMOTE_CODE": "true"}},
    ):
        with pytest.raises(InputError, match=refusal):
            load_settings("tiny", **{"environment": {}, **given})  # type: ignore[arg-type]
