"""Requests a second and 99th percentile of `msftk serve` beside the same model behind a plain FastAPI loop.

    python benchmarks/serve.py RUN [--clients 1 8 64] [--requests 256] [--explain AUDIO]

Every client posts recordings one after the other, the bundled prompts (1.0 to 5.5 s of real speech). The plain loop is
what one writes first, an `async` handler that calls `run.predict` with the body. No store keeps anything between
requests, on either side. With `--explain` another client meanwhile asks `msftk serve` to explain AUDIO, which has a
TextGrid beside it, again and again. CPU time is that of the server's process: it compares on a machine that others use
too. Memory is what the server has at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import httpx
import psutil
from fastapi import FastAPI, Request

PROMPTS = Path(__file__).parents[1] / "msftk" / "demo" / "prompts" / "audio"
SIDES = ("serve", "loop")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--requests", type=int, default=256)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=SIDES)
    parser.add_argument("--explain", type=Path, metavar="AUDIO")
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.plain:
        serve_plainly(chosen.run)
        return
    bodies = [file.read_bytes() for file in sorted(PROMPTS.glob("*.flac"))]
    print("| server | clients | requests/s | median ms | 99th percentile ms | CPU ms a request | MB |")
    print("|---|---|---|---|---|---|---|")
    for side in chosen.sides:
        with started(chosen.run, side) as (port, process):
            load(port, bodies, 8, 32)
            for clients in chosen.clients:
                before, begun = sum(process.cpu_times()[:2]), time.perf_counter()
                with explaining(port, chosen.explain):
                    took = load(port, bodies, clients, chosen.requests)
                wall = time.perf_counter() - begun
                cpu = sum(process.cpu_times()[:2]) - before
                last = statistics.quantiles(took, n=100)[98]
                figures = (len(took) / wall, 1000 * statistics.median(took), 1000 * last, 1000 * cpu / len(took))
                memory = process.memory_info().rss / 1e6
                told = " | ".join([side, str(clients), *(f"{one:.1f}" for one in figures), f"{memory:.0f}"])
                print(f"| {told} |", flush=True)


def load(port: str, bodies: list[bytes], clients: int, requests: int) -> list[float]:
    """Seconds of each request."""

    def client(first: int) -> list[float]:
        http, took = HTTPConnection("127.0.0.1", int(port), timeout=600), []
        for request in range(first, requests, clients):
            begun = time.perf_counter()
            http.request("POST", "/predict", body=bodies[request % len(bodies)])
            answer = http.getresponse()
            said = json.loads(answer.read())
            assert answer.status == 200, said
            took.append(time.perf_counter() - begun)
        return took

    with ThreadPoolExecutor(clients) as threads:
        return [one for own in threads.map(client, range(clients)) for one in own]


@contextmanager
def explaining(port: str, audio: Path | None) -> Iterator[None]:
    """Asks for explanations of it while the block runs, and tells how many were answered."""
    ended, took = threading.Event(), []

    def ask(audio: Path) -> None:
        files = {"audio": audio.read_bytes(), "alignment": ("a.TextGrid", audio.with_suffix(".TextGrid").read_bytes())}
        with httpx.Client(timeout=600) as client:
            while not ended.is_set():
                begun = time.perf_counter()
                answer = client.post(f"http://127.0.0.1:{port}/explain", files=files)
                assert answer.json()["sound"], answer.text
                took.append(time.perf_counter() - begun)

    if audio is None:
        yield
        return
    asking = threading.Thread(target=ask, args=(audio,))
    asking.start()
    try:
        yield
    finally:
        ended.set()
        asking.join()
        print(f"{len(took)} explanations, {statistics.median(took):.1f} s each", file=sys.stderr)


@contextmanager
def started(run: Path, side: str) -> Iterator[tuple[str, psutil.Process]]:
    command = [sys.executable, "-m", "msftk", "serve", str(run), "--port", "0"]
    if side != "serve":
        command = [sys.executable, __file__, str(run), "--plain"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as server:
        try:
            assert server.stderr is not None
            port = re.search(r"http://127.0.0.1:(\d+)", server.stderr.readline())
            assert port
            yield port[1], psutil.Process(server.pid)
        finally:
            server.terminate()


def serve_plainly(place: Path) -> None:
    import msftk
    from msftk.serve.listening import address, listen, run_server

    app, run, store = FastAPI(), msftk.load(place), msftk.MemoryStore()

    @app.post("/predict")
    async def predict(request: Request) -> dict[str, object]:
        answer: dict[str, object] = run.predict(await request.body(), store=store).json()
        store.clear()
        return answer

    listener = listen("127.0.0.1", 0)
    print(address(listener), file=sys.stderr, flush=True)
    run_server(app, listener)


if __name__ == "__main__":
    main()
