"""`openai-chat` and a real `transformers serve` on the loopback: the words of the same model in this process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pytest

from msftk.consent import Consent, consenting
from msftk.interfaces import Evidence
from msftk.registry import registry
from msftk.store.manifest import Manifest, write_manifest

SHORT = 16
UP_S = 120.0


@pytest.fixture(scope="module")
def served(qwen2_audio: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of the tiny model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("serve") / "log.txt"
    program = Path(sys.executable).with_name("transformers")
    place = ("--host", "127.0.0.1", "--port", str(port), "--device", "cpu")
    with log.open("w") as out:
        server = subprocess.Popen(
            [program, "serve", qwen2_audio, *place], stdout=out, stderr=out, env=os.environ | {"HF_HUB_OFFLINE": "1"}
        )
    try:
        deadline = time.monotonic() + UP_S
        while True:
            try:
                urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                break
            except (URLError, OSError):
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(20)


def test_a_served_model_says_what_it_says_in_process(served: str, qwen2_audio: Path) -> None:
    waveform = np.random.default_rng(0).normal(0, 0.1, 8000).clip(-1, 1)
    waveform = (np.round(waveform * 32768) / 32768).astype(np.float32)  # as 16 bits hold it
    sound = Evidence("u", waveform=waveform)
    options = {"model": str(qwen2_audio), "max_tokens": SHORT, "labels": "calm,excited"}
    here = registry().create("describer", "hf-multimodal", options).describe(sound)
    with consenting(Consent(send=True)):
        there = registry().create("describer", "openai-chat", {"url": served, **options}).describe(sound)
    assert there.raw_text == here.raw_text
    assert there.status == here.status
    assert there.failed


def test_a_corpus_goes_through_a_served_model_and_its_garbage_is_stored_as_failed(
    served: str, qwen2_audio: Path, tone_corpus: Manifest, tmp_path: Path, msftk: Callable[..., Any]
) -> None:
    write_manifest(Manifest("tones", tone_corpus.scale, tone_corpus.utterances[:3]), tmp_path / "M.parquet")
    ended = msftk(
        *("extract", tmp_path / "M.parquet", "--semantics", "es", "--describer", "openai-chat", "--json"),
        *("--set", f"describer.url={served}", "--set", f"describer.model={qwen2_audio}"),
        *("--set", f"describer.max_tokens={SHORT}", "--set", "text.name=hashing", "--store", tmp_path / "store"),
    )
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)["sources"]["es"]
    assert found["present"] == 0
    (reason,) = found["absent"]
    assert reason.startswith("failed: the answer cannot be used, it holds no JSON object")
