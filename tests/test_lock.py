"""A lock on a place that one job may write: who holds it is named, and the dead hold nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from msftk.errors import InputError, MsftkError
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
    out, path = tmp_path / "out", tmp_path / ".out.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(out)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    refused = rf"\.out\.lock: held by process {holder.pid} on .+\. Wait for it\."
    with pytest.raises(MsftkError, match=refused), lock(out, "Wait for it."):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with lock(out, "Wait for it."):
        assert path.read_text().startswith(f"process {os.getpid()} on ")


def test_two_of_one_process_exclude_each_other_and_nothing_is_left(tmp_path: Path) -> None:
    out, path = tmp_path / "out", tmp_path / ".out.lock"
    with lock(out, ""), pytest.raises(MsftkError, match=rf"held by process {os.getpid()} "), lock(out, ""):
        pass
    with lock(out, ""):
        pass
    assert not path.exists()


def test_a_failure_inside_lets_go(tmp_path: Path) -> None:
    out, path = tmp_path / "out", tmp_path / ".out.lock"
    with pytest.raises(ZeroDivisionError), lock(out, ""):
        raise ZeroDivisionError
    assert not path.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / ".out.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(InputError, match=r"out: cannot be written \(.+\)\. Choose"), lock(tmp_path / "out", ""):
        pass
    assert (tmp_path / "precious").read_text() == "kept"
