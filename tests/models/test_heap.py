import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
from msftk.models.heap import keep_freed_memory

def step():
    for n_bytes in (2_000_000, 4_000_000):
        np.empty(n_bytes, np.uint8).fill(1)

if sys.argv[1] == "kept":
    keep_freed_memory()
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(mode: str) -> int:
    done = subprocess.run([sys.executable, "-c", FAULTS, mode], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc")
def test_what_a_step_frees_is_there_for_the_next() -> None:
    assert faults("kept") < 100 < faults("as it was")
