from __future__ import annotations

import pytest

from msftk.cli.options import loading, options_anew, settings_from
from msftk.errors import InputError


def test_flags_are_written_as_dotted_paths_and_those_not_given_say_nothing() -> None:
    settings = settings_from("tiny", None, ["training.epochs=3"], "gs, es,", fusion__name="film", training__batch=None)
    assert (settings.fusion.name, settings.training.epochs) == ("film", 3)
    assert settings.semantics == ("gs", "es")
    assert settings.training.batch == settings_from("tiny", None, None).training.batch


def test_of_a_runs_settings_only_those_of_alignment_and_of_makers_may_be_given_anew() -> None:
    assert options_anew(["alignment.phone_tier=phone"], word_tier="ORT", describer=None) == {
        "alignment": {"phone_tier": "phone", "word_tier": "ORT"}
    }
    assert options_anew(["transcriber.batch=2"], transcriber="whisper") == {
        "transcriber": {"batch": 2, "name": "whisper"}
    }
    with pytest.raises(InputError, match=r"--set fusion\.hidden=3: here the settings are the run's"):
        options_anew(["fusion.hidden=3"])


def test_options_of_a_published_model_go_where_it_is_loaded() -> None:
    given = ["model.padding_frames=true", "alignment.phone_tier=phone"]
    assert options_anew(given) == {"alignment": {"phone_tier": "phone"}}
    assert loading(["msp-lab"], "cpu", False, False, False, given)["model_options"] == {"padding_frames": True}
    assert loading([], "cpu", False, False, False, given[1:])["model_options"] == {}
    with pytest.raises(InputError, match=r"--set model\.padding_frames=true: of published models"):
        loading([], "cpu", False, False, False, given)
