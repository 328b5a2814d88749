from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModel

from msftk.errors import InputError
from msftk_plugins.acoustic.hf import HfAcousticEncoder
from msftk_plugins.acoustic.wavlm.attention import GatedAttention

LENGTHS = (9_000, 4_973, 400)


def encoder(folder: Path, **options: object) -> HfAcousticEncoder:
    return HfAcousticEncoder(HfAcousticEncoder.Options(model=str(folder), **options))


def batch(one: HfAcousticEncoder) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(0)
    prepared = [one.prepare(rng.normal(0.1, 0.3, n).astype(np.float32), None) for n in LENGTHS]
    return pad_sequence(prepared, batch_first=True), torch.tensor([len(p) for p in prepared])


def frames_and_gradients(one: HfAcousticEncoder) -> dict[str, Tensor]:
    """Of a loss with a slope at every valid frame, in the mode the encoder is in."""
    inputs, lengths = batch(one)
    torch.manual_seed(1)
    frames, valid = one(inputs, lengths)
    slope = torch.randn(frames.shape, generator=torch.Generator().manual_seed(1))
    (frames * slope * valid.unsqueeze(-1)).sum().backward()
    return {"frames": frames.detach(), **{name: p.grad for name, p in one.named_parameters() if p.grad is not None}}


@pytest.mark.parametrize("kind", ["wavlm", "wavlm-group"])
@pytest.mark.parametrize("layer", ["last", "weighted", 1])
def test_frames_and_all_gradients_are_those_of_transformers_attention(
    models: dict[str, Path], kind: str, layer: str | int
) -> None:
    expected, found = (
        frames_and_gradients(encoder(models[kind], layer=layer, attention=attention).eval())
        for attention in ("transformers", "auto")
    )
    assert expected.keys() == found.keys()
    nothing = 1e-6 * max(one.norm() for one in expected.values())  # the key's bias changes no weight: rounding is left
    for name, one in expected.items():
        assert (one - found[name]).norm() <= 1e-5 * one.norm() + nothing, name


@pytest.mark.parametrize("kind", ["wavlm", "wavlm-group"])
def test_states_are_the_hidden_states_of_transformers(models: dict[str, Path], kind: str) -> None:
    inputs, _ = batch(encoder(models[kind]))
    theirs = AutoModel.from_pretrained(models[kind]).eval()
    with torch.no_grad():
        expected = theirs(inputs[:1], output_hidden_states=True).hidden_states
        for number, one in enumerate(expected):
            found, _ = encoder(models[kind], layer=number).eval()(inputs[:1], torch.tensor([inputs.shape[1]]))
            torch.testing.assert_close(found, one, rtol=0, atol=1e-5)


def test_layers_are_dropped_as_transformers_drops_them(models: dict[str, Path]) -> None:
    one = encoder(models["wavlm"])
    one.config.layerdrop = 0.5
    inputs, lengths = batch(one)
    with torch.no_grad():
        counts = {len(list(one.train().layers.states(one.front_end(inputs), lengths // 320))) for _ in range(20)}
    assert counts == {2, 3}  # what the first layer reads, the first, and the second or not


def test_later_layers_than_the_one_asked_for_do_not_run(models: dict[str, Path]) -> None:
    one = encoder(models["wavlm"], layer=1)
    one.model.encoder.layers[1].register_forward_hook(lambda *_: pytest.fail("the second layer ran"))
    one(*batch(one))


def test_no_warning_is_given(models: dict[str, Path]) -> None:
    one = encoder(models["wavlm"]).train()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one(*batch(one))[0].sum().backward()


def test_weights_are_saved_under_the_names_of_the_checkpoint(models: dict[str, Path]) -> None:
    names = [set(encoder(models["wavlm"], attention=a).state_dict()) for a in ("transformers", "auto", "sdpa")]
    assert names[0] == names[1] == names[2]


def test_triton_without_a_gpu_is_refused(models: dict[str, Path]) -> None:
    one = encoder(models["wavlm"], attention="triton")
    with pytest.raises(InputError, match=r"acoustic.attention is triton, which needs a CUDA GPU .* Use auto or sdpa"):
        one(*batch(one))


@pytest.mark.slow
def test_compiled_once_for_all_lengths_and_batches(models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._dynamo.utils import counters

    compile_layer = torch.nn.Module.compile
    monkeypatch.setattr(
        torch.nn.Module,
        "compile",
        lambda layer, dynamic, **_: compile_layer(layer, dynamic=dynamic, backend="aot_eager"),
    )
    torch.compiler.reset()
    counters.clear()
    one = encoder(models["wavlm"], compile="on").train()
    plain = encoder(models["wavlm"], compile="off").train()
    for part in (*one.modules(), *plain.modules()):  # compiled it draws other numbers on a CPU
        if isinstance(part, nn.Dropout):
            part.p = 0.0
        elif isinstance(part, GatedAttention):
            part.dropout = 0.0
    for n_samples in ((9_000, 5_000), (7_001, 1_000), (12_345, 400, 3_000), (4_000, 3_999), (20_000, 10_000)):
        inputs = torch.randn(len(n_samples), max(n_samples))
        given = inputs, torch.tensor(n_samples)
        torch.manual_seed(0)  # LayerDrop
        frames, _ = one(*given)
        frames.square().sum().backward()
        torch.manual_seed(0)
        torch.testing.assert_close(frames, plain(*given)[0], rtol=0, atol=1e-5)
    assert counters["frames"]["ok"] == 1
