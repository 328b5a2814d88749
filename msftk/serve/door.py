"""What every request passes on its way in and out: its host, its token, how many there are, how large it is."""

from __future__ import annotations

import asyncio
import hmac
import re
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from contextlib import suppress
from typing import Any

from msftk.extras import from_extra
from msftk.serve.limits import Limits
from msftk.serve.metrics import Metrics

with from_extra("serve", "msftk serve"):
    from starlette.exceptions import HTTPException
    from starlette.requests import ClientDisconnect
    from starlette.responses import JSONResponse

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

LOCAL = ("localhost", "127.0.0.1", "[::1]")
PORT = re.compile(r":\d*$")
DRAINED_S = 5.0  # a client that sends too much hears so when it has sent it, or after this


class TooLargeError(HTTPException):
    """A body beyond the limit."""


class Door:
    """The app behind its checks, as ASGI.

    Args:
        token: that requests must bring (`Authorization: Bearer TOKEN`); None: none, and only hosts called `LOCAL` are
            answered, so that no page of elsewhere reads here under a name of its own.
        open_paths: answered without the token.
        paths: that are counted under their names, all others as "other".
    """

    def __init__(
        self,
        app: App,
        limits: Limits,
        metrics: Metrics,
        token: str | None,
        open_paths: Collection[str],
        paths: Collection[str],
    ) -> None:
        self._app, self._limits, self._metrics, self._token = app, limits, metrics, token
        self._open, self._paths = frozenset(open_paths), frozenset(paths)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.monotonic(), 499  # where nobody hears an answer any more

        async def counted_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        path = scope["path"] if scope["path"] in self._paths else "other"
        self._metrics.begun(path)
        try:
            await self._answer(scope, receive, counted_send)
        finally:
            self._metrics.ended(path, status, time.monotonic() - begun)

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refused = self._refused(scope["path"], headers)
        if refused is None:
            with suppress(ClientDisconnect):  # nobody is there to be told
                await self._app(scope, self._counted(receive, headers), send)
            return
        if refused.status_code == 413:
            await _drain(receive, headers)
        await refused(scope, receive, send)

    def _refused(self, path: str, headers: dict[str, str]) -> JSONResponse | None:
        """The answer to a request that goes no further."""
        if self._token is None and PORT.sub("", headers.get("host", "localhost").lower()) not in LOCAL:
            return _told(400, f"this server answers to {', '.join(LOCAL)} alone.")
        if path in self._open:
            return None
        if self._token is not None and not hmac.compare_digest(
            headers.get("authorization", "").encode("latin-1"), f"Bearer {self._token}".encode()
        ):
            return _told(401, "no valid token. Send Authorization: Bearer TOKEN.", {"WWW-Authenticate": "Bearer"})
        if self._metrics.under_way > self._limits.requests:
            return _told(503, "too many requests are under way. Come again.", {"Retry-After": "1"})
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._limits.max_bytes:
            return _told(413, self._too_large)
        return None

    @property
    def _too_large(self) -> str:
        return f"a body of more than {self._limits.max_mb:g} MB. Send a shorter recording, or one that is compressed."

    def _counted(self, receive: Receive, headers: dict[str, str]) -> Receive:
        """Raises TooLargeError when more than the limit has come in, whatever the headers said."""
        n_bytes = 0

        async def counted() -> Message:
            nonlocal n_bytes
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > self._limits.max_bytes:
                if message.get("more_body", False):
                    await _drain(receive, headers)
                raise TooLargeError(413, self._too_large)
            return message

        return counted


async def _drain(receive: Receive, headers: dict[str, str]) -> None:
    """Reads the rest of a body and keeps none of it: most clients hear an answer only after they sent all."""
    if "expect" in headers:  # it waits to be told before it sends
        return
    try:
        async with asyncio.timeout(DRAINED_S):
            while (await receive()).get("more_body", False):
                pass
    except TimeoutError:
        pass


def _told(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers)
