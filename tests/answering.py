"""A real HTTP server on the loopback that answers chat completions as a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD = {
    "free_emotion": "weary",
    "constrained_emotion": "calm",
    "explanation": "a long day",
    "scenario": "a phone call",
    "paralinguistics": "slow, quiet",
    "gender": "female",
}
Reply = tuple[int, dict[str, str], str]  # status, headers, body


def completion(text: str | None) -> Reply:
    """What a server answers that a model said."""
    return 200, {}, json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]})


class Answering:
    """`reply(body, headers, n)` answers the n-th request (from 0); `asked`: all bodies; `most`: in flight at once."""

    def __init__(self, reply: Callable[[dict[str, Any], Any, int], Reply]) -> None:
        self.reply = reply
        self.asked: list[dict[str, Any]] = []
        self.headers: list[Any] = []
        self.now = self.most = 0
        self.lock = threading.Lock()
        self.url = ""


@contextmanager
def answering(reply: Callable[[dict[str, Any], Any, int], Reply]) -> Iterator[Answering]:
    """A server that runs inside the block."""
    told = Answering(reply)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with told.lock:
                n = len(told.asked)
                told.asked.append(body)
                told.headers.append(self.headers)
                told.now += 1
                told.most = max(told.most, told.now)
            try:
                status, headers, text = told.reply(body, self.headers, n)
                content = text.encode()
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
            except OSError:  # who asked has gone
                pass
            finally:
                with told.lock:
                    told.now -= 1

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

    server = Server(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
