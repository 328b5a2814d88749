"""A part of a text: its tokens are pooled as the whole text means them, stored once, and found again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_corpus import tiny_settings

from msftk.errors import InputError, MsftkError
from msftk.interfaces import TokenVectors
from msftk.preparation.extract import Preparation, extract
from msftk.preparation.parts import make_parts
from msftk.preparation.tokens import pooled, token_vectors
from msftk.registry import registry
from msftk.settings import Settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk_plugins.text.hashing import Hashing


def settings(*semantics: str) -> Settings:
    return tiny_settings(semantics=semantics or ("gs", "les-tokens"))


def test_words_of_a_hashed_sentence_mean_what_they_mean_alone(tmp_path: Path, tone_corpus: Manifest) -> None:
    """Hashing knows no context, so LES by tokens is LES."""
    prepared = extract(tone_corpus.utterances, settings("les", "les-tokens"), Store(tmp_path))
    assert prepared.present["les"] == prepared.present["les-tokens"] == 22
    assert prepared.dims["les-tokens"] == 16
    for utterance in tone_corpus.utterances:
        les, tokens = (prepared.vector(source, utterance.id) for source in ("les", "les-tokens"))
        if les is None:
            assert tokens is None
        else:
            np.testing.assert_allclose(les, tokens, atol=1e-3)
    text = prepared.text("les-tokens", "s2_0")
    assert text == "please stop now"  # the sentence


def test_tokens_are_encoded_once_and_found_again(
    tmp_path: Path, tone_corpus: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = extract(tone_corpus.utterances, settings(), Store(tmp_path))
    assert (first.stages["token vectors"].made, first.stages["token vectors"].found) == (2, 0)
    monkeypatch.setattr(Hashing, "tokens", None)
    monkeypatch.setattr(Hashing, "encode", None)
    again = extract(tone_corpus.utterances, settings(), Store(tmp_path))
    assert "token vectors" not in again.stages  # their parts are there
    for utterance in tone_corpus.utterances:
        np.testing.assert_array_equal(
            first.vector("les-tokens", utterance.id), again.vector("les-tokens", utterance.id)
        )
    other = settings("les-tokens").model_copy(update={"emphasis": settings().emphasis})
    assert Preparation(other, Store(tmp_path)).token_shelf is not None


def test_another_part_of_a_known_sentence_needs_no_encoder(
    tmp_path: Path, tone_corpus: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = registry().get("semantic-source", "les-tokens").load()
    extract(tone_corpus.utterances, settings(), Store(tmp_path))
    monkeypatch.setattr(source, "span", lambda self, evidence: (0, 6))
    monkeypatch.setattr(source, "results_version", 2)
    tokens, calls = Hashing.tokens, list[Any]()
    monkeypatch.setattr(Hashing, "tokens", lambda self, texts: calls.append(texts) or tokens(self, texts))
    prepared = extract(tone_corpus.utterances, settings(), Store(tmp_path))
    assert calls == []
    assert prepared.stages["token vectors"].found == 2
    please = registry().create("text-encoder", "hashing", {"dim": 16}).encode(["please"])[0]
    np.testing.assert_allclose(prepared.vector("les-tokens", "s2_0"), please, atol=1e-3)


def test_tokens_that_share_a_character_are_pooled_and_all_where_none_does() -> None:
    encoder = Hashing(Hashing.Options(dim=8))
    vectors, spans = np.eye(4, 8, dtype=np.float32), np.array([[0, 0], [0, 3], [3, 5], [6, 9]], np.int32)
    assert np.flatnonzero(pooled(encoder, vectors, spans, (3, 6))).tolist() == [2]
    assert np.flatnonzero(pooled(encoder, vectors, spans, (2, 7))).tolist() == [1, 2, 3]
    assert np.flatnonzero(pooled(encoder, vectors, spans, (40, 50))).tolist() == [0, 1, 2, 3]


def test_an_encoder_without_tokens_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hashing, "gives_tokens", False)
    with pytest.raises(InputError, match=r"source 'les-tokens' reads the tokens .*encoder 'hashing' gives none\."):
        make_parts(settings())


@pytest.mark.parametrize("value", [np.nan, 1e5])
def test_token_vectors_that_are_not_finite_are_refused(value: float) -> None:
    part = make_parts(settings()).encoder
    assert part is not None

    class Spoiled(Hashing):
        def tokens(self, texts: Any) -> list[TokenVectors]:
            return [TokenVectors(np.full((1, 16), value, np.float32), np.zeros((1, 2), np.int32))]

    with pytest.raises(MsftkError, match=r"'hashing' returned token vectors of shape \(1, 16\), expected \(1, 16\) of"):
        token_vectors(replace(part, component=Spoiled(Hashing.Options(dim=16))), ["a"])
