from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from small_corpus import tiny_settings

from msftk.recipes.stressed import recording_of, words_of
from msftk.store.features import Store
from msftk.store.manifest import Manifest


def test_words_are_told_in_three_parts(tone_corpus: Manifest, tone_store: Store) -> None:
    utterance = next(u for u in tone_corpus.utterances if u.id == "s5_1")
    found = recording_of(utterance, tiny_settings(), tone_store)
    assert found is not None
    words = words_of(utterance, found)
    assert [*words["before"], *words["segment"], *words["after"]] == ["please", "stop", "here"]
    assert words["segment"][words["top"]] == found.emphasis.prosody.words[found.emphasis.top]


def test_without_alignment_or_audio_the_transcript_stands(tone_corpus: Manifest, tone_store: Store) -> None:
    utterance = next(u for u in tone_corpus.utterances if u.id == "s4_1")  # no alignment
    gone = replace(tone_corpus.utterances[-1], audio=Path("/gone/a.wav"))
    for one in (utterance, gone):
        assert recording_of(one, tiny_settings(), tone_store) is None
        assert words_of(one, None) == {"before": ["please", "stop", "here"], "segment": [], "after": [], "top": None}
