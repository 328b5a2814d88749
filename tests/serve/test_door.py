"""What a request passes first: a host's name, a token, how many others there are, the size of its body."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from msftk.serve.door import Door
from msftk.serve.limits import Limits
from msftk.serve.metrics import Metrics

LIMITS = Limits(max_mb=1, requests=2)


def app(token: str | None = None, limits: Limits = LIMITS, metrics: Metrics | None = None) -> FastAPI:
    made = FastAPI()
    made.add_middleware(
        Door, limits=limits, metrics=metrics or Metrics(), token=token, open_paths=("/open",), paths=("/open", "/size")
    )

    @made.get("/open")
    async def open_to_all() -> str:
        return "open"

    @made.post("/size")
    async def size(request: Request) -> int:
        return len(await request.body())

    return made


def client(**how: Any) -> TestClient:
    return TestClient(app(**how), base_url="http://localhost")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200),
        ("127.0.0.1", 200),
        ("[::1]:8000", 200),
        ("LocalHost", 200),
        ("evil.example", 400),
        ("localhost.evil", 400),
        ("localhost:8000@evil.example", 400),
    ],
)
def test_without_a_token_only_names_of_this_machine_are_answered(host: str, status: int) -> None:
    assert client().get("/open", headers={"host": host}).status_code == status
    assert client(token="secret").get("/open", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("sent", [None, "Bearer wrong", "secret", "Bearer secret2", "Bearer s\u00e9cret"])
def test_with_a_token_nothing_else_is_let_in(sent: str | None) -> None:
    asked = client(token="secret")
    headers = {} if sent is None else {"authorization": sent.encode("latin-1")}
    answer = asked.post("/size", content=b"xy", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert asked.post("/size", content=b"xy", headers={"authorization": "Bearer secret"}).json() == 2
    assert asked.get("/open").status_code == 200


def test_a_token_may_hold_any_letter() -> None:
    asked = client(token="s\u00e9cret")
    for sent, status in (("Bearer s\u00e9cret", 200), ("Bearer secret", 401)):
        assert asked.post("/size", content=b"", headers={"authorization": sent.encode()}).status_code == status


def blocks(n: int) -> Iterator[bytes]:
    """A body whose length no header tells."""
    yield from (bytes(100_000) for _ in range(n))


def test_a_body_is_taken_up_to_the_limit_however_it_comes() -> None:
    asked = client()
    assert asked.post("/size", content=bytes(1_000_000)).json() == 1_000_000
    assert asked.post("/size", content=blocks(10)).json() == 1_000_000
    for body in (bytes(1_000_001), blocks(11)):
        answer = asked.post("/size", content=body)
        assert answer.status_code == 413
        assert answer.json()["detail"].startswith("a body of more than 1 MB.")


def test_a_body_of_gigabytes_is_refused_before_it_comes(served: Callable[[Any], str]) -> None:
    place = served(app()).removeprefix("http://").split(":")
    with socket.create_connection((place[0], int(place[1]))) as asking:
        asking.settimeout(10)
        head = b"POST /size HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2147483648\r\nExpect: 100-continue\r\n\r\n"
        asking.sendall(head)
        assert asking.recv(100).startswith(b"HTTP/1.1 413")


def test_a_client_that_sends_all_before_it_reads_hears_why(served: Callable[[Any], str]) -> None:
    answer = httpx.post(f"{served(app())}/size", content=blocks(300), timeout=20)
    assert answer.status_code == 413


def test_a_client_that_goes_away_is_counted_and_harms_nobody(served: Callable[[Any], str]) -> None:
    metrics = Metrics()
    address = served(app(limits=Limits(), metrics=metrics))
    host, port = address.removeprefix("http://").split(":")
    for _ in range(3):
        with socket.create_connection((host, int(port))) as asking:
            asking.sendall(b"POST /size HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf")
    until = time.monotonic() + 10
    while 'status="499"} 3' not in metrics.text() and time.monotonic() < until:
        time.sleep(0.02)
    assert 'msftk_requests_total{path="/size",status="499"} 3' in metrics.text()
    assert httpx.post(f"{address}/size", content=b"xyz").json() == 3


def test_more_requests_than_the_limit_are_told_to_come_again(served: Callable[[Any], str]) -> None:
    address = served(app())
    begun, go_on = threading.Semaphore(0), threading.Event()

    def slowly() -> Iterator[bytes]:
        yield b"x"
        begun.release()
        go_on.wait(10)
        yield b"y"

    found: list[int] = []
    waiting = [
        threading.Thread(
            target=lambda: found.append(httpx.post(f"{address}/size", content=slowly(), timeout=20).json())
        )
        for _ in range(2)
    ]
    for one in waiting:
        one.start()
        begun.acquire(timeout=10)
    answer = httpx.post(f"{address}/size", content=b"xyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    go_on.set()
    for one in waiting:
        one.join(20)
    assert found == [2, 2]
    assert httpx.post(f"{address}/size", content=b"xyz").json() == 3
