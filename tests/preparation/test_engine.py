"""Which engine runs preparation, and how many workers it is given."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from msftk.errors import InputError
from msftk.interfaces import Engine, Options
from msftk.preparation.engine import make_engine
from msftk.registry import registry
from msftk.settings import Component


class Fixed(Engine):
    """An engine whose width nobody chooses."""

    class Options(Options):
        pass

    def __init__(self, options: Fixed.Options) -> None:
        self.workers = 3

    def map(self, work, items):
        return ((item, work(item)) for item in items)


def test_the_workers_that_are_asked_for_go_before_the_settings() -> None:
    chosen = Component.model_validate({"name": "local", "workers": 2})
    assert make_engine(chosen).workers == 2
    assert make_engine(chosen, workers=5).workers == 5
    assert make_engine(workers=4).workers == 4


def test_an_engine_without_workers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = SimpleNamespace(load=lambda: Fixed)
    monkeypatch.setattr(registry(), "get", lambda kind, name: plugin)
    with pytest.raises(
        InputError, match=r"engine 'fixed' does not let the number of its workers be chosen\. Leave --workers out\."
    ):
        make_engine(Component(name="fixed"), workers=4)
