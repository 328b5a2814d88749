from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from msftk.errors import InputError
from msftk_plugins.acoustic.hf import HfAcousticEncoder
from msftk_plugins.acoustic.silent_padding import SilentPadding


@pytest.mark.parametrize("kind", ["data2vec", "hubert-batch-norm"])
@torch.no_grad()
def test_padding_is_no_longer_heard(models: dict[str, Path], kind: str) -> None:
    encoder = HfAcousticEncoder(HfAcousticEncoder.Options(model=str(models[kind]))).eval()
    assert encoder.one_by_one
    noise = np.random.default_rng(0)
    prepared = [encoder.prepare(noise.normal(0, 0.1, n).astype(np.float32), None) for n in (5_000, 9_000, 400)]
    lengths = torch.tensor([len(one) for one in prepared])
    inputs = pad_sequence(prepared, batch_first=True)
    expected, valid = encoder(inputs, lengths)
    heard = encoder._frames(inputs, lengths)[0]
    assert (heard[valid] - expected[valid]).abs().max() > 1e-3
    silent = encoder.in_graph()
    assert not silent.one_by_one
    torch.testing.assert_close(silent(inputs, lengths)[0], expected, rtol=0, atol=1e-5)


def test_an_encoder_that_hears_it_all_the_same_is_named(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SilentPadding, "_silence", lambda *_: None)
    encoder = HfAcousticEncoder(HfAcousticEncoder.Options(model=str(models["data2vec"])))
    with pytest.raises(InputError, match=r"hears the padding behind a recording.*Export a run of WavLM"):
        encoder.in_graph()
