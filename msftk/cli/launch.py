"""One command as several processes, one a GPU, as torchrun and `accelerate launch` start them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

from msftk.cores import cores
from msftk.errors import InputError

LOOK_S = 0.1
GRACE_S = 30.0  # as torchrun's


def launch(n: int, device: str) -> int:
    """Runs this very command line `n` times side by side and returns its exit code; when one fails the others end.

    Raises InputError where there are fewer GPUs.
    """
    import torch

    if device != "cpu" and (found := torch.cuda.device_count()) < n:
        raise InputError(f"--gpus {n}: torch finds {found} here. Give as many, or --device cpu for {n} on the CPU.")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {"WORLD_SIZE": str(n), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    if device == "cpu":
        common["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", str(max(1, cores() // n)))
    command = [sys.executable, "-m", "msftk", *sys.argv[1:]]
    started = [
        subprocess.Popen(command, env={**os.environ, **common, "RANK": str(rank), "LOCAL_RANK": str(rank)})
        for rank in range(n)
    ]
    return ended(started)


def ended(started: list[subprocess.Popen[bytes]]) -> int:
    """The first exit code that is not 0. A signal to this process goes to all."""
    while True:
        try:
            codes = [one.poll() for one in started]
            failed = next((code for code in codes if code), None)
            if failed is not None:
                _stop(started)
                return failed if failed > 0 else 128 - failed
            if None not in codes:
                return 0
            time.sleep(LOOK_S)
        except KeyboardInterrupt:
            _stop(started)
            raise


def _stop(started: list[subprocess.Popen[bytes]]) -> None:
    """Those that are left save and end; one that waits for a dead one inside torch hears no signal, and is killed."""
    for one in started:
        if one.poll() is None:
            one.send_signal(signal.SIGTERM)
    last_s = time.monotonic() + GRACE_S
    for one in started:
        try:
            one.wait(max(0.0, last_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            one.kill()
            one.wait()
