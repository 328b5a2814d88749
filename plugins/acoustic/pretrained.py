"""Reads a transformers speech encoder, or builds an empty one from the configuration that a checkpoint kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from msftk.consent import SWITCH, consent
from msftk.counting import counted
from msftk.errors import InputError
from msftk.hub import MODEL_ID, is_local, why_not_fetched
from msftk_plugins.acoustic.mel import MEL_INPUTS, StackedMel, WhisperMel, WholeRowsMel
from msftk_plugins.acoustic.model_config import unset
from msftk_plugins.acoustic.published import published_folder
from msftk_plugins.acoustic.wave_model import WaveModel, wave_model
from msftk_plugins.acoustic.whisper_model import WhisperEncoder, whisper_model
from msftk_plugins.weights import folder_digest, quiet

# what makes transformers import a module that a model brings, or fetch a kernel by name; and where the model lay
NAMES_CODE = (
    *("auto_map", "custom_pipelines", "_name_or_path"),
    *("attn_implementation", "_attn_implementation", "experts_implementation", "_experts_implementation"),
)
COMES_WITH_CODE = (
    "acoustic.model '{name}' comes with Python code, which does not run by itself. Read that code, and where you trust "
    "it give --trust-remote-code."
)


def load_pretrained(name: str, revision: str | None) -> Any:
    """The model with its weights, float32. It is fetched, and code of its own runs, where the caller consents.

    Raises InputError: no such model, no safetensors, no convolutional front end, weights missing.
    """
    from transformers import AutoModel

    try:
        with quiet():
            model, info = AutoModel.from_pretrained(
                name,
                config=_speech_config(_read_config(name, revision), name),
                revision=revision or "main",
                trust_remote_code=consent().remote_code,
                local_files_only=is_local(name),
                use_safetensors=True,  # never a pickle
                dtype=torch.float32,
                output_loading_info=True,
            )
    except InputError:
        raise
    except Exception as error:  # transformers raises anything, and safetensors an error of its own
        if SWITCH in str(error):
            raise InputError(COMES_WITH_CODE.format(name=name)) from error
        if MODEL_ID.fullmatch(name) and not Path(name).is_dir() and (reason := why_not_fetched(name)):
            raise InputError(f"acoustic.model '{name}' is not in the Hugging Face cache, and {reason}") from error
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"acoustic.model '{name}' cannot be loaded: {first_line} Give a model id that can be downloaded, "
            "or a folder with config.json and model.safetensors."
        ) from error
    if missing := sorted(set(info["missing_keys"]) - {"masked_spec_embed"}):
        raise InputError(
            f"acoustic.model '{name}' lacks {counted(len(missing), 'weight')} of a {model.config.model_type} encoder, "
            f"first {missing[0]}. Give a model whose weights and config.json belong together."
        )
    return model


def model_identity(name: str, revision: str | None) -> dict[str, str]:
    """What was loaded under `name`: `model`, the hash of its files, and `revision`, the commit of a model id, or "".

    A branch or tag moves on and a folder's files may change; these do not.
    """
    folder, commit = published_folder(name) or Path(name), ""
    if not folder.is_dir():
        from huggingface_hub import try_to_load_from_cache

        is_id = MODEL_ID.fullmatch(name)
        cached = try_to_load_from_cache(name, "config.json", revision=revision or "main") if is_id else None
        if not isinstance(cached, str):  # not fetched, or a cache that another tool laid out: the name is all there is
            return {"model": name, "revision": revision or ""}
        folder = Path(cached).parent
        commit = folder.name  # the hub's cache keeps a commit in a folder of its name
    return {"model": f"sha256:{folder_digest(folder)}", "revision": commit}


def build_from_config(config: str, name: str, revision: str | None, *, rebuilt: bool = True) -> Any:
    """The model that a checkpoint's configuration (JSON) describes, weights still to be filled in.

    `rebuilt`: one that is written out here is taken for transformers' own. Of a type that transformers does not know,
    the code is that of model `name`, and runs where the caller consents: a checkpoint brings none. Raises InputError
    for no such configuration.
    """
    try:
        kept = {key: value for key, value in json.loads(config).items() if key not in NAMES_CODE}
        kind = str(kept["model_type"])
        if rebuilt and (model := unset(_written_out, kept)) is not None:
            return model
        from transformers import CONFIG_MAPPING, AutoModel

        if kind in CONFIG_MAPPING:
            read = CONFIG_MAPPING[kind].from_dict(kept)
        elif consent().remote_code:
            read = _read_config(name, revision)
            read.update({key: value for key, value in kept.items() if key != "model_type"})
        else:
            raise InputError(COMES_WITH_CODE.format(name=name))
        model = AutoModel.from_config(
            _speech_config(read, "of the checkpoint"), trust_remote_code=consent().remote_code, dtype=torch.float32
        )
    except InputError:
        raise
    except Exception as error:  # a configuration from elsewhere may hold anything
        raise InputError(
            f"the configuration of acoustic.model '{name}' is none that can be built: {type(error).__name__}: {error}. "
            "Put back the config.json that it came with; of a run, train again into a new folder."
        ) from error
    return model


def mel_input(config: Any, name: str, revision: str | None) -> WhisperMel | StackedMel:
    """What prepares a model's mel features. Its settings go into `config`, and so into the checkpoint.

    Raises InputError: the model comes without preprocessor_config.json, or with an extractor of another kind.
    """
    kind = WholeRowsMel if getattr(config, "whole_mel_rows", False) else MEL_INPUTS[config.model_type]
    if not hasattr(config, "mel_settings"):
        import transformers

        try:
            own = getattr(transformers, kind.extractor).get_feature_extractor_dict(
                name, revision=revision or "main", local_files_only=is_local(name)
            )[0]
        except (OSError, ValueError) as error:
            raise InputError(
                f"acoustic.model '{name}' comes without a preprocessor_config.json, which says how its mel features "
                "are made. Put the file that the model was published with beside config.json."
            ) from error
        if own.get("feature_extractor_type", kind.extractor) != kind.extractor:
            raise InputError(
                f"acoustic.model '{name}': preprocessor_config.json is of {own['feature_extractor_type']}, expected "
                f"{kind.extractor}. Take the file that the model was published with."
            )
        config.mel_settings = {k: v for k, v in own.items() if isinstance(v, (bool, int, float))}
    return kind(config.mel_settings)


def save_mel_settings(folder: Path, front: WhisperMel | StackedMel) -> None:
    """Writes preprocessor_config.json as transformers reads it."""
    import transformers

    getattr(transformers, front.extractor)(**front.settings).save_pretrained(folder)


def whisper_encoder(model: Any) -> WhisperEncoder:
    """The encoder of a Whisper of transformers, written out here."""
    if isinstance(model, WhisperEncoder):
        return model
    made: WhisperEncoder | None = unset(whisper_model, json.loads(plain_config(model.config)))
    if made is None:
        raise InputError(
            f"acoustic.model is a Whisper with activation {model.config.activation_function}: expected gelu, as every "
            "published one has."
        )
    made.load_state_dict(model.get_encoder().state_dict())
    return made


def plain_config(config: Any) -> str:
    """A configuration as JSON without what names code: `build_from_config` reads it back."""
    values = json.loads(config.to_json_string(use_diff=False))
    return json.dumps({key: value for key, value in values.items() if key not in NAMES_CODE}, indent=2, sort_keys=True)


def save_pretrained(folder: Path, model: Any, **parts: nn.Module) -> None:
    """Writes the model as transformers reads it, with these in the places of its own parts."""
    if isinstance(model, WaveModel):
        theirs = build_from_config(plain_config(model.config), "", None, rebuilt=False)
        state = model.state_dict() | {
            f"{at}.{n}": t for at, part in parts.items() for n, t in part.state_dict().items()
        }
        theirs.load_state_dict(state)
        model, parts = theirs, {}
    own = {name: getattr(model, name) for name in parts}
    try:
        for name, part in parts.items():
            setattr(model, name, part)
        with quiet():
            model.save_pretrained(folder)
    finally:
        for name, part in own.items():
            setattr(model, name, part)


def _written_out(kept: Mapping[str, Any]) -> WaveModel | WhisperEncoder | None:
    return wave_model(kept) or whisper_model(kept)


def _read_config(name: str, revision: str | None) -> Any:
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(
        name,
        revision=revision or "main",
        trust_remote_code=consent().remote_code,
        local_files_only=is_local(name),
    )


def _speech_config(config: Any, name: str) -> Any:
    """The configuration with SpecAugment off; it must be of a kind with convolutions in front, or mel features."""
    if not hasattr(config, "conv_kernel") and config.model_type not in MEL_INPUTS:
        raise InputError(
            f"acoustic.model '{name}' is of type {config.model_type}: expected a speech encoder with a convolutional "
            f"front end, such as wavlm, wav2vec2, hubert or data2vec-audio, or of type {' or '.join(MEL_INPUTS)}."
        )
    config.apply_spec_augment = False
    config.add_adapter = False  # it would shorten the frames, and `valid` counts the convolutions' frames
    return config
