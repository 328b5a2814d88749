"""A lock on a place that one job may write: who holds it is named, and the dead hold nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from msftk.errors import MsftkError
from msftk.files import lock

HOLDER = """
import sys, time
from pathlib import Path
from msftk.files import lock
with lock(Path(sys.argv[1]), ""):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_job_is_refused_with_the_pid_of_the_first_until_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / ".out.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    refused = rf"\.out\.lock: held by process {holder.pid} on .+\. Wait for it\."
    with pytest.raises(MsftkError, match=refused), lock(path, "Wait for it."):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with lock(path, "Wait for it."):
        assert path.read_text().startswith(f"process {os.getpid()} on ")


def test_two_of_one_process_exclude_each_other_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / ".out.lock"
    with lock(path, ""), pytest.raises(MsftkError, match=rf"held by process {os.getpid()} "), lock(path, ""):
        pass
    with lock(path, ""):
        pass
    assert not path.exists()


def test_a_failure_inside_lets_go(tmp_path: Path) -> None:
    path = tmp_path / ".out.lock"
    with pytest.raises(ZeroDivisionError), lock(path, ""):
        raise ZeroDivisionError
    assert not path.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / ".out.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match=r"\.out\.lock"), lock(tmp_path / ".out.lock", ""):
        pass
    assert (tmp_path / "precious").read_text() == "kept"
