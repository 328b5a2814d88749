from __future__ import annotations

from dataclasses import replace

from small_corpus import tiny_settings

from msftk.recipes.shared_inputs import SharedInputs
from msftk.runs.inputs import Inputs
from msftk.settings import Settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest


def test_runs_that_prepare_alike_share_and_others_do_not(tone_corpus: Manifest, tone_store: Store) -> None:
    shared, made = SharedInputs(), []

    def get(settings: Settings, corpus: Manifest = tone_corpus, folds: str | None = None) -> int:
        def make() -> Inputs:
            made.append(settings)
            return object.__new__(Inputs)

        shared.get(corpus, settings, tone_store, folds, make)
        return len(made)

    alike = ("training.seed=3", "training.epochs=9", "fusion.name=film", "intra.name=attention", "head.hidden=16")
    assert get(tiny_settings()) == 1
    for assignment in alike:
        assert get(tiny_settings(assignment)) == 1, assignment
    others = ('semantics=["gs"]', "data.exchanged=les", "emphasis.name=random-word", "text.dim=8", "acoustic.layers=2")
    for assignment in others:
        before = get(tiny_settings())
        assert get(tiny_settings(assignment)) == before + 1, assignment
    before = get(tiny_settings())  # only the last one is kept
    assert get(tiny_settings(), folds="session") == before + 1
    assert get(tiny_settings(), replace(tone_corpus), "session") == before + 2
