"""Classes that inherit from no base of ours: completed by defaults, or refused where a name is nearly right."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from torch import nn

from msftk import interfaces, testing
from msftk.adoption import adopt, letters_apart
from msftk.errors import InputError
from msftk.interfaces import Evidence
from msftk.registry import registry
from msftk.types import Description


class NoOptions(interfaces.Options):
    """None."""


class Plain:
    """Says nothing of anybody."""

    Options, needs = NoOptions, ("audio",)

    def __init__(self, options: Any) -> None:
        self.options = options

    def describe(self, evidence: Evidence) -> Description:
        return Description(backend="plain", status="nothing to say")


def test_a_plain_class_gets_every_ability_that_it_lacks_and_keeps_its_own() -> None:
    adopt(Plain, interfaces.Describer)
    describer: Any = Plain(NoOptions())
    assert (describer.flush_items, describer.optional, describer.wants, describer.batch) == (32, (), "cpu-kernel", 1)
    assert (describer.results_version, dict(describer.identity())) == (1, {})
    assert describer.needs == ("audio",)
    assert [said.backend for said in describer.describe_batch([Evidence("a"), Evidence("b")])] == ["plain", "plain"]


@pytest.mark.parametrize("base", [object, interfaces.Describer])
def test_a_name_nearly_right_is_refused_with_the_right_one(base: type) -> None:
    wrong = type("Costly", (Plain, base), {"__doc__": "Costs much.", "flush_item": 1})
    with pytest.raises(
        InputError, match=r"Costly sets 'flush_item', which no Describer has\. Did you mean 'flush_items'"
    ):
        adopt(wrong, interfaces.Describer)
    with pytest.raises(AssertionError, match=r"Did you mean 'flush_items'"):
        testing.check_describer(wrong)


def test_a_method_nearly_right_is_refused_with_the_right_one() -> None:
    wrong = type("Typo", (), {"Options": NoOptions, "descibe": Plain.describe})
    with pytest.raises(InputError, match=r"Typo sets 'descibe', .* Did you mean 'describe'\?"):
        adopt(wrong, interfaces.Describer)


def test_a_method_that_a_kind_cannot_do_without_is_named() -> None:
    for lacking in (type("Dumb", (), {}), type("Dumb", (interfaces.Describer,), {})):
        with pytest.raises(InputError, match=r"Dumb has no describe\(\)\. Define it as msftk\.interfaces\.Describer"):
            adopt(lacking, interfaces.Describer)


def test_other_names_are_the_plugins_own_affair() -> None:
    """Short names, what a library's base brings, what is set beside the right name, what begins with an underscore."""

    class Mean(nn.Module):
        Options = NoOptions
        parts, dims, _reads_acoustic = 3, 4, True

    adopt(Mean, interfaces.Fusion)
    both = type("Both", (Plain,), {"flush_items": 1, "flush_item": 1})
    adopt(both, interfaces.Describer)
    assert Mean.reads_acoustics  # type: ignore[attr-defined]
    assert both.flush_items == 1  # type: ignore[attr-defined]


def test_every_shipped_plugin_inherits_from_the_base_of_its_kind() -> None:
    for plugin in registry().plugins():
        component = plugin.load()
        if isinstance(component, type):  # a FeatureRule is an object
            assert issubclass(component, plugin.kind.base), plugin


def test_a_source_is_asked_for_what_it_defines() -> None:
    def vector(self: object, evidence: Evidence) -> None: ...

    direct: Any = type("Direct", (), {"vector": vector, "dim": 3, "group": "own"})
    spoken: Any = type("Spoken", (), {"text": vector, "group": "own"})
    for source in (direct, spoken):
        adopt(source, interfaces.SemanticSource)
    assert direct().makes_vectors
    assert not spoken().makes_vectors


def test_a_refused_class_is_named_where_the_plugin_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = type("Costly", (Plain,), {"flush_item": 1, "__module__": __name__})
    monkeypatch.setattr(sys.modules[__name__], "Costly", wrong, raising=False)
    plugin = type(registry().get("describer", "replay"))(
        registry().get("describer", "replay").kind, "costly", f"{__name__}:Costly", "", "msftk-costly 1.0"
    )
    with pytest.raises(InputError, match=r"Costly sets 'flush_item'"):
        plugin.load()


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("dim", "dim", 0),
        ("flush_item", "flush_items", 1),
        ("wnats", "wants", 1),
        ("", "ab", 2),
        ("kitten", "sitting", 3),
    ],
)
def test_letters_apart(one: str, other: str, apart: int) -> None:
    assert letters_apart(one, other) == letters_apart(other, one) == apart
