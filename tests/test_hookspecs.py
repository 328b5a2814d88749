"""A kind of plugin is told once: a base class and a row are all that a new kind takes."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from pydantic import ValidationError

from msftk import hookspecs, interfaces, testing
from msftk.errors import InputError, UnknownNameError
from msftk.hookspecs import KINDS, Kind, find_kind, hookimpl
from msftk.registry import Registry
from msftk.settings import Component, with_sections

ORDERING = '''
from abc import abstractmethod
from typing import ClassVar

from msftk import interfaces
from msftk.testing.shared import factory, require


class Ordering(interfaces.Component):
    """Which utterances stand in a batch."""

    balanced: ClassVar[bool] = False

    @abstractmethod
    def order(self, n: int) -> list[int]: ...


class Backwards:
    """The last one first."""

    class Options(interfaces.Options):
        skip: int = 0

    def __init__(self, options):
        self.options = options

    def order(self, n):
        return list(range(n))[::-1][self.options.skip:]


def check_ordering(plugin, /, **options):
    require(factory("ordering", plugin, options)().order(3) != [], "order() of three utterances is empty")
'''


@pytest.fixture
def ordering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kind:
    """A kind that msftk does not know, with one plugin, in a package of its own."""
    (tmp_path / "orderings.py").write_text(ORDERING)
    monkeypatch.syspath_prepend(tmp_path)
    base = importlib.import_module("orderings").Ordering
    return Kind(
        "ordering", "register_orderings", "who stands in a batch", base, section="ordering", default="backwards"
    )


@pytest.fixture
def extended(ordering: Kind) -> Registry:
    """A registry of all kinds with that one, and the package's hooks."""

    def register_orderings(register: Callable[..., None]) -> None:
        register("backwards", "orderings:Backwards", help="the last one first")

    module = types.ModuleType("ordering_hooks")
    module.register_orderings = hookimpl(register_orderings)  # type: ignore[attr-defined]
    sys.modules["ordering_hooks"] = module
    ours = EntryPoint("msftk", "msftk_plugins.hooks", "msftk")
    return Registry([ours, EntryPoint("s", "ordering_hooks", "msftk")], (*KINDS, ordering))


def test_plugins_of_a_new_kind_are_registered_listed_and_built(extended: Registry) -> None:
    assert extended.broken == []
    assert [plugin.kind.name for plugin in extended.plugins()][-1] == "ordering"
    built = extended.create("ordering", "backwards", {"skip": 1})
    assert built.order(3) == [1, 0]
    assert built.balanced is False  # the base's default, of a class that does not inherit from it


def test_names_and_options_of_a_new_kind_are_answered_as_those_of_any(extended: Registry) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown ordering 'backward'\. Did you mean 'backwards'\?"):
        extended.get("ordering", "backward")
    with pytest.raises(UnknownNameError, match=r"unknown option 'ordering\.skips'\. Did you mean 'skip'\?"):
        extended.options("ordering", "backwards", {"skips": 1})
    with pytest.raises(InputError, match=r"ordering\.skip is 'many'"):
        extended.options("ordering", "backwards", {"skip": "many"})


def test_settings_choose_a_plugin_of_a_new_kind(ordering: Kind) -> None:
    model = with_sections([ordering])
    assert model.model_validate({}).ordering == Component(name="backwards")  # type: ignore[attr-defined]
    chosen = model.model_validate({"ordering": {"name": "other", "skip": 2}}).ordering  # type: ignore[attr-defined]
    assert (chosen.name, chosen.options) == ("other", {"skip": 2})
    with pytest.raises(ValidationError, match="samplr"):
        model.model_validate({"samplr": {"name": "other"}})


def test_a_kind_that_msftk_does_not_ship_has_no_hook_here() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown kind 'ordering'\. .*Known: corpus, "):
        find_kind("ordering")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_is_complete(kind: Kind) -> None:
    assert kind.hook.startswith("register_")
    assert kind.base.__doc__
    assert issubclass(kind.base, interfaces.Component)
    function = kind.check.partition(":")[2]
    assert function in testing.__all__
    assert getattr(testing, function).__doc__


def test_hooks_have_a_docstring_and_one_argument() -> None:
    hooks = hookspecs.hooks_of(KINDS)
    assert hooks.register_fusions.__doc__ == "joins sound and meaning (`msftk.interfaces.Fusion`)"  # type: ignore[attr-defined]
    assert [name for name in dir(hooks) if name.startswith("register_")] == sorted(kind.hook for kind in KINDS)


def test_testing_names_what_it_has() -> None:
    with pytest.raises(AttributeError, match=r"has no 'check_fusoin'\. It has: check_acoustic_encoder, "):
        testing.check_fusoin  # noqa: B018
