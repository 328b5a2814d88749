"""What is logged, on stderr: msftk's warnings; with -v what it and its libraries say, with the time."""

from __future__ import annotations

import logging
import os
import sys
import warnings

from msftk.cli.console import err

OURS = ("msftk", "msftk_plugins")


class Printed(logging.Handler):
    """Log lines on stderr, above a bar where one is drawn."""

    def emit(self, record: logging.LogRecord) -> None:
        err.print(self.format(record), soft_wrap=True)


def show_logs(verbose: bool) -> None:
    """Chooses what the rest of this process shows. Python's own -W and PYTHONWARNINGS stay in force."""
    root = logging.getLogger()
    for former in [handler for handler in root.handlers if isinstance(handler, Printed)]:
        root.removeHandler(former)
    handler = Printed()
    level = "{asctime} {name}: {message}" if verbose else "warning: {message}"
    handler.setFormatter(logging.Formatter(level, "%H:%M:%S", style="{"))
    if not verbose:
        handler.addFilter(lambda record: record.name.partition(".")[0] in OURS)
    root.addHandler(handler)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.WARNING)
    logging.captureWarnings(verbose)
    if not verbose and not sys.warnoptions:
        warnings.simplefilter("ignore")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "info" if verbose else "error")
    if not verbose:
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
