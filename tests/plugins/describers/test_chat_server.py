"""Whom to ask again and whom not, against a real server on the loopback."""

from __future__ import annotations

import socket
import time
from email.utils import formatdate

import pytest
from answering import Reply, answering, completion

from msftk.errors import BackEndError, InputError, MsftkError
from msftk_plugins.describers.chat_server import ChatServer, check_url

KEY = "sk-very-secret-0123"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSFTK_OPENAI_API_KEY", KEY)


def asked(url: str, retries: int = 3, timeout_s: float = 5.0) -> str:
    return ChatServer(url, timeout_s, retries, first_wait_s=0.01).ask({"model": "m"})


def test_an_answer_is_its_text_and_the_key_comes_from_the_environment() -> None:
    with answering(lambda *_: completion("hello")) as server:
        assert asked(server.url) == "hello"
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_without_a_key_none_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MSFTK_OPENAI_API_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    with answering(lambda *_: completion("hello")) as server:
        asked(server.url)
    assert server.headers[0]["authorization"] is None


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(status: int) -> None:
    with answering(lambda _b, _h, n: completion("at last") if n == 2 else (status, {}, "busy")) as server:
        assert asked(server.url) == "at last"
    assert len(server.asked) == 3


def test_a_slow_answer_and_a_broken_connection_are_asked_for_again() -> None:
    def reply(_body: object, _headers: object, n: int) -> Reply:
        if n == 0:
            time.sleep(0.5)
        if n == 1:
            raise ConnectionResetError
        return completion("at last")

    with answering(reply) as server:
        assert asked(server.url, timeout_s=0.2) == "at last"
    assert len(server.asked) == 3


@pytest.mark.parametrize("after", ["0.3", formatdate(time.time() + 2, usegmt=True)])
def test_retry_after_is_waited_for(after: str) -> None:
    def reply(_body: object, _headers: object, n: int) -> Reply:
        return completion("at last") if n else (429, {"retry-after": after if "GMT" not in after else later}, "")

    later = formatdate(time.time() + 2, usegmt=True)
    start = time.monotonic()
    with answering(reply) as server:
        assert asked(server.url) == "at last"
    assert time.monotonic() - start > 0.29


def test_who_stays_busy_is_given_up_with_the_trouble_and_the_tries() -> None:
    with (
        answering(lambda *_: (503, {}, "")) as server,
        pytest.raises(MsftkError, match=r"/v1 gave no answer in 3 tries: status 503") as error,
    ):
        asked(server.url, retries=2)
    assert not isinstance(error.value, BackEndError)
    assert len(server.asked) == 3


def test_a_refused_question_is_not_asked_again_and_ends_nothing_else() -> None:
    said = '{"error": {"message": "audio too long: 3000 tokens"}}'
    with (
        answering(lambda *_: (400, {}, said)) as server,
        pytest.raises(MsftkError, match=r"refused the question \(400: audio too long: 3000 tokens\)") as error,
    ):
        asked(server.url)
    assert not isinstance(error.value, BackEndError)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, r"asks for another key \(status 401\), and was given it\. Set MSFTK_OPENAI_API_KEY in the environment"),
        (404, r"knows no such model or address \(404: no model for \.\.\.\)\. Correct describer\.model"),
    ],
)
def test_what_no_question_can_get_past_ends_the_job_and_the_key_is_not_shown(status: int, said: str) -> None:
    with (
        answering(lambda *_: (status, {}, f'{{"error": "no model for {KEY}"}}')) as server,
        pytest.raises(BackEndError, match=said) as error,
    ):
        asked(server.url)
    assert len(server.asked) == 1
    assert KEY not in str(error.value)


def test_no_server_ends_the_job_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(
            BackEndError, match=r"no server answers there \(.*refused\)\. Start it, or correct describer\.u"
        ):
            asked(url)


@pytest.mark.parametrize("body", ["<html>Welcome</html>", "{}", '{"choices": []}', "[1]"])
def test_an_answer_that_is_no_completion_is_quoted(body: str) -> None:
    with (
        answering(lambda *_: (200, {}, body)) as server,
        pytest.raises(MsftkError, match=r"answers, but with no chat completion: "),
    ):
        asked(server.url)


def test_a_key_that_cannot_be_one_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSFTK_OPENAI_API_KEY", "sk two words")
    with (
        answering(lambda *_: completion("hello")) as server,
        pytest.raises(BackEndError, match=r"^MSFTK_OPENAI_API_KEY: no key, it holds spaces") as error,
    ):
        asked(server.url)
    assert "two words" not in str(error.value)


def test_nothing_about_a_server_shows_its_key() -> None:
    server = ChatServer("http://localhost:1/v1", 1, 0, 1)
    assert server._key == KEY
    assert KEY not in repr(server)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("localhost:8000", r"describer\.url is 'localhost:8000': expected a server's address, e\.g\. http://"),
        ("http://me:secret@host/v1", r"describer\.url: leave user, password and everything after \? out of it"),
        ("http://host/v1?key=secret", r"describer\.url: leave user, password"),
    ],
)
def test_an_address_that_is_none_or_holds_a_secret_is_refused(url: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        check_url(url, "describer.url")
    assert "secret" not in str(error.value)
