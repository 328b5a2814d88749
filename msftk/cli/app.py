"""The `msftk` command line from its first moment to its exit code, and the only catcher of errors."""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path
from traceback import extract_tb
from types import FrameType
from typing import NoReturn

NO_PATH = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.ELOOP)  # what the user named cannot be there at all
LIBRARIES = {  # what they read of the environment when they are loaded; what is set there stays
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # Arrow's own keeps what a corpus no longer needs
    "OPENBLAS_NUM_THREADS": "1",  # NumPy's own threads would spin beside ours
    "GOMP_SPINCOUNT": "1000",  # turns that a thread of torch waits awake: else 300,000, and the core may be wanted
}
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM


def main() -> None:
    """The console command: runs `sys.argv` and ends with the documented exit code.

    SIGTERM, which batch schedulers send, ends it as Ctrl-C does: what is finished is written.
    """
    terminated = False

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        nonlocal terminated
        terminated = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    code = run()
    sys.exit(TERMINATED if terminated and code == INTERRUPTED else code)


def run(arguments: list[str] | None = None) -> int:
    """Runs one command line.

    Returns:
        0 done, 1 failed, 2 usage or bad input, 3 some items failed, 130 interrupted (`main`: 143 where by SIGTERM).
    """
    try:
        for name, value in LIBRARIES.items():
            os.environ.setdefault(name, value)
        from msftk.cli.commands import app  # not above: a signal may come while libraries are read

        app(arguments)
    except KeyboardInterrupt:
        return _interrupted()
    except SystemExit as end:  # Typer ends every command this way, a usage error with 2, Ctrl-C with 130
        if end.code == INTERRUPTED:
            return _interrupted()
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception as error:
        return _failed(error, next(iter(sys.argv[1:] if arguments is None else arguments), ""))
    return 0


def _interrupted() -> int:
    sys.stderr.write("interrupted: finished work is kept, the same command goes on from there.\n")
    return INTERRUPTED


def _failed(error: Exception, command: str) -> int:
    """Prints one line for whatever went wrong in `command`; returns its exit code."""
    from rich.text import Text

    from msftk.cli.console import err
    from msftk.cli.remedies import fitted
    from msftk.errors import MsftkError

    if isinstance(error, MsftkError):
        message, code = fitted(str(error), command), error.exit_code
    elif isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        code = 2 if error.errno in NO_PATH else 1
        remedy = (
            "Check the path." if code == 2 else "Finished work is kept: mend that, and give the same command again."
        )
        message = f"{place}{error.strerror}. {remedy}"
    else:
        last = extract_tb(error.__traceback__)[-1]
        message = (
            f"{type(error).__name__}: {error} (at {Path(last.filename).name}:{last.lineno}). "
            "This was not foreseen: please report it with the command."
        )
        code = 1
    err.print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)
    return code
