"""A server's app for tests, and the server itself on a port of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from msftk.recipes.predict import load
from msftk.serve.answers import Answers


@pytest.fixture(scope="session")
def answers(tiny_run: Path) -> Answers:
    return Answers(load(tiny_run, device="cpu"))


@pytest.fixture(scope="module")
def served() -> Iterator[Callable[..., str]]:
    """served(app) -> the address where the app is served until the last test of the file ends."""
    from msftk.serve.listening import address, listen, make_server

    running = []

    def serve(app: object) -> str:
        listener = listen("127.0.0.1", 0)
        server = make_server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        running.append((server, thread))
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        return address(listener)

    yield serve
    for server, thread in running:
        server.should_exit = True
        thread.join(20)
