"""Every form of fusion trains, and its checkpoint gives the scores that training kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_corpus import tiny_settings

from msftk.recipes.evaluate import evaluate
from msftk.recipes.train import train
from msftk.store.features import Store
from msftk.store.manifest import Manifest

FORMS = {
    "meaning asks frames, intra concat": ("fusion.name=cross-attention", "intra.name=concat"),
    "frames ask meaning, groups gated": (
        *("fusion.name=cross-attention", "fusion.query=frames"),
        "fusion.group_merge=gated",
    ),
    "film at frames": ("fusion.name=film", "fusion.film_at=frames"),
    "fm-moe in its other forms, intra attention": (
        *("fusion.film_at=frames", "fusion.expert_c=cumulative"),
        *("fusion.router=conditional", "intra.name=attention"),
    ),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_trains_and_comes_back_from_its_checkpoint(
    form: tuple[str, ...], tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    settings = tiny_settings(*form, "training.epochs=2")
    kept = train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu").evaluations["test"]
    anew = evaluate(tmp_path / "run", tone_corpus, "test", store=tone_store, device="cpu")
    assert anew.ccc == pytest.approx(kept.ccc, abs=1e-6)
    assert len(kept.by_sources) == 8
    for sources, ccc in kept.by_sources.items():
        assert anew.by_sources[sources] == pytest.approx(ccc, abs=1e-6)
