"""Recordings that are posted are answered as `msftk predict --json` prints them; all else by one clear message."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from published_models import write_published
from tones import write_utterance

from msftk.recipes.predict import load, load_model
from msftk.serve.answers import Answers
from msftk.serve.app import make_app
from msftk.serve.limits import Limits
from msftk.types import ATTRIBUTES

LIMITS = Limits(max_mb=0.2, max_s=5, timeout_s=10)


@pytest.fixture(scope="module")
def client(answers: Answers) -> Iterator[TestClient]:
    with TestClient(make_app(answers, LIMITS), base_url="http://localhost") as made:
        yield made


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A recording with a TextGrid beside it."""
    write_utterance(tmp_path, "one")
    return tmp_path / "one.wav"


def test_a_recording_is_answered_as_the_command_prints_it(
    client: TestClient, tiny_run: Path, recording: Path, msftk: Callable[..., Any], tmp_path: Path
) -> None:
    printed = json.loads(
        msftk("predict", tiny_run, recording, "--json", "--window", 0.5, "--store", tmp_path / "store").out
    )
    form = {"audio": recording.open("rb"), "alignment": recording.with_suffix(".TextGrid").open("rb")}
    answer = client.post("/predict", params={"window": 0.5}, files=form)
    assert (answer.status_code, answer.json()) == (200, printed)
    assert answer.json()["predictions"][0]["id"] == "one"
    assert printed["predictions"][0]["sources"] == ["gs", "les", "es"]


def test_a_body_alone_is_a_recording_too_and_its_name_and_words_stand_in_the_address(
    client: TestClient, recording: Path
) -> None:
    known = {"name": "hello \u00e4", "transcript": "please stop"}
    (said,) = client.post("/predict", params=known, content=recording.read_bytes()).json()["predictions"]
    assert said["id"] == "hello \u00e4"
    assert said["made_by"]["transcript"] == "given"
    (plain,) = client.post("/predict", content=recording.read_bytes()).json()["predictions"]
    assert (plain["id"], "gs" in plain["sources"]) == ("recording", False)


def test_nothing_of_a_request_is_kept(client: TestClient, answers: Answers, recording: Path) -> None:
    before = {*Path(tempfile.gettempdir()).glob("msftk-serve-*/*")}
    client.post("/predict", params={"transcript": "please stop"}, content=recording.read_bytes())
    assert {*Path(tempfile.gettempdir()).glob("msftk-serve-*/*")} == before
    assert all(not len(shelf) for store in answers._stores.values() for shelf in store._shelves.values())


def test_an_explanation_is_that_of_the_command(
    client: TestClient, tiny_run: Path, recording: Path, msftk: Callable[..., Any], tmp_path: Path
) -> None:
    printed = json.loads(msftk("explain", tiny_run, recording, "--json", "--store", tmp_path / "store").out)
    form = {"audio": recording.open("rb"), "alignment": recording.with_suffix(".TextGrid").open("rb")}
    answer = client.post("/explain", files=form)
    assert (answer.status_code, answer.json()) == (200, printed)


def test_a_part_is_explained_as_the_command_does(
    client: TestClient, tiny_run: Path, recording: Path, msftk: Callable[..., Any], tmp_path: Path
) -> None:
    part = ("--start", "0.2", "--end", "0.7")
    printed = json.loads(msftk("explain", tiny_run, recording, *part, "--json", "--store", tmp_path / "store").out)
    form = {"audio": recording.open("rb"), "alignment": recording.with_suffix(".TextGrid").open("rb")}
    answer = client.post("/explain", params={"start": 0.2, "end": 0.7}, files=form)
    assert (answer.status_code, answer.json()) == (200, printed)
    refused = client.post("/explain", params={"start": 99}, content=recording.read_bytes())
    assert (refused.status_code, refused.json()["detail"][:30]) == (422, "start 99 end 2: expected a par")


def longer(recording: Path) -> bytes:
    """A header that tells the sound goes on for 6 s."""
    import numpy as np
    import soundfile

    soundfile.write(recording, np.zeros(6 * 16_000), 16_000, "PCM_U8")
    return recording.read_bytes()


@pytest.mark.parametrize(
    ("body", "params", "status", "told"),
    [
        (b"", {}, 422, "recording: an empty file."),
        (b"no sound at all", {"name": "mine"}, 422, "mine: cannot be decoded"),
        (longer, {}, 422, "recording: 6 s, expected at most 5 s."),
        (bytes(300_000), {}, 413, "a body of more than 0.2 MB."),
        (None, {"window": 900}, 422, "window 900: expected more than 0 and at most"),
        (None, {"window": 0.5, "hop": 1e-4}, 422, "windows, expected at most 1000. Name a longer window or hop."),
        (None, {"hop": 1}, 422, "hop 1: goes with window."),
        (None, {"window": "long"}, 422, "valid number"),
        (None, {"window": "nan"}, 422, "greater than 0"),
        (None, {"name": "n" * 300}, 422, "at most 200 characters"),
    ],
)
def test_what_cannot_be_answered_is_told_and_names_no_path(
    body: Any, params: dict[str, Any], status: int, told: str, client: TestClient, recording: Path
) -> None:
    content = recording.read_bytes() if body is None else body(recording) if callable(body) else body
    answer = client.post("/predict", params=params, content=content)
    assert answer.status_code == status
    assert told in str(answer.json()["detail"])
    assert tempfile.gettempdir() not in answer.text
    assert client.post("/predict", content=write_again(recording)).status_code == 200


def write_again(recording: Path) -> bytes:
    write_utterance(recording.parent, recording.stem)
    return recording.read_bytes()


