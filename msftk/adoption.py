"""How a class from outside becomes one of its kind: what it lacks gets a default, what it misspells is refused."""

from __future__ import annotations

from typing import Any

from msftk.errors import InputError
from msftk.interfaces import Component

SHORT = 5  # a name of so few letters is two letters from too many others: `wants` from `parts`


def adopt(component: type[Any], base: type[Component]) -> None:
    """Gives `component` each ability of its kind's `base` that it lacks.

    Raises:
        InputError: it lacks a method that its kind cannot do without, or sets an attribute that no such kind has and
            that is nearly the name of one (`flush_item`): the host would never ask for it.
    """
    _refuse_misspelt(component, base)
    for ancestor in base.__mro__[:-1]:
        for name, default in vars(ancestor).items():
            if name in base.__abstractmethods__ and getattr(component, name, default) is default:
                raise InputError(
                    f"{_named(component)} has no {name}(). Define it as msftk.interfaces.{base.__name__} tells."
                )
            if not name.startswith("_") and not hasattr(component, name):
                setattr(component, name, default)
                component._adopted = {*vars(component).get("_adopted", ()), name}


def _refuse_misspelt(component: type[Any], base: type[Component]) -> None:
    own = _own_names(component, base)
    for wrong in sorted(own - _known(base)):
        for right in sorted(_known(base, class_level=True) - own):
            few = 1 if len(right) <= SHORT else 2
            if abs(len(wrong) - len(right)) <= few and letters_apart(wrong, right) <= few:
                raise InputError(
                    f"{_named(component)} sets '{wrong}', which no {base.__name__} has. Did you mean '{right}'? "
                    "Rename it; a name that only the class itself uses begins with an underscore."
                )


def letters_apart(one: str, other: str) -> int:
    """How many letters must be put in, taken out, changed, or swapped with their neighbour.

    >>> letters_apart("flush_item", "flush_items"), letters_apart("wnats", "wants")
    (1, 1)
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one):
        last, row, before = before, [i + 1], row
        for j, b in enumerate(other):
            cost = min(before[j + 1] + 1, row[j] + 1, before[j] + (a != b))
            if i and j and a == other[j - 1] and b == one[i - 1]:
                cost = min(cost, last[j - 1] + 1)
            row.append(cost)
    return row[-1]


def _known(base: type[Component], *, class_level: bool = False) -> set[str]:
    """Public names that `base` knows; `class_level`: without those that only an object sets for itself."""
    known: set[str] = set()
    for ancestor in base.__mro__[:-1]:
        notes = vars(ancestor).get("__annotations__", {})
        known |= {name for name in vars(ancestor) if not name.startswith("_")}
        known |= {name for name, note in notes.items() if not class_level or str(note).startswith("ClassVar")}
    return known


def _own_names(component: type[Any], base: type[Component]) -> set[str]:
    """Public names that the component's own package gives it; a library's class (nn.Module) is not meant."""
    package = component.__module__.partition(".")[0]
    own = [a for a in component.__mro__ if a not in base.__mro__ and a.__module__.partition(".")[0] == package]
    sets = {name for ancestor in own for name in vars(ancestor).keys() - vars(ancestor).get("_adopted", ())}
    return {name for name in sets if not name.startswith("_")}


def _named(component: type[Any]) -> str:
    return f"{component.__module__}:{component.__qualname__}"
