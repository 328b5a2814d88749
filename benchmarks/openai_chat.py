"""Describes a corpus by a server that fails often: how busy it is kept, how fast, and what becomes of each utterance.

    python benchmarks/openai_chat.py [--n 2000] [--requests 64] [--answer-ms 1000]

The server is a process of its own. It answers after --answer-ms, but 10 % of the requests: 2.5 % each with 429 (and
Retry-After), 500, too late, and garbage. The describer is `openai-chat` behind `msftk extract`, sound of one second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing as mp
import resource
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import soundfile
from rich.console import Console

from msftk.recipes.extract import extract_corpus
from msftk.settings import load_settings
from msftk.store.manifest import Manifest, write_manifest
from msftk.types import SAMPLE_RATE_HZ, RatingScale, Utterance

FIELDS = {"free_emotion": "weary", "scenario": "a phone call", "paralinguistics": "slow, quiet", "gender": "female"}
TIMEOUT_S, LATE_S = 3.0, 3.1
EVERY = 40  # of so many requests one fails in each of four ways


class Server:
    """Counts what it is asked, how long how many were out at once, and fails by a fixed rule."""

    def __init__(self, answer_s: float) -> None:
        self.answer_s = answer_s
        self.n = self.now = self.most = 0
        self.request_s = 0.0  # summed over requests
        self.first_s = self.last_s = 0.0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self.answer_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client has what it wanted, or the benchmark ends
        finally:
            writer.close()

    async def answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
        place, self.n, self.now = self.n % EVERY, self.n + 1, self.now + 1
        self.most, start_s = max(self.most, self.now), time.monotonic()
        self.first_s = self.first_s or start_s
        await asyncio.sleep(LATE_S if place == 3 else self.answer_s)
        text = "She sounds tired." if place == 2 else json.dumps(FIELDS)
        status = {0: "429 Too Many Requests", 1: "500 Internal Server Error"}.get(place, "200 OK")
        body = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
        self.now -= 1
        self.last_s = time.monotonic()
        self.request_s += min(self.last_s - start_s, TIMEOUT_S)
        writer.write(f"HTTP/1.1 {status}\r\nretry-after: 0.2\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        return True


def serve(told: Connection, answer_s: float) -> None:
    async def run() -> None:
        server = Server(answer_s)
        listening = await asyncio.start_server(server.handle, "127.0.0.1", 0, backlog=1024, limit=2**24)
        told.send(listening.sockets[0].getsockname()[1])
        while not told.poll():
            await asyncio.sleep(0.05)
        told.send((server.n, server.most, server.request_s, server.last_s - server.first_s))

    asyncio.run(run())


def corpus(folder: Path, n: int) -> Path:
    random = np.random.default_rng(0)
    utterances = []
    for number in range(n):
        path = folder / f"{number:05}.wav"
        soundfile.write(path, random.normal(0, 0.1, SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
        utterances.append(Utterance(path.stem, path, duration_s=1.0))
    write_manifest(Manifest("noise", RatingScale(1, 7), tuple(utterances)), folder / "M.parquet")
    return folder / "M.parquet"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--n", type=int, default=2000)
    words.add_argument("--requests", type=int, default=64)
    words.add_argument("--answer-ms", type=float, default=1000)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as place:
        manifest = corpus(Path(place), given.n)
        ours, its = mp.Pipe()
        server = mp.get_context("spawn").Process(target=serve, args=(its, given.answer_ms / 1000), daemon=True)
        server.start()
        chosen = [
            *("describer.name=openai-chat", "describer.model=m", f"describer.url=http://127.0.0.1:{ours.recv()}/v1"),
            *(
                f"describer.timeout_s={TIMEOUT_S}",
                "describer.first_wait_s=0.2",
                "text.name=hashing",
                "acoustic.name=none",
            ),
            f"engine.requests={given.requests}",
        ]
        settings = load_settings("tiny", None, chosen, {"semantics": ("es",)}, environment={})
        start_s = time.perf_counter()
        used_s = resource.getrusage(resource.RUSAGE_SELF)
        done = extract_corpus(manifest, settings, store=Path(place) / "store")
        took_s = time.perf_counter() - start_s
        now_s = resource.getrusage(resource.RUSAGE_SELF)
        ours.send("end")
        n_asked, most, request_s, busy_s = ours.recv()
        server.join()
    cpu_s = now_s.ru_utime + now_s.ru_stime - used_s.ru_utime - used_s.ru_stime
    present = done.prepared.present["es"]
    listed = len(done.prepared.warnings)
    out = Console()
    out.print(f"{given.n} utterances, {n_asked} requests in {took_s:.1f} s: {given.n / took_s:.0f} utterances a second")
    out.print(f"in flight: {most} at most, {request_s / busy_s:.1f} on average, of {given.requests}")
    out.print(f"our side: {1000 * cpu_s / given.n:.1f} ms of CPU an utterance")
    out.print(f"answered {present}, listed {listed}, together {present + listed} of {given.n}")


if __name__ == "__main__":
    main()
