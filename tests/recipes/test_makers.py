"""A call may choose other makers than the run; what the model was trained with stays."""

from __future__ import annotations

import pytest

from msftk.errors import UnknownNameError
from msftk.recipes.makers import layer_of
from msftk.settings import laid_over, load_settings


def test_other_makers_are_laid_over_the_runs_settings() -> None:
    run = load_settings("tiny", None, ["describer.name=replay", "alignment.phone_tier=phone"], environment={})
    layer = layer_of(
        {
            "alignment": {"word_tier": "ORT"},
            "transcriber": {"name": "whisper", "batch": 2},
            "aligner": None,
            "describer": "measured",
        }
    )
    anew = laid_over(run, layer)
    assert (anew.transcriber.name, anew.transcriber.options) == ("whisper", {"batch": 2})
    assert (anew.describer.name, anew.describer.options) == ("measured", {})
    assert anew.alignment == {"word_tier": "ORT", "phone_tier": "phone"}
    assert anew.model_copy(update={s: getattr(run, s) for s in layer}) == run
    assert laid_over(run, layer_of({})) == run


def test_options_of_the_runs_own_maker_need_no_name_and_are_checked() -> None:
    run = load_settings("tiny", None, ["transcriber.name=whisper"], environment={})
    assert laid_over(run, layer_of({"transcriber": {"batch": 3}})).transcriber.options == {"batch": 3}
    with pytest.raises(UnknownNameError, match=r"unknown option 'transcriber\.bacth'\. Did you mean 'batch'"):
        laid_over(run, layer_of({"transcriber": {"bacth": 3}}))
    with pytest.raises(UnknownNameError, match=r"unknown transcriber 'wisper'\. Did you mean 'whisper'"):
        laid_over(run, layer_of({"transcriber": "wisper"}))
