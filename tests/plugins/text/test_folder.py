"""Text encoders by transformers: a tiny RoBERTa saved to disk and loaded by its path."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    T5Config,
    T5Model,
    ViTConfig,
    ViTModel,
)

from msftk.consent import Consent, consenting
from msftk.errors import InputError
from msftk.preparation.parts import make_part
from msftk.registry import registry
from msftk.settings import Component

TEXTS = ["", "I really mean that", "Please check the number and dial again, " * 3, "no"]
DIM = 16


@pytest.fixture(scope="module")
def roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as save_pretrained() writes it: random weights, byte-level BPE learned from a few sentences."""
    from tokenizers import ByteLevelBPETokenizer
    from tokenizers.processors import RobertaProcessing

    folder = tmp_path_factory.mktemp("roberta")
    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(TEXTS, vocab_size=300, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    bpe._tokenizer.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0))
    names = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "pad_token": "<pad>"}
    PreTrainedTokenizerFast(tokenizer_object=bpe._tokenizer, **names, unk_token="<unk>").save_pretrained(folder)
    sizes = {"hidden_size": DIM, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        RobertaModel(RobertaConfig(vocab_size=300, max_position_embeddings=40, **sizes)).save_pretrained(folder)
    return folder


def encoder(folder: Path, **options: object) -> Any:
    return registry().create("text-encoder", "hf", {"model": str(folder), **options})


def test_vectors_are_float32_rows_of_the_models_size(roberta: Path) -> None:
    made = encoder(roberta)
    vectors = made.encode(TEXTS)
    assert made.dim == DIM
    assert vectors.shape == (len(TEXTS), DIM)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()


def test_threads_that_ask_at_once_share_one_model_and_get_their_own_vectors(roberta: Path) -> None:
    made, expected = encoder(roberta), encoder(roberta).encode(TEXTS)
    together = threading.Barrier(16, timeout=30)

    def ask(place: int) -> np.ndarray:
        together.wait()
        assert made.dim == DIM
        return np.concatenate([made.encode([TEXTS[(place + k) % 4]]) for k in range(4)])

    with ThreadPoolExecutor(16) as pool:
        for place, found in enumerate(pool.map(ask, range(16))):
            np.testing.assert_allclose(found, np.roll(expected, -place, axis=0), atol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_batch_gives_each_text_the_vector_it_has_alone(roberta: Path, pooling: str) -> None:
    made = encoder(roberta, pooling=pooling)
    together = made.encode(TEXTS)
    alone = np.concatenate([made.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_mean_pooling_is_the_mean_over_the_models_real_tokens(roberta: Path) -> None:
    made = encoder(roberta)
    model = RobertaModel.from_pretrained(roberta).eval()
    tokens = PreTrainedTokenizerFast.from_pretrained(roberta)("I really mean that", return_tensors="pt")
    with torch.no_grad():
        hidden = model(tokens["input_ids"], attention_mask=tokens["attention_mask"]).last_hidden_state[0]
    np.testing.assert_allclose(made.encode(["I really mean that"])[0], hidden.mean(0), atol=1e-6)
    np.testing.assert_allclose(encoder(roberta, pooling="cls").encode(["I really mean that"])[0], hidden[0], atol=1e-6)


def test_a_layer_can_be_chosen_and_a_missing_one_is_refused(roberta: Path) -> None:
    last, first = encoder(roberta, layer=2).encode(["no"]), encoder(roberta, layer=1).encode(["no"])
    np.testing.assert_allclose(last, encoder(roberta).encode(["no"]), atol=1e-6)
    assert np.abs(last - first).max() > 1e-3
    with pytest.raises(InputError, match=r"text\.layer is 3: .* has hidden layers 0 to 2\. Give one of them"):
        encoder(roberta, layer=3).encode(["no"])


@pytest.fixture(scope="module")
def t5(roberta: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("t5")
    shutil.copytree(roberta, folder, dirs_exist_ok=True)
    sizes = {"d_model": DIM, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        T5Model(T5Config(vocab_size=300, **sizes)).save_pretrained(folder)
    return folder


def test_of_a_model_with_a_decoder_the_encoder_reads(t5: Path) -> None:
    made = encoder(t5)
    tokens = PreTrainedTokenizerFast.from_pretrained(t5)("I really mean that", return_tensors="pt")
    with torch.no_grad():
        model = T5Model.from_pretrained(t5).eval()
        hidden = model.get_encoder()(tokens["input_ids"], output_hidden_states=True)
    np.testing.assert_allclose(made.encode(["I really mean that"])[0], hidden[0][0].mean(0), atol=1e-6)
    first = encoder(t5, layer=1).encode(["I really mean that"])[0]
    np.testing.assert_allclose(first, hidden.hidden_states[1][0].mean(0), atol=1e-6)
    assert made.dim == DIM


def test_a_model_that_reads_no_texts_is_refused(roberta: Path, tmp_path: Path) -> None:
    shutil.copytree(roberta, tmp_path, dirs_exist_ok=True)
    ViTModel(
        ViTConfig(hidden_size=DIM, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, image_size=32)
    ).save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"ViTModel reads no texts \(.*\)\. Give a text encoder"):
        encoder(tmp_path).encode(TEXTS)


def test_a_text_longer_than_the_models_positions_is_cut(roberta: Path) -> None:
    long = "again and again " * 200
    made = encoder(roberta)
    assert np.isfinite(made.encode([long])).all()
    np.testing.assert_array_equal(made.encode([long]), made.encode([long + "never read"]))


def test_loading_leaves_the_callers_random_state(roberta: Path) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    encoder(roberta).encode(["no"])
    assert torch.equal(before, torch.get_rng_state())


def test_identity_is_the_content_of_the_folder_and_not_its_place(roberta: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(roberta, tmp_path / "copy")
    component = Component.model_validate({"name": "hf", "model": str(roberta)})
    moved = component.model_copy(update={"model": str(copy)})
    assert make_part("text-encoder", component, {}, ()).hash == make_part("text-encoder", moved, {}, ()).hash
    assert str(roberta) not in str(make_part("text-encoder", component, {}, ()).producer)
    (copy / "tokenizer.json").write_text((copy / "tokenizer.json").read_text() + " ")
    assert make_part("text-encoder", component, {}, ()).hash != make_part("text-encoder", moved, {}, ()).hash


def test_a_folder_with_pickled_weights_only_is_refused(roberta: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(roberta, tmp_path / "pickled")
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(
        InputError, match=r"weights only as a pickle \(pytorch_model\.bin\), which can run any code .* conv"
    ):
        encoder(folder)


def test_a_folder_without_weights_or_configuration_is_refused(roberta: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(roberta, tmp_path / "empty")
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"no weights there, expected model\.safetensors"):
        encoder(folder)
    (folder / "config.json").unlink()
    with pytest.raises(InputError, match=r"no config\.json there"):
        encoder(folder)


def test_broken_weights_are_one_clear_error(roberta: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(roberta, tmp_path / "broken")
    (folder / "model.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(InputError, match=r"broken: not a text encoder that transformers can load: .* Give a folder"):
        encoder(folder).encode(["no"])


def test_a_model_that_is_not_here_is_refused_with_the_remedies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    allowed = consenting(Consent(download=True))
    with (
        allowed,
        pytest.raises(
            InputError, match=r"'msftk-tests/none' is not in the Hugging Face cache, and HF_HUB_OFFLINE is set"
        ),
    ):
        encoder(Path("msftk-tests/none"))


def test_a_model_is_not_fetched_unless_the_call_allows_it() -> None:
    with pytest.raises(InputError, match=r"this call may not fetch it\. Give --allow-download"):
        encoder(Path("msftk-tests/none"))


def test_a_name_that_is_neither_folder_nor_id_is_refused() -> None:
    with pytest.raises(InputError, match=r"text\.model is '/no/such/folder': no such folder, and no model id"):
        encoder(Path("/no/such/folder"))


def test_tokens_are_the_hidden_states_of_the_sentence_with_their_characters(roberta: Path) -> None:
    made = encoder(roberta)
    texts = ["I really mean that", "no"]
    for text, (vectors, spans), whole in zip(texts, made.tokens(texts), made.encode(texts), strict=True):
        assert vectors.shape == (len(spans), DIM)
        np.testing.assert_allclose(made.pooled(vectors), whole, atol=1e-5)  # the mean over all of them, marks too
        assert spans[0].tolist() == spans[-1].tolist() == [0, 0]
        assert "".join(text[start:end] for start, end in spans).replace(" ", "") == text.replace(" ", "")
    assert made.tokens([]) == []


def test_a_word_has_another_vector_in_another_sentence(roberta: Path) -> None:
    made = encoder(roberta)
    one, other = (found.vectors[found.spans[:, 1] == 2][0] for found in made.tokens(["no", "no, I really mean that"]))
    assert np.abs(one - other).max() > 1e-3


def test_bfloat16_is_chosen_where_a_gpu_has_it_and_is_another_identity(
    roberta: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact, rough = encoder(roberta), encoder(roberta, precision="bfloat16")
    assert exact._model.dtype == torch.float32
    assert rough._model.dtype == torch.bfloat16
    assert rough.encode(TEXTS).dtype == np.float32
    np.testing.assert_allclose(rough.encode(TEXTS), exact.encode(TEXTS), atol=0.05)
    assert exact.identity()["precision"] == "float32"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert encoder(roberta).identity() == rough.identity() != exact.identity()
    assert encoder(roberta, precision="float32").identity() == exact.identity()
