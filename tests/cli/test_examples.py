"""The example at the end of each command's help runs as it stands."""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import typer.main
from fastapi import FastAPI
from published_models import write_published
from small_corpus import tiny_settings
from tiny_wavlm import save_tiny_wavlm, wavlm_settings
from tones import write_utterance
from uvicorn import Server

from msftk.cli.commands import app
from msftk.serve import listening
from msftk.store.features import Store
from msftk.store.manifest import Manifest, write_manifest

SMALL = {
    "MSFTK_TRAINING__EPOCHS": "1",
    "MSFTK_TEXT__NAME": "hashing",
    "MSFTK_ACOUSTIC__CHANNELS": "8",
}
ENDLESS = "serve"  # it tells on standard error where it listens, and is ended from outside
REFUSING, PARTLY = ("align",), 3  # the corpus is of tones, which say none of its words


def helps() -> dict[str, str]:
    """Command -> its help, e.g. "plugins list"."""
    found = {}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        for inner_name, inner in getattr(command, "commands", {"": command}).items():
            found[f"{name} {inner_name}".strip()] = inner.help or ""
    return found


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, tone_corpus: Manifest, tone_store: Store) -> Path:
    """A folder with everything that the examples name."""
    from msftk.recipes.train import train

    folder = tmp_path_factory.mktemp("examples")
    tests = [replace(u, split="test1" if u.split == "test" else u.split) for u in tone_corpus.utterances]
    corpus = replace(tone_corpus, utterances=tuple(tests))
    write_manifest(corpus, folder / "M.parquet")
    train(corpus, tiny_settings(), folder / "runs" / "quickstart", store=tone_store, device="cpu")
    train(corpus, tiny_settings("fusion.name=film"), folder / "runs" / "film", store=tone_store, device="cpu")
    lora = wavlm_settings(save_tiny_wavlm(folder / "wavlm"), "adaptation.name=lora", "semantics=[]")
    train(corpus, lora, folder / "runs" / "lora", store=tone_store, device="cpu")
    write_published("wav2small", folder / "models" / "wav2small")
    (folder / "recordings").mkdir()
    write_utterance(folder / "recordings", "one")
    write_utterance(folder, "speech")
    return folder


@pytest.mark.parametrize("command", helps())
def test_example_runs_as_it_stands(
    command: str,
    place: Path,
    tone_store: Store,
    msftk: Callable[..., object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    example = re.search(r"Example: msftk (.+)", helps()[command])
    assert example, f"the help of `msftk {command}` has no example"
    monkeypatch.chdir(place)
    monkeypatch.setenv("MSFTK_STORE", str(tone_store.root))
    for name, value in SMALL.items():
        monkeypatch.setenv(name, value)
    words = shlex.split(example[1])
    if command == ENDLESS:
        monkeypatch.setattr(listening, "make_server", soon_ended)
        words += ["--port", "0"]
    ended = msftk(*words)
    expected = PARTLY if command in REFUSING else 0
    assert ended.code == expected, ended.err  # type: ignore[attr-defined]
    assert ended.err if command == ENDLESS else ended.out  # type: ignore[attr-defined]


def soon_ended(app: FastAPI, made: Callable[[FastAPI], Server] = listening.make_server) -> Server:
    server = made(app)
    threading.Timer(0.5, setattr, (server, "should_exit", True)).start()
    return server
