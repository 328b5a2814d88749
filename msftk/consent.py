"""What this very call allows that data must never decide: code of a model, a download, sound sent to a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from msftk.errors import InputError

SWITCH = "trust_remote_code"  # as transformers calls it


@dataclass(frozen=True)
class Consent:
    """`remote_code`: Python code that comes with a model may run. `download`: a model that is named by its id may be
    fetched. `send`: sound may go to a server that is named. Nothing is allowed until a caller says so; a run folder, a
    TOML file and the environment cannot.
    """

    remote_code: bool = False
    download: bool = False
    send: bool = False


NOTHING = Consent()
_given: ContextVar[Consent] = ContextVar("consent", default=NOTHING)


def consent() -> Consent:
    """What the caller allows."""
    return _given.get()


@contextmanager
def consenting(given: Consent) -> Iterator[None]:
    """Allows it inside the block, and only there: other threads and processes are not meant."""
    token = _given.set(given)
    try:
        yield
    finally:
        _given.reset(token)


def refuse_switches(settings: Mapping[str, Any]) -> None:
    """Raises InputError where a section of settings would let code run."""
    for section, value in settings.items():
        tables = value if isinstance(value, (list, tuple)) else [value]
        if any(isinstance(table, Mapping) and SWITCH in table for table in tables):
            raise InputError(
                f"{section}.{SWITCH}: no setting lets the code of a model run. Where you trust the model, give the "
                "flag --trust-remote-code to this very call."
            )


def without_switches(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that were received, with what would let code run taken out."""
    return {section: _without(value) for section, value in settings.items()}


def _without(value: Any) -> Any:
    if isinstance(value, list):
        return [_without(one) for one in value]
    return {name: one for name, one in value.items() if name != SWITCH} if isinstance(value, Mapping) else value
