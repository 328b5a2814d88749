"""Where the server listens, and how it runs until it is ended."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from msftk.errors import InputError
from msftk.extras import from_extra

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI


BACKLOG = 1024  # connections that wait to be accepted


def is_local(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens already: a port that is taken is told before a model is loaded, and who comes early waits.

    Raises InputError.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(BACKLOG)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{host}, port {port}: {reason}. Name another by --port or --host.") from error
    return listener


def address(listener: socket.socket) -> str:
    """What a browser takes."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def make_server(app: FastAPI) -> uvicorn.Server:
    """Its `run(sockets=[listener])` serves until it is told to end; requests under way are answered first."""
    with from_extra("serve", "msftk serve"):
        import uvicorn
    return uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=10))


def run_server(app: FastAPI, listener: socket.socket) -> None:
    """Until Ctrl-C or SIGTERM, which are how a server is meant to end."""
    with suppress(KeyboardInterrupt):
        make_server(app).run(sockets=[listener])
