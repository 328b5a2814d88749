"""`kimi-audio`: the worker that we ship, as a real process, with a small stand-in for the package that it imports."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from answering import GOOD

from msftk.consent import Consent, consenting
from msftk.errors import BackEndError, InputError, MsftkError
from msftk.interfaces import Evidence
from msftk.registry import registry
from msftk.store.manifest import Manifest, write_manifest
from msftk.types import SAMPLE_RATE_HZ, Description

STAND_IN = """
import json, os, signal, time, wave
from pathlib import Path

HERE = Path(os.environ["STAND_IN"])


class KimiAudio:
    def __init__(self, model_path, load_detokenizer=True):
        assert load_detokenizer is False
        print("Loading ...")  # as libraries do
        with (HERE / "pids").open("a") as pids:
            pids.write(f"{os.getpid()}\\n")

    def generate(self, chats, output_type, text_temperature, max_new_tokens):
        with (HERE / "asked").open("a") as asked:
            asked.write(json.dumps([chats, output_type, text_temperature, max_new_tokens]) + "\\n")
        (sound,) = [chat["content"] for chat in chats if chat["message_type"] == "audio"]
        with wave.open(sound) as file:
            seconds = file.getnframes() / file.getframerate()
        print('{"id": 1, "text": "printed"}')
        if (HERE / "die").exists():
            if (HERE / "die").read_text() == "once":
                (HERE / "die").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        if (HERE / "hang").exists():
            (HERE / "hang").unlink()
            time.sleep(60)
        if seconds > 3:
            raise ValueError("too long")
        words = json.loads((HERE / "answer").read_text())
        if words == "garbage" and len(chats) == 5:
            words = {"scenario": "the second time"}
        return None, words if isinstance(words, str) else json.dumps({**words, "explanation": f"{seconds:.1f} s"})
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stand-in lies and is told what to do."""
    package = tmp_path / "packages" / "kimia_infer" / "api"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (package / "kimia.py").write_text(STAND_IN)
    (tmp_path / "answer").write_text(json.dumps(GOOD))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    monkeypatch.setenv("STAND_IN", str(tmp_path))
    return tmp_path


def describer(**options: object) -> Any:
    values = {"python": sys.executable, "labels": "calm", "start_s": 60, "answer_s": 60, **options}
    with consenting(Consent(remote_code=True)):
        return registry().create("describer", "kimi-audio", values)


def evidence(seconds: float = 1.0) -> Evidence:
    return Evidence("u", waveform=np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32))


def pids(place: Path) -> list[int]:
    return [int(pid) for pid in (place / "pids").read_text().split()]


def test_one_process_answers_all_and_what_it_prints_is_no_answer(place: Path) -> None:
    kimi = describer()
    found = [kimi.describe(evidence(seconds)) for seconds in (0.5, 1.0)]
    assert [one.explanation for one in found] == ["0.5 s", "1.0 s"]
    assert found[0].backend == "kimi-audio Kimi-Audio-7B-Instruct"
    assert len(pids(place)) == 1
    chats, *rest = json.loads((place / "asked").read_text().splitlines()[0])
    assert rest == ["text", 0.0, 400]
    assert [chat["message_type"] for chat in chats] == ["text", "text", "audio"]
    assert not Path(chats[2]["content"]).exists()


def test_a_worker_that_was_killed_is_started_again(place: Path) -> None:
    kimi = describer()
    kimi.describe(evidence())
    os.kill(pids(place)[0], signal.SIGKILL)
    assert kimi.describe(evidence(0.5)).explanation == "0.5 s"
    assert len(set(pids(place))) == 2


def test_a_worker_that_dies_over_a_question_is_asked_it_again(place: Path) -> None:
    (place / "die").write_text("once")
    assert describer().describe(evidence()).status == "ok"
    assert len(pids(place)) == 2


def test_a_worker_that_hangs_is_killed_and_asked_again(place: Path) -> None:
    (place / "hang").touch()
    assert describer(answer_s=2).describe(evidence()).status == "ok"
    first, _ = pids(place)
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


def test_what_kills_it_twice_or_is_refused_is_left_out_and_the_others_go_on(place: Path) -> None:
    kimi = describer()
    (place / "die").write_text("always")
    with pytest.raises(MsftkError, match=r"'kimi-audio' failed 2 times over one question: it died: ") as error:
        kimi.describe(evidence())
    assert not isinstance(error.value, BackEndError)
    (place / "die").unlink()
    refused, answered = kimi.describe_batch([evidence(4), evidence()])
    assert str(refused) == "describer 'kimi-audio' says: ValueError: too long"
    assert isinstance(answered, Description)


def test_garbage_is_asked_about_again_in_the_users_words(place: Path) -> None:
    (place / "answer").write_text('"garbage"')
    assert describer().describe(evidence()).scenario == "the second time"
    chats = json.loads((place / "asked").read_text().splitlines()[1])[0]
    assert chats[3]["content"] == "Your answer was: garbage"
    assert {chat["role"] for chat in chats} == {"user"}


def test_the_worker_ends_with_its_describer(place: Path) -> None:
    kimi = describer()
    kimi.describe(evidence())
    del kimi
    (pid,) = pids(place)
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("it runs on")


def test_a_package_that_is_not_there_ends_the_job_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with pytest.raises(BackEndError, match=r"does not start: ModuleNotFoundError: No module named .kimia_infer."):
        describer().describe(evidence())


@pytest.mark.parametrize(
    ("python", "message"),
    [
        (
            None,
            r"describer\.python is not set: .* Name its Python by --set describer\.python=PLACE",
        ),
        ("/none/bin/python", r"describer\.python is '/none/bin/python', which is no program"),
    ],
)
def test_its_python_has_to_be_named(python: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        describer(python=python)


def test_a_corpus_is_described_only_with_trust(place: Path, tone_corpus: Manifest, msftk: Callable[..., Any]) -> None:
    write_manifest(Manifest("tones", tone_corpus.scale, tone_corpus.utterances[:3]), place / "M.parquet")
    command = [
        *("extract", place / "M.parquet", "--semantics", "es", "--describer", "kimi-audio", "--json"),
        *("--set", f"describer.python={sys.executable}", "--set", "text.name=hashing", "--store", place / "store"),
    ]
    refused = msftk(*command)
    assert refused.code == 2
    assert "Where you trust both, give the flag --trust-remote-code" in " ".join(refused.err.split())
    assert not (place / "pids").exists()
    ended = msftk(*command, "--trust-remote-code")
    assert json.loads(ended.out)["sources"]["es"]["present"] == 3
    assert len(pids(place)) == 1
