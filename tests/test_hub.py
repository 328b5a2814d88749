"""No network is asked twice: a model that cannot be fetched is told at once."""

from __future__ import annotations

import socket
import time
from functools import partial
from pathlib import Path

import pytest

from msftk.consent import Consent, consenting
from msftk.errors import InputError
from msftk.hub import SWITCHES, is_local, why_not_fetched
from msftk_plugins.acoustic.pretrained import load_pretrained
from msftk_plugins.weights import model_folder


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No switch and no proxy of this machine has a say."""
    for name in (*SWITCHES, "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_a_hub_that_does_not_answer_is_told_at_once_by_whoever_reads_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as held:  # bound, not listening: nobody can be there
        held.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{held.getsockname()[1]}")
        for read in (partial(model_folder, section="text"), load_pretrained):
            begun_s = time.monotonic()
            with (
                consenting(Consent(download=True)),
                pytest.raises(
                    InputError, match=r"not in the Hugging Face cache, and 127\.0\.0\.1 does not answer \(Con"
                ),
            ):
                read("msftk-tests/none", None)
            assert time.monotonic() - begun_s < 15  # with retries 26 s


def test_what_may_be_fetched_is_where_the_hub_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{hub.getsockname()[1]}")
        assert "--allow-download" in why_not_fetched("a/b")
        with consenting(Consent(download=True)):
            assert why_not_fetched("a/b") == ""
            assert not is_local("a/b")
            monkeypatch.setenv("HF_HUB_OFFLINE", "yes")
            assert why_not_fetched("a/b").startswith("HF_HUB_OFFLINE is set. Fetch it where there is a network")
            assert is_local("a/b")


def test_a_folder_asks_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delattr(socket, "create_connection")
    with consenting(Consent(download=True)):
        assert is_local(str(tmp_path))
