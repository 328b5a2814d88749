"""Many clients at once, one body in ten broken: all are answered, each with its own, and memory stays."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
import soundfile
from serving import serving

from msftk.recipes.predict import load
from msftk.serve.answers import Answers
from msftk.serve.app import make_app
from msftk.types import ATTRIBUTES, SAMPLE_RATE_HZ

CLIENTS = 64


def sounds(folder: Path, n: int) -> list[bytes]:
    """Tones of other pitches, loudnesses and lengths."""
    found = []
    for k in range(n):
        t = np.arange(round((0.3 + 0.02 * k) * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
        soundfile.write(folder / "tone.wav", 0.5 / (1 + k % 7) * np.sin(2 * np.pi * (100 + 9 * k) * t), SAMPLE_RATE_HZ)
        found.append((folder / "tone.wav").read_bytes())
    return found


def asked(address: str, bodies: list[bytes], expected: list[dict[str, float] | None], n: int) -> list[int]:
    """`n` requests by `CLIENTS` clients: statuses, after each answer was found to be its own."""

    def client(seed: int) -> list[int]:
        draw, statuses = random.Random(seed), []
        http = HTTPConnection(address, timeout=60)  # httpx takes more memory than the server
        for request in range(n // CLIENTS):
            k, name = draw.randrange(len(bodies)), f"{seed}-{request}"
            http.request("POST", f"/predict?name={name}", body=bodies[k])
            answer = http.getresponse()
            said, wanted = json.loads(answer.read()), expected[k]
            statuses.append(answer.status)
            if wanted is None:
                assert answer.status == 422
                assert said["detail"].startswith(f"{name}: ")
                continue
            (one,) = said["predictions"]
            assert one["id"] == name
            for attribute in ATTRIBUTES:
                assert one[attribute] == pytest.approx(wanted[attribute], abs=1e-4)  # batches differ in padding
        http.close()
        return statuses

    with ThreadPoolExecutor(CLIENTS) as threads:
        return [status for statuses in threads.map(client, range(CLIENTS)) for status in statuses]


@pytest.fixture
def known(tiny_run: Path, tmp_path: Path) -> tuple[list[bytes], list[dict[str, float] | None]]:
    """Bodies, one in ten broken, and what a run says of each."""
    run, bodies = load(tiny_run, device="cpu"), sounds(tmp_path, 27)
    said = run.predict(bodies, store=tmp_path / "store")
    assert len({round(one.values["arousal"], 3) for one in said}) > 20  # a mixed-up answer would be seen
    broken = [b"", bodies[0][:30], b"no sound"]
    return bodies + broken, [one.values for one in said] + [None] * len(broken)


def test_every_client_is_answered_with_its_own(
    tiny_run: Path, served: Callable[[Any], str], known: tuple[list[bytes], list[dict[str, float] | None]]
) -> None:
    address = served(make_app(Answers(load(tiny_run, device="cpu")))).removeprefix("http://")
    statuses = asked(address, *known, 4 * CLIENTS)
    assert len(statuses) == 4 * CLIENTS
    assert {*statuses} == {200, 422}
    assert 0.03 < statuses.count(422) / len(statuses) < 0.2
    told = httpx.get(f"http://{address}/metrics").text
    together = float(told.split("msftk_batch_size_sum ")[1].split()[0])
    assert together / float(told.split("msftk_batch_size_count ")[1].split()[0]) > 2


@pytest.mark.slow
def test_memory_stays(tiny_run: Path, known: tuple[list[bytes], list[dict[str, float] | None]]) -> None:
    with serving(tiny_run) as (port, server):
        asked(f"127.0.0.1:{port}", *known, 10 * CLIENTS)
        before = psutil.Process(server.pid).memory_info().rss
        asked(f"127.0.0.1:{port}", *known, 20 * CLIENTS)
        grown = psutil.Process(server.pid).memory_info().rss / before - 1
    assert grown < 0.05
