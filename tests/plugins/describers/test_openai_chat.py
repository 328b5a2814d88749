"""`openai-chat` through the commands a user types, against a real server that answers well, badly, late, or not."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import soundfile
from answering import GOOD, Answering, Reply, answering, completion

from msftk import testing
from msftk.consent import Consent, consenting
from msftk.errors import BackEndError, InputError
from msftk.interfaces import Evidence
from msftk.registry import registry
from msftk.store.manifest import Manifest, write_manifest

Msftk = Callable[..., Any]
KEY = "sk-very-secret-0123"


@pytest.fixture
def manifest(tone_corpus: Manifest, tmp_path: Path) -> Path:
    write_manifest(tone_corpus, tmp_path / "M.parquet")
    return tmp_path / "M.parquet"


def options(url: str, tmp_path: Path, *more: str) -> list[str]:
    sets = ["text.name=hashing", f"describer.url={url}", "describer.model=m", "describer.first_wait_s=0.01", *more]
    chosen = [word for one in sets for word in ("--set", one)]
    return ["--semantics", "es", "--describer", "openai-chat", "--store", str(tmp_path / "store"), *chosen]


def stored(tmp_path: Path) -> str:
    return "".join(file.read_text() for file in (tmp_path / "store").rglob("*.json*"))


def test_a_corpus_is_described_once_and_the_question_holds_sound_schema_and_the_corpus_labels(
    msftk: Msftk, manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with answering(lambda *_: completion(json.dumps(GOOD))) as server:
        ended = msftk("extract", manifest, *options(server.url, tmp_path), "--json", "-v")
        assert ended.code == 0, ended.err
        assert json.loads(ended.out)["sources"]["es"]["present"] == 24
        assert len(server.asked) == 24
        again = msftk("extract", manifest, *options(server.url, tmp_path), "--json")
        assert len(server.asked) == 24
    assert json.loads(again.out)["sources"] == json.loads(ended.out)["sources"]
    body = server.asked[0]
    system, user = body["messages"]
    assert isinstance(system["content"], str)
    sound, words = user["content"]
    samples, rate = soundfile.read(BytesIO(base64.b64decode(sound["input_audio"]["data"])))
    assert (rate, len(samples), sound["input_audio"]["format"]) == (16000, 14400, "wav")
    assert "calm, excited" in words["text"]
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["constrained_emotion"]["enum"] == ["calm", "excited", None]
    assert (body["temperature"], body["max_tokens"]) == (0, 400)
    assert KEY not in ended.out + ended.err + stored(tmp_path)
    assert "raw_text" in stored(tmp_path)


def test_f0_that_nobody_reads_is_not_found(msftk: Msftk, manifest: Path, tmp_path: Path) -> None:
    with answering(lambda *_: completion(json.dumps(GOOD))) as server:
        command = [
            "extract",
            manifest,
            *options(server.url, tmp_path, "acoustic.name=none"),
            "--json",
        ]
        assert "F0" not in json.loads(msftk(*command).out)["stages"]
        assert "F0" in json.loads(msftk(*command, "--set", "acoustic.name=logmel").out)["stages"]


def test_another_address_of_the_same_model_asks_nothing_again(msftk: Msftk, manifest: Path, tmp_path: Path) -> None:
    for asked in (24, 0):
        with answering(lambda *_: completion(json.dumps(GOOD))) as server:
            assert msftk("extract", manifest, *options(server.url, tmp_path)).code == 0
        assert len(server.asked) == asked


def test_garbage_is_asked_again_once_then_stored_as_failed_and_not_paid_for_again(
    msftk: Msftk, manifest: Path, tmp_path: Path
) -> None:
    with answering(lambda *_: completion("She sounds tired.")) as server:
        ended = msftk("extract", manifest, *options(server.url, tmp_path), "--json")
        assert len(server.asked) == 48
        again = msftk("extract", manifest, *options(server.url, tmp_path), "--json")
        assert len(server.asked) == 48
        server.reply = lambda *_: completion(json.dumps(GOOD))
        mended = msftk("extract", manifest, *options(server.url, tmp_path), "--json", "--retry-failed")
    assert json.loads(mended.out)["sources"]["es"]["present"] == 24
    for told in (ended, again):
        (reason,) = json.loads(told.out)["sources"]["es"]["absent"]
        assert reason.startswith("failed: the answer cannot be used, it holds no JSON object")
        assert len(json.loads(told.out)["warnings"]) == 24
    assert "She sounds tired." in stored(tmp_path)


def test_a_wrong_key_ends_the_job_with_one_message_and_nothing_is_lost(
    msftk: Msftk, manifest: Path, tmp_path: Path
) -> None:
    def reply(_body: object, _headers: object, n: int) -> Reply:
        return completion(json.dumps(GOOD)) if n < 10 else (401, {}, "no")

    with answering(reply) as server:
        ended = msftk("extract", manifest, *options(server.url, tmp_path, "engine.requests=1"))
        assert ended.code == 2
        assert ended.err.count("asks for another key") == 1
        assert "the same command goes on from there" in " ".join(ended.err.split())
        assert len(server.asked) == 11
        server.reply = lambda *_: completion(json.dumps(GOOD))
        assert msftk("extract", manifest, *options(server.url, tmp_path)).code == 0
    assert len(server.asked) == 25


def test_no_server_is_told_in_one_message(msftk: Msftk, manifest: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ended = msftk("extract", manifest, *options(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", tmp_path))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.count("no server answers there") == 1


def test_a_server_that_often_fails_is_kept_busy_and_every_utterance_ends_answered_or_listed(
    msftk: Msftk, manifest: Path, tmp_path: Path
) -> None:
    together = threading.Barrier(8)

    def reply(_body: object, _headers: object, n: int) -> Reply:
        if n < 8:
            together.wait(20)  # only where eight are out at once
        match n % 10:
            case 3:
                return 429, {"retry-after": "0.01"}, ""
            case 5:
                return 500, {}, "oops"
            case 7:
                time.sleep(0.6)
            case 9:
                return completion("garbage")
        return completion(json.dumps(GOOD))

    with answering(reply) as server:
        more = ("engine.requests=8", "describer.timeout_s=0.4")
        ended = msftk("extract", manifest, *options(server.url, tmp_path, *more), "--json")
    found = json.loads(ended.out)
    assert server.most == 8
    assert found["sources"]["es"]["present"] + len(found["warnings"]) == 24
    assert found["sources"]["es"]["present"] >= 20


def describer(server: Answering, **options: object) -> Any:
    values = {"url": server.url, "model": "m", "first_wait_s": 0.01, **options}
    return registry().create("describer", "openai-chat", values)


def test_sound_may_travel_as_a_data_url_and_the_schema_be_left_out(tone_corpus: Manifest) -> None:
    with answering(lambda *_: completion(json.dumps(GOOD))) as server, consenting(Consent(send=True)):
        describer(server, audio="audio_url", json_schema=False).describe(evidence(tone_corpus))
    body = server.asked[0]
    assert "response_format" not in body
    assert body["messages"][1]["content"][0]["audio_url"]["url"].startswith("data:audio/wav;base64,UklGR")


def test_it_keeps_the_contract_of_describers() -> None:
    with answering(lambda *_: completion(json.dumps(GOOD))) as server, consenting(Consent(send=True)):
        testing.check_describer("openai-chat", url=server.url, model="m", labels="calm")
        server.reply = lambda *_: completion("")
        testing.check_describer("openai-chat", url=server.url, model="m")


def test_nothing_is_sent_that_the_caller_does_not_allow(tone_corpus: Manifest) -> None:
    with (
        answering(lambda *_: completion(json.dumps(GOOD))) as server,
        pytest.raises(BackEndError, match=r"would send recordings to http://127\.0\.0\.1:\d+/v1, .* --allow-sending"),
    ):
        describer(server).describe(evidence(tone_corpus))
    assert server.asked == []


def test_a_model_has_to_be_named() -> None:
    with pytest.raises(InputError, match=r"describer\.model is not set: .* --set describer\.model=NAME"):
        registry().create("describer", "openai-chat")


def test_plugins_show_has_the_prompt_with_its_fingerprint(msftk: Msftk) -> None:
    shown = " ".join(msftk("plugins", "show", "openai-chat").out.split())
    assert "prompt v1-" in shown
    assert '"paralinguistics": how it is said' in shown


def evidence(corpus: Manifest) -> Evidence:
    samples, _ = soundfile.read(corpus.utterances[0].audio, dtype="float32")
    return Evidence("u", waveform=samples)
