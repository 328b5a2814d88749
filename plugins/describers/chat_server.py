"""One question to a server that speaks OpenAI's chat completions: whom to ask, how long to wait, when to ask again."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from msftk.counting import counted
from msftk.errors import BackEndError, InputError, MsftkError
from msftk.extras import from_extra

KEYS = ("MSFTK_OPENAI_API_KEY", "OPENAI_API_KEY")  # in the environment, and nowhere else
LONGEST_WAIT_S = 60.0  # whatever Retry-After says: an interruption waits for those who wait
TEMPORARY = 429  # "too many requests"; as all from 500 on
ADVICE = "What was answered is stored: the same command goes on from there."


def check_url(url: str, place: str) -> None:
    """Raises InputError unless it is the address of a server, without a secret in it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"{place} is '{url}': expected a server's address, e.g. http://localhost:8000/v1.")
    if parts.username or parts.password or parts.query:
        raise InputError(
            f"{place}: leave user, password and everything after ? out of it: settings are written into runs. The key "
            f"belongs into the environment, {KEYS[0]}."
        )


@dataclass
class ChatServer:
    """A server at `url`, asked from many threads. A key is read from the environment and shown nowhere."""

    url: str
    timeout_s: float
    retries: int
    first_wait_s: float
    _random: random.Random = field(default_factory=random.Random, repr=False)

    def ask(self, body: Mapping[str, object]) -> str:
        """The text of the model's answer.

        429, 5xx, broken connections and time-outs are tried `retries` times more, after a wait that doubles, or as
        long as Retry-After says.

        Raises:
            BackEndError: no server there, the key or the model refused: no question will fare better.
            MsftkError: this question was refused, or not answered in all tries.
        """
        import httpx

        place, trouble = f"{self.url.rstrip('/')}/chat/completions", ""
        for attempt in range(self.retries + 1):
            wait_s = self.first_wait_s * 2**attempt * self._random.uniform(0.5, 1.0)
            try:
                reply = self._client.post(place, json=body)
            except httpx.ConnectError as error:
                raise BackEndError(
                    f"{self.url}: no server answers there ({error}). Start it, or correct describer.url. {ADVICE}"
                ) from error
            except httpx.TimeoutException:
                trouble = f"no answer within {self.timeout_s:g} s"
            except httpx.TransportError as error:
                trouble = f"the connection broke ({type(error).__name__})"
            else:
                if reply.is_success:
                    return self._text(reply)
                if reply.status_code != TEMPORARY and reply.status_code < 500:
                    raise self._refused(reply)
                trouble = f"status {reply.status_code}"
                wait_s = _retry_after_s(reply.headers.get("retry-after", ""), wait_s)
            if attempt < self.retries:
                time.sleep(min(wait_s, LONGEST_WAIT_S))
        raise MsftkError(f"{self.url} gave no answer in {counted(self.retries + 1, 'try', 'tries')}: {trouble}")

    def _text(self, reply: Any) -> str:
        try:
            return str(reply.json()["choices"][0]["message"]["content"] or "")
        except (ValueError, LookupError, TypeError) as error:
            raise MsftkError(f"{self.url} answers, but with no chat completion: {self._said(reply)}") from error

    def _refused(self, reply: Any) -> MsftkError:
        match reply.status_code:
            case 401 | 403:
                found = "it" if self._key else f"none ({' and '.join(KEYS)} are not set)"
                return BackEndError(
                    f"{self.url} asks for another key (status {reply.status_code}), and was given {found}. Set "
                    f"{KEYS[0]} in the environment. {ADVICE}"
                )
            case 404:
                return BackEndError(
                    f"{self.url} knows no such model or address (404: {self._said(reply)}). Correct describer.model "
                    f"or describer.url, which mostly ends in /v1. {ADVICE}"
                )
        return MsftkError(f"{self.url} refused the question ({reply.status_code}: {self._said(reply)})")

    def _said(self, reply: Any) -> str:
        """The beginning of what the server wrote, in one line, without the key, which it may have repeated."""
        try:
            error = reply.json()["error"]
            text = str(error["message"] if isinstance(error, dict) else error)
        except (ValueError, LookupError, TypeError):
            text = reply.text
        text = " ".join(text.split())[:200] or "nothing"
        return text.replace(self._key, "...") if self._key else text

    @cached_property
    def _key(self) -> str:
        name = next((name for name in KEYS if os.environ.get(name)), "")
        key = os.environ.get(name, "").strip()
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise BackEndError(f"{name}: no key, it holds spaces or letters that no key has. Set it anew.")
        return key

    @cached_property
    def _client(self) -> Any:
        with from_extra("llm", "describer 'openai-chat'"):
            import httpx

        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        return httpx.Client(headers=headers, timeout=httpx.Timeout(self.timeout_s), limits=limits)


def _retry_after_s(header: str, otherwise_s: float) -> float:
    """Seconds to wait: a number or a date, as HTTP allows; `otherwise_s` where it is neither."""
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError):
        return otherwise_s