@pytest.mark.parametrize(
    ("form", "status", "told"),
    [
        ({"sound": b"x"}, 422, "a form without a file 'audio'."),
        ({"audio": None, "alignment": ("words.doc", b"x")}, 422, "'words.doc': no reader knows its ending."),
        ({"audio": b"x", "alignment": b"y", "more": b"z"}, 400, "Too many files"),
    ],
)
def test_a_form_is_checked(form: dict[str, Any], status: int, told: str, client: TestClient, recording: Path) -> None:
    files = {name: recording.read_bytes() if one is None else one for name, one in form.items()}
    answer = client.post("/predict", files=files)
    assert answer.status_code == status
    assert told in answer.json()["detail"]


def test_a_body_alone_needs_no_package_that_reads_forms(
    client: TestClient, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "python_multipart", None)
    assert client.post("/predict", content=recording.read_bytes()).status_code == 200
    answer = client.post("/predict", files={"audio": recording.read_bytes()})
    assert answer.status_code == 422
    assert "a form needs the package python_multipart" in answer.json()["detail"]


def test_an_alignment_that_cannot_be_read_is_told_without_its_path(client: TestClient, recording: Path) -> None:
    form = {"audio": ("one.wav", recording.open("rb")), "alignment": ("x.TextGrid", b"no grid")}
    answer = client.post("/predict", files=form)
    assert answer.status_code == 200
    assert "one.textgrid: not a TextGrid" in answer.json()["notes"][0]
    assert tempfile.gettempdir() not in answer.text


def test_health_and_metrics_answer(client: TestClient, recording: Path) -> None:
    assert client.get("/health").json()["status"] == "ok"
    client.post("/predict", content=recording.read_bytes())
    client.get("/nowhere")
    told = client.get("/metrics").text
    assert 'msftk_requests_total{path="/predict",status="200"}' in told
    assert 'msftk_requests_total{path="other",status="404"}' in told
    assert "nowhere" not in told


def test_no_answer_names_a_place_of_the_server(
    tmp_path: Path, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_published("wav2small", tmp_path / "kept" / "wav2small")
    monkeypatch.chdir(tmp_path)
    for place in ("kept/wav2small", str(tmp_path / "kept" / "wav2small")):
        published = Answers(load_model(place, device="cpu"))
        with TestClient(make_app(published), base_url="http://localhost") as client:
            answer = client.post("/predict", content=recording.read_bytes())
        assert "licence of wav2small" in answer.json()["notes"][0]
        assert "kept" not in answer.text
        told = published.without_places("/root/.cache/x.json: gone, see http://a.org/b/c and (/srv/models/roberta) 1/2")
        assert told == "x.json: gone, see http://a.org/b/c and (roberta) 1/2"


class Slow(Answers):
    """Answers when nobody waits any longer."""

    def __call__(self, jobs: Any) -> list[Any]:
        time.sleep(0.6)
        return super().__call__(jobs)


def test_who_waits_too_long_is_told(tiny_run: Path, recording: Path) -> None:
    slow = make_app(Slow(load(tiny_run, device="cpu")), Limits(timeout_s=0.3))
    with TestClient(slow, base_url="http://localhost") as client:
        answer = client.post("/predict", content=recording.read_bytes())
    assert (answer.status_code, answer.json()["detail"]) == (504, "no answer within 0.3 s. Send less, or come again.")


class Explaining(Answers):
    """Explains until it is allowed to end."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self, jobs: Any) -> list[Any]:
        if jobs[0].what == "explain":
            self.begun.set()
            assert self.may_end.wait(30)
        return super().__call__(jobs)


def test_a_prediction_does_not_wait_for_an_explanation_and_neither_changes_the_other(
    client: TestClient, tiny_run: Path, recording: Path
) -> None:
    form = {
        "audio": recording.read_bytes(),
        "alignment": ("a.TextGrid", recording.with_suffix(".TextGrid").read_bytes()),
    }
    alone = [client.post(path, files=form).json() for path in ("/explain", "/predict")]
    explaining = Explaining(load(tiny_run, device="cpu"))
    app = make_app(explaining, Limits(timeout_s=20))
    with TestClient(app, base_url="http://localhost") as both, ThreadPoolExecutor(4) as pool:
        explained = pool.submit(both.post, "/explain", files=form)
        assert explaining.begun.wait(20)
        first = both.post("/predict", files=form)
        assert (first.status_code, explained.done()) == (200, False)
        explaining.may_end.set()
        beside = [pool.submit(both.post, "/predict", files=form) for _ in range(6)]
        assert explained.result().json() == alone[0]
        for one in (first, *(one.result() for one in beside)):
            (said,), (expected,) = one.json()["predictions"], alone[1]["predictions"]
            assert [said[a] for a in ATTRIBUTES] == pytest.approx([expected[a] for a in ATTRIBUTES], abs=1e-5)


class Broken(Answers):
    """What nobody foresaw."""

    def __call__(self, jobs: Any) -> list[Any]:
        raise ZeroDivisionError(f"secret of {jobs[0].upload.utterance.audio}")


def test_what_was_not_foreseen_is_told_without_what_it_says(
    tiny_run: Path, recording: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with TestClient(make_app(Broken(load(tiny_run, device="cpu"))), base_url="http://localhost") as client:
        answer = client.post("/predict", content=recording.read_bytes())
        assert client.get("/health").status_code == 200
    assert answer.status_code == 500
    assert "ZeroDivisionError, not foreseen" in answer.json()["detail"]
    assert "secret" not in answer.text
    assert "secret" in caplog.text


def test_numbers_are_on_the_scale_of_the_run(client: TestClient, recording: Path) -> None:
    answer = client.post("/predict", content=recording.read_bytes()).json()
    assert answer["scale"] == [1.0, 7.0]
    assert all(0 < answer["predictions"][0][attribute] < 8 for attribute in ATTRIBUTES)
