"""`msftk serve` as a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serving(run: Path, *arguments: str, **environment: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The port where a run is served, and the process, which is ended with the block."""
    command = [sys.executable, "-m", "msftk", "serve", str(run), "--port", "0", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | environment) as server:
        try:
            assert server.stderr is not None
            told = server.stderr.readline()
            port = re.search(r"serving on http://[^ ]*:(\d+) ", told)
            assert port, told
            yield port[1], server
        finally:
            server.terminate()
