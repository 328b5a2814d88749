"""A property that is made when it is first asked for, and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")


class once(Generic[Value]):
    """As `functools.cached_property`, which up to Python 3.11 has one lock for all objects of a class.

    There threads that work on different utterances would wait for each other. Two threads that ask one object at the
    same time may both make it.
    """

    def __init__(self, make: Callable[[Any], Value]) -> None:
        self.make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, owner: None, kind: type) -> once[Value]: ...
    @overload
    def __get__(self, owner: object, kind: type) -> Value: ...
    def __get__(self, owner: object | None, kind: type) -> once[Value] | Value:
        """Asked the first time only: then the value lies in the object itself, and is found there first."""
        if owner is None:
            return self
        value = self.make(owner)
        owner.__dict__[self.name] = value
        return value
