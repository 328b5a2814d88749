"""What the trained parts of a network own: how each parameter learns, and the state that a run keeps of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from torch import Tensor

from msftk.interfaces import ParameterGroup, Rate

Alike = tuple[str, Rate, bool]  # name, learning rate, decay


class Whole(Protocol):
    """A network of parts."""

    @property
    def parts(self) -> Mapping[str, Any]:
        """Place of a part in the network, as its parameters are named -> the part."""
        ...

    def named_parameters(self) -> Iterable[tuple[str, Any]]: ...
    def state_dict(self) -> dict[str, Tensor]: ...
    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> Any: ...


def parameter_groups(network: Whole) -> list[ParameterGroup]:
    """The groups of all parts, then what belongs to none; each trainable parameter once, in the network's order."""
    claimed: dict[int, Alike] = {}
    for place, part in network.parts.items():
        for group in part.parameter_groups():
            claimed |= {id(one): (f"{place}.{group.name}", group.rate, group.decay) for one in group.parameters}
    gathered: dict[Alike, list[Any]] = {}
    for _, one in network.named_parameters():
        if one.requires_grad:
            gathered.setdefault(claimed.get(id(one), ("network", "scratch", True)), []).append(one)
    return [ParameterGroup(name, own, rate, decay) for (name, rate, decay), own in gathered.items()]


def own_state(network: Whole) -> dict[str, Tensor]:
    """What each part keeps of itself, and all that belongs to none, by the names of the network."""
    state = {name: value for name, value in network.state_dict().items() if _part_of(network, name) is None}
    for place, part in network.parts.items():
        state |= {f"{place}.{name}": value for name, value in part.own_state().items()}
    return state


def load_own_state(network: Whole, state: Mapping[str, Tensor]) -> None:
    """Puts back what `own_state` gave. Raises RuntimeError, as torch does, where it does not fit the network."""
    own: dict[str | None, dict[str, Tensor]] = {None: {}, **{place: {} for place in network.parts}}
    for name, value in state.items():
        place = _part_of(network, name)
        own[place][name if place is None else name.removeprefix(f"{place}.")] = value
    for place, part in network.parts.items():
        part.load_own_state(own[place])
    keys = network.load_state_dict(own[None], strict=False)
    missing = [name for name in keys.missing_keys if _part_of(network, name) is None]
    for what, names in (("Missing", missing), ("Unexpected", keys.unexpected_keys)):
        if names:
            raise RuntimeError(f"Error(s) in loading:\n\t{what} key(s) in state_dict: {', '.join(names)}.")


def _part_of(network: Whole, name: str) -> str | None:
    return next((place for place in network.parts if name.startswith(f"{place}.")), None)
