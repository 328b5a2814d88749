"""Every target for a second or two (`make fuzz` runs them for long), and what the frame itself would notice."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz import targets  # noqa: F401  (registers them)
from fuzz.frame import TARGETS, fuzz

SECONDS = 2.0


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_inputs_are_read_or_refused(name: str, tmp_path: Path) -> None:
    assert fuzz(name, 1_000_000, SECONDS, 0, tmp_path) > 0


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("while True: pass", "SIGPROF"),
        ("bytearray(600_000_000)", "MemoryError"),
        ("raise ValueError('odd')", "ValueError: odd"),
        ("raise MsftkError('something is wrong')", "no file named: something is wrong"),
    ],
)
def test_a_crash_a_hang_a_lump_and_another_error_are_noticed(body: str, seen: str, tmp_path: Path) -> None:
    imports = "from fuzz.frame import target\nfrom msftk.errors import MsftkError\n"
    head = f"{imports}\n@target('.x', [b'seed'])\ndef bad(path):\n"
    (tmp_path / "bad_targets.py").write_text(f"{head}    if path.read_bytes() != b'seed':\n        {body}\n")
    with pytest.raises(AssertionError, match=seen) as noticed:
        fuzz("bad", 100, 60, 0, tmp_path, "bad_targets")
    assert "input.x" in str(noticed.value)
