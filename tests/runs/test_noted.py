from __future__ import annotations

from pathlib import Path

import pytest
from small_corpus import tiny_settings

from msftk.errors import InputError
from msftk.runs.begin import Begun, Plan, begin_run
from msftk.runs.folder import RunFolder
from msftk.runs.noted import check_noted
from msftk.store.manifest import Manifest


def test_what_was_noted_is_held_against_what_is_read_later(tmp_path: Path, tone_corpus: Manifest) -> None:
    run, plan = RunFolder(tmp_path / "run"), Plan(None, allow_overlap=False, data="d1")
    begin_run(run, tiny_settings(), plan, tone_corpus)
    before = run.plan_file.read_text()
    check_noted(run, {"the acoustic model": {}})  # none is read
    assert run.plan_file.read_text() == before
    check_noted(run, {"what transform 1 (noise) reads": {"files": "3", "listing": "a"}, "what makes gs": "h1"})
    check_noted(run, {"what makes gs": "h1", "what it learns": "l1"})
    for changed in ({"what it learns": "l2"}, {"what transform 1 (noise) reads": {"files": "3", "listing": "b"}}):
        (what,) = changed
        with pytest.raises(InputError) as told:
            check_noted(run, {**changed})
        assert str(told.value) == (
            f"{run.path}: an unfinished run, and {what} changed since it was begun. Put back what was there to resume "
            "it, or give another --out to begin anew."
        )
    (run.state / "epoch-00001").mkdir()
    assert begin_run(run, tiny_settings(), plan, tone_corpus) is Begun.RESUMED
    check_noted(run, {"what it learns": "l1"})
