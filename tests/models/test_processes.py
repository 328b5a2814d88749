"""What processes tell each other, by two real ones over gloo; in one process nothing is told and nothing changes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import torch

from msftk.models.processes import add_gradients, check_same, counts, first_alone, gather, together, total

SCRIPT = """
import os, sys, torch
from msftk.errors import InputError, MsftkError
from msftk.models import processes
from msftk.models.processes import *
from msftk.launched import rank
from msftk.models.processes import total
me, cpu = rank(), torch.device("cpu")
with process_group():
    sizes = counts(2 + me, cpu)
    print("gather", sizes, gather(torch.arange(2.0 + me) + 10 * me, sizes).tolist())
    print("total", total(me + 1.5, cpu))
    own = [torch.nn.Parameter(torch.zeros(2)) for _ in range(3)]
    own[0].grad = torch.tensor([1.0, 2.0]) * (me + 1)
    if me:
        own[1].grad = torch.ones(2)
    add_gradients(own, cpu)
    print("gradients", [None if one.grad is None else one.grad.tolist() for one in own])
    weights = torch.full((2,), float(me) + 5)
    share_weights([weights])
    print("weights", weights.tolist())
    with first_alone():
        if not me:
            open(sys.argv[1], "x").close()
        print("there", os.path.exists(sys.argv[1]))
    check_same("data", "equal")
    try:
        check_same("data", f"of {me}")
    except InputError as error:
        print(error)
    if me:
        os._exit(0)  # as if killed
    try:
        together()
    except MsftkError as error:
        print("goes on" if "goes on from the last saved state" in str(error) else error)
"""


def both(*arguments: str) -> list[list[str]]:
    """Lines that each of two processes prints."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    command = [sys.executable, "-c", SCRIPT, *arguments]
    started = [subprocess.Popen(command, env={**common, "RANK": r}, stdout=subprocess.PIPE, text=True) for r in "01"]
    return [one.communicate(timeout=100)[0].splitlines() for one in started]


def test_two_processes_gather_add_share_and_wait(tmp_path) -> None:
    first, second = both(str(tmp_path / "made"))
    for line in (
        "gather [2, 3] [0.0, 1.0, 10.0, 11.0, 12.0]",
        "total 4.0",
        "gradients [[3.0, 6.0], [1.0, 1.0], None]",
        "weights [5.0, 5.0]",
        "there True",
    ):
        assert line in first
        assert line in second
    refused = [line for line in first + second if line.startswith("process 1 of 2 has other data than process 0")]
    assert len(refused) == 2
    assert first[-1] == "goes on"


def test_one_process_is_alone() -> None:
    rows = torch.arange(3)
    own = torch.nn.Parameter(torch.zeros(1))
    with first_alone():
        together()
    check_same("data", "any")
    add_gradients([own], torch.device("cpu"))
    assert own.grad is None
    assert gather(rows, [3]) is rows
    assert counts(3, torch.device("cpu")) == [3]
    assert total(2.5, torch.device("cpu")) == 2.5
