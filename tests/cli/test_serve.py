"""`msftk serve` as a user starts it: what it refuses, and a server that answers until it is ended."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import serving
from tones import write_utterance

from msftk.cli.serve import TOKEN


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--host", "0.0.0.0"], f"--host 0.0.0.0: others could reach it. Set a token in the environment, {TOKEN}."),
        (["one.wav"], "one.wav: not a finished run."),
        (["--port", "{taken}"], "Address already in use. Name another by --port or --host."),
        (["--host", "no.such.host.invalid"], "Set a token"),
        (["--set", "training.epochs=3"], "--set training.epochs=3: here the settings are the run's"),
        (["--combine", "mean"], "nothing to combine"),
    ],
)
def test_what_cannot_be_served_is_told_before_a_model_is_loaded(
    arguments: list[str], told: str, tiny_run: Path, msftk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    monkeypatch.setattr("msftk.recipes.predict.load", None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = msftk("serve", tiny_run, *(one.format(taken=taken.getsockname()[1]) for one in arguments))
    assert ended.code == 2
    assert told in ended.err


def test_no_run_is_told(msftk: Callable[..., Any], tmp_path: Path) -> None:
    ended = msftk("serve", tmp_path / "nothing", "--port", 0)
    assert ended.code == 2
    assert "no such run folder" in ended.err


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_server_answers_with_its_token_until_it_is_ended(ending: int, tiny_run: Path, tmp_path: Path) -> None:
    write_utterance(tmp_path, "one")
    token = {TOKEN: "secret", "TMPDIR": str(tmp_path)}
    with serving(tiny_run, "--host", "0.0.0.0", **token) as (port, server):
        url, body = f"http://127.0.0.1:{port}/predict", (tmp_path / "one.wav").read_bytes()
        assert httpx.post(url, content=body).status_code == 401
        answer = httpx.post(url, content=body, headers={"Authorization": "Bearer secret"})
        assert answer.json()["predictions"][0]["id"] == "recording"
        server.send_signal(ending)
        _, said = server.communicate(timeout=20)
    assert (server.returncode, said) == (0, "")
    assert not [*tmp_path.glob("msftk-*")]
