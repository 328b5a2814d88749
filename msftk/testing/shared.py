"""What every contract check begins with: docstring, options, and an error in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from msftk.adoption import adopt
from msftk.errors import InputError
from msftk.hookspecs import find_kind
from msftk.interfaces import Options
from msftk.registry import registry

Named = str | type[Any]  # a registered name, or the class itself


def factory(kind: str, plugin: Named, options: Mapping[str, object]) -> Callable[..., Any]:
    """Checks docstring and Options; returns what builds the component with its options and the host's sizes."""
    component = registry().get(kind, plugin).load() if isinstance(plugin, str) else plugin
    require(bool((component.__doc__ or "").strip()), f"{component.__name__} has no docstring: say what it does")
    model = getattr(component, "Options", None)
    require(
        isinstance(model, type) and issubclass(model, Options),
        f"{component.__name__}.Options: expected a subclass of msftk.interfaces.Options",
    )
    if isinstance(component, type):
        try:
            adopt(component, find_kind(kind).base)
        except InputError as error:
            raise AssertionError(str(error)) from error
    try:
        chosen = model.model_validate(dict(options))  # type: ignore[union-attr]
    except ValidationError as error:
        raise AssertionError(f"{component.__name__}.Options refuses {dict(options)}: {error}") from error
    return lambda **sizes: component(chosen, **sizes)


def require(condition: bool, message: str) -> None:
    """Raises AssertionError with `message`; unlike `assert` it is not optimised away."""
    if not condition:
        raise AssertionError(message)
