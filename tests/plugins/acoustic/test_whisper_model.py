"""The written-out encoder of Whisper says what that of transformers says, on the same weights."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from transformers import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoder as Theirs

from msftk_plugins.acoustic import whisper_model as whisper_model_room
from msftk_plugins.acoustic.model_config import unset
from msftk_plugins.acoustic.whisper_model import WhisperEncoder, whisper_model

SIZES = {"d_model": 16, "encoder_layers": 3, "encoder_attention_heads": 2, "encoder_ffn_dim": 32}
ROWS = 60


@pytest.fixture(scope="module")
def pair() -> tuple[Any, WhisperEncoder]:
    torch.manual_seed(0)
    config = WhisperConfig(**SIZES, max_source_positions=ROWS // 2, num_mel_bins=8)
    theirs = Theirs(config).eval()
    for own in theirs.parameters():
        own.data += 0.1 * torch.randn_like(own)
    made: WhisperEncoder = unset(whisper_model, json.loads(config.to_json_string(use_diff=False)))
    made.load_state_dict(theirs.state_dict())
    return theirs, made.eval()


@torch.no_grad()
def test_its_states_are_those_of_transformers(pair: tuple[Any, WhisperEncoder]) -> None:
    theirs, ours = pair
    mel = torch.randn(2, 8, ROWS)
    expected = theirs(mel, output_hidden_states=True)
    for found, state in zip(ours.states(mel), expected.hidden_states, strict=True):
        torch.testing.assert_close(found, state, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("cache", [whisper_model_room.BLOCK, 1])
@torch.no_grad()
def test_the_last_layer_for_some_frames_is_that_for_all(
    cache: int, pair: tuple[Any, WhisperEncoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the cache holds one recording at a time."""
    monkeypatch.setattr(whisper_model_room, "BLOCK", cache)
    theirs, ours = pair
    mel = torch.randn(2, 8, ROWS)
    expected = theirs(mel).last_hidden_state
    for n in (1, 7, ROWS // 2):
        torch.testing.assert_close(ours.last(mel, n), expected[:, :n], atol=1e-5, rtol=1e-5)


def test_dropout_is_drawn_as_transformers_draws_it(pair: tuple[Any, WhisperEncoder]) -> None:
    theirs, ours = pair
    mel, said = torch.randn(1, 8, ROWS), []
    for model in (theirs, ours):
        model.train()
        model.layerdrop = 0.3
        model.dropout = model.config.dropout = 0.2
        for layer in model.layers:
            layer.dropout = layer.p = 0.2
            layer.activation_dropout = layer.p_inside = 0.1
    for hear in (lambda: theirs(mel).last_hidden_state, lambda: ours.states(mel)[-1]):
        torch.manual_seed(1)
        said.append(hear())
    theirs.eval(), ours.eval()
    torch.testing.assert_close(said[1], said[0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("other", [{"model_type": "wavlm"}, {"activation_function": "relu"}])
def test_another_model_is_left_to_transformers(other: dict[str, str]) -> None:
    assert whisper_model({"model_type": "whisper", **SIZES, **other}) is None
