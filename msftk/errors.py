"""Which errors a user can meet, and the exit code of each."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MsftkError(Exception):
    """A failure with a message for the user: what was found, what was expected, what to do."""

    exit_code = 1

    def __str__(self) -> str:
        """The message; what a file name holds beside UTF-8 is shown as it is escaped, since no terminal takes it."""
        return super().__str__().encode(errors="backslashreplace").decode()


class InputError(MsftkError):
    """A usage error or a bad single input: file, place, remedy."""

    exit_code = 2


class UnknownNameError(InputError):
    """A plugin, option or column that does not exist; the message lists the nearest that do."""


class VersionError(InputError):
    """A run, manifest or store written in a format that this version does not read."""


class BackEndError(InputError):
    """What a whole job asks cannot be used (no server there, a wrong key): the job ends, and keeps what is done."""


class AbsentError(MsftkError):
    """An input that an utterance does not have (no transcript, no alignment): declared, never invented."""


class RefusedError(AbsentError):
    """What a component looked at and will not answer for (a text that does not fit the sound): an answer, and stored.

    `reason`: a few words that can be counted; `detail`: what was found in this very utterance, and a remedy.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ "Did you mean 'x'? " for the nearest known name, or nothing."""
    near = difflib.get_close_matches(name.replace("_", "-"), list(known), n=1, cutoff=0.5) or difflib.get_close_matches(
        name, list(known), n=1, cutoff=0.5
    )
    return f"Did you mean '{near[0]}'? " if near else ""
