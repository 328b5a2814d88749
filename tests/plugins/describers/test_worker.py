"""The pipe to a program of another environment: which of its lines is the answer, and what it is like when it fails.

How it is killed, hangs and is started again stands in test_kimi_audio.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from msftk.errors import BackEndError
from msftk_plugins.describers.worker import Worker

PROGRAM = """
import json, sys
print("hello", flush=True)
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    question = json.loads(line)
    for said in ("{half", "[1]", json.dumps({"id": question["id"] - 1, "text": "late"})):
        print(said, flush=True)
    print(json.dumps({"id": question["id"], "text": question["word"].upper()}), flush=True)
"""


def worker(tmp_path: Path, program: str, start_s: float = 30) -> Worker:
    (tmp_path / "program.py").write_text(program)
    return Worker("worker", [sys.executable, str(tmp_path / "program.py")], start_s, 30)


def test_the_line_with_the_questions_number_is_its_answer(tmp_path: Path) -> None:
    asked = worker(tmp_path, PROGRAM)
    assert [asked.ask({"word": word}) for word in ("one", "zwö")] == ["ONE", "ZWÖ"]


def test_a_program_that_does_not_become_ready_ends_the_job(tmp_path: Path) -> None:
    with pytest.raises(BackEndError, match=r"worker does not start: no answer within 0\.5 s\. It runs .*program\.py\."):
        worker(tmp_path, "import time; time.sleep(60)", start_s=0.5).ask({})
    with pytest.raises(BackEndError, match=r"worker does not start: it said nothing\."):
        worker(tmp_path, "").ask({})


def test_what_is_no_program_ends_the_job(tmp_path: Path) -> None:
    with pytest.raises(BackEndError, match=r"worker: .*none cannot be started \(No such file or directory\)"):
        Worker("worker", [str(tmp_path / "none")], 1, 1).ask({})
