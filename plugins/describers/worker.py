"""A program of another environment that answers JSON lines: started when first asked, anew when it dies or hangs."""

from __future__ import annotations

import itertools
import json
import queue
import subprocess
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from msftk.errors import BackEndError, MsftkError

TRIES = 2  # of one question: who kills the program twice is left out


@dataclass(frozen=True)
class Started:
    """A running program, what it says line by line (None: it has ended), and its folder, with what it complained of."""

    process: subprocess.Popen[str]
    lines: queue.Queue[str | None]
    folder: tempfile.TemporaryDirectory[str]

    def last_words(self) -> str:
        """The last line that it wrote to stderr."""
        written = Path(self.folder.name, "stderr").read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line.strip() for line in reversed(written) if line.strip()), "it said nothing")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


class Worker:
    """Asks `command`, one question at a time, whichever thread asks.

    It says {"ready": ...} within `start_s`, then to each {"id": n, ...} one {"id": n, "text": ...}, or "error", within
    `answer_s`; other lines are nothing to us. It ends with this process, whose pipe it reads.
    """

    def __init__(self, name: str, command: Sequence[str], start_s: float, answer_s: float) -> None:
        self.name, self.command, self.start_s, self.answer_s = name, command, start_s, answer_s
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._started: Started | None = None

    def ask(self, question: Mapping[str, object]) -> str:
        """The answer's text.

        Raises:
            BackEndError: the program does not start.
            MsftkError: it answered with an error, or died or stayed silent over this question, twice.
        """
        with self._lock:
            trouble = ""
            for _ in range(TRIES):
                started = self._started or self._start()
                number = next(self._numbers)
                try:
                    assert started.process.stdin is not None
                    started.process.stdin.write(json.dumps({"id": number, **question}) + "\n")
                    started.process.stdin.flush()
                    answer = self._next(started, self.answer_s, "id", number)
                except OSError as error:  # TimeoutError is one
                    trouble = str(error) if isinstance(error, TimeoutError) else f"it died: {started.last_words()}"
                    self._stop()
                    continue
                if "text" in answer:
                    return str(answer["text"])
                raise MsftkError(f"{self.name} says: {answer.get('error')}")
            raise MsftkError(f"{self.name} failed {TRIES} times over one question: {trouble}")

    def _start(self) -> Started:
        folder = tempfile.TemporaryDirectory(prefix="msftk-worker-")  # its own, where it may write its logs
        lines: queue.Queue[str | None] = queue.Queue()
        with Path(folder.name, "stderr").open("wb") as complaints:
            try:
                process = subprocess.Popen(
                    self.command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=complaints,
                    cwd=folder.name,
                    encoding="utf-8",
                )
            except OSError as error:
                raise BackEndError(f"{self.name}: {self.command[0]} cannot be started ({error.strerror}).") from error
        assert process.stdout is not None
        threading.Thread(target=_pass_on, args=(process.stdout, lines), daemon=True).start()
        self._started = started = Started(process, lines, folder)
        self._end = weakref.finalize(self, started.end)  # with the worker, if not before
        try:
            self._next(started, self.start_s, "ready")
        except OSError as error:
            trouble = str(error) if isinstance(error, TimeoutError) else started.last_words()
            self._stop()
            raise BackEndError(f"{self.name} does not start: {trouble}. It runs {' '.join(self.command)}.") from error
        return started

    def _next(self, started: Started, within_s: float, key: str, value: object = None) -> Mapping[str, Any]:
        """The next line that has `key`, with that value. Raises TimeoutError, OSError where the program has ended."""
        deadline_s = time.monotonic() + within_s
        while True:
            try:
                line = started.lines.get(timeout=max(0.0, deadline_s - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"no answer within {within_s:g} s") from None
            if line is None:
                raise BrokenPipeError
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if isinstance(said, dict) and key in said and value in (None, said[key]):
                return said

    def _stop(self) -> None:
        self._end()
        self._started = None


def _pass_on(said: IO[str], lines: queue.Queue[str | None]) -> None:
    try:
        for line in said:
            lines.put(line)
    except (OSError, ValueError):  # closed while it was read, or no UTF-8
        pass
    lines.put(None)
