"""Free memory, read from what the system tells of the machine and of control groups."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from msftk.models.free_memory import free_bytes

CPU = torch.device("cpu")
MACHINE = {"proc/meminfo": "MemTotal: 32000 kB\nMemAvailable:   20000 kB\nHugePages: x\n"}
V2 = {
    "proc/self/cgroup": "0::/slurm/job\n",
    "sys/fs/cgroup/slurm/memory.max": "9000000",
    "sys/fs/cgroup/slurm/memory.current": "4000000",
    "sys/fs/cgroup/slurm/memory.stat": "anon 5\ninactive_file 1000000\nactive_file 500000\n",
    "sys/fs/cgroup/slurm/job/memory.max": "max",
    "sys/fs/cgroup/slurm/job/memory.current": "4000000",
}
V1 = {
    "proc/self/cgroup": "9:name=systemd:/\n4:cpu,memory:/docker\n",
    "sys/fs/cgroup/memory/docker/memory.limit_in_bytes": "3000000",
    "sys/fs/cgroup/memory/docker/memory.usage_in_bytes": "1000000",
}


@pytest.mark.parametrize(
    ("files", "expected"), [({}, None), (MACHINE, 20_480_000), (MACHINE | V2, 6_500_000), (MACHINE | V1, 2_000_000)]
)
def test_least_of_machine_and_groups(tmp_path: Path, files: dict[str, str], expected: int | None) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert free_bytes(CPU, tmp_path) == expected


def test_this_machine_has_some() -> None:
    free = free_bytes(CPU)
    assert free is None or 1e8 < free < 1e14
