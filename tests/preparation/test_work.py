"""Work as an object: the same from another process, and as wide as what it needs lets it be."""

from __future__ import annotations

import multiprocessing
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from tones import tones, write_utterance

from msftk.consent import Consent, consent, consenting
from msftk.errors import AbsentError, MsftkError
from msftk.interfaces import Describer, Engine, Evidence, Options
from msftk.preparation.extract import Preparation
from msftk.preparation.parts import Parts, make_parts
from msftk.preparation.prepared import Prepared
from msftk.preparation.work import Question, Read
from msftk.recipes.emphasis_corpus import emphasise_corpus
from msftk.settings import Settings, load_settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.store.memory import MemoryStore
from msftk.types import Description, RatingScale, Utterance
from msftk_plugins.engines.local import Local

SETTINGS = ("text.name=hashing", "text.dim=16")

SHARER = """
import os, pickle, sys, time
from pathlib import Path
from msftk.preparation.extract import extract
from msftk.settings import Settings
from msftk.store.features import Store
from msftk_plugins.describers.measured import Measured
from msftk_plugins.semantics.les import LocalEmphasizedSemantics as Les
from msftk_plugins.text.hashing import Hashing

folder = Path(sys.argv[1])
made = os.open(folder / "made", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def told(kind, name):
    quick = getattr(kind, name)
    def slowly(self, asked):
        for one in asked if isinstance(asked, list) else [asked.id]:
            os.write(made, f"{name} {one}\\n".encode())
        time.sleep(0.1)
        return quick(self, asked)
    setattr(kind, name, slowly)

for kind, name in ((Measured, "describe"), (Les, "text"), (Hashing, "encode")):
    told(kind, name)
settings = Settings.model_validate_json((folder / "settings.json").read_text())
extract(pickle.loads((folder / "utterances.pickle").read_bytes()), settings, Store(folder / "shared"))
"""


class Spawned(Engine):
    """Two processes that share nothing with this one: what they are given must be told whole."""

    class Options(Options):
        pass

    workers = 2

    def map(self, work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        with ProcessPoolExecutor(self.workers, multiprocessing.get_context("spawn")) as pool:
            running = [(item, pool.submit(work, item)) for item in items]
            for item, future in running:
                yield item, future.exception() or future.result()


@pytest.fixture
def settings() -> Settings:
    return load_settings("tiny", assignments=SETTINGS)


def made(folder: Path, name: str) -> Utterance:
    """An utterance with a sound of its own."""
    utterance = write_utterance(folder, name)
    noise = np.random.default_rng(ord(name)).normal(0, 1e-3, 32_000)
    soundfile.write(utterance.audio, tones() + noise.astype(np.float32), 16_000)
    return utterance


@pytest.fixture
def utterances(tmp_path: Path) -> list[Utterance]:
    return [made(tmp_path, name) for name in "abc"]


def contents(prepared: Prepared, utterances: Sequence[Utterance]) -> list[Any]:
    found: list[Any] = [prepared.f0_hz(u.id).tobytes() for u in utterances]
    for source in prepared.dims:
        texts = [prepared.text(source, u.id) for u in utterances]
        vectors = [prepared.vector(source, u.id) for u in utterances]
        found += zip(texts, [None if v is None else v.tobytes() for v in vectors], strict=True)
    return found


def test_processes_that_share_nothing_come_to_the_same(
    utterances: list[Utterance], settings: Settings, tmp_path: Path
) -> None:
    here = Preparation(settings, Store(tmp_path / "here")).prepare(utterances, with_f0=True)
    away = Preparation(settings, Store(tmp_path / "away"))
    away.engine = Spawned()
    assert contents(away.prepare(utterances, with_f0=True), utterances) == contents(here, utterances)


def test_two_processes_on_one_store_make_nothing_twice(
    utterances: list[Utterance], settings: Settings, tmp_path: Path
) -> None:
    """Beside F0 also descriptions, texts and their vectors."""
    (tmp_path / "settings.json").write_text(settings.model_dump_json())
    (tmp_path / "utterances.pickle").write_bytes(pickle.dumps(utterances))
    workers = [subprocess.Popen([sys.executable, "-c", SHARER, str(tmp_path)]) for _ in range(2)]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    made = (tmp_path / "made").read_text().splitlines()
    assert sorted(made) == sorted(set(made))
    assert {line.split()[0] for line in made} == {"describe", "text", "encode"}


def test_a_preparation_is_built_once_where_it_is_sent(settings: Settings, tmp_path: Path) -> None:
    sent = pickle.dumps(Read(Preparation(settings, Store(tmp_path / "store")), with_f0=True))
    first, second = pickle.loads(sent), pickle.loads(sent)
    assert first.components is second.components
    assert first.with_f0


def test_what_the_caller_allows_holds_where_the_work_is_sent_and_nowhere_else(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def watched(*given: Any) -> Parts:
        seen.append(consent())
        return make_parts(*given)

    monkeypatch.setattr("msftk.preparation.components.make_parts", watched)
    for allowed in (Consent(remote_code=True, download=True), Consent()):
        with consenting(allowed):
            sent = pickle.dumps(Preparation(settings, Store(tmp_path / "allowed")))
        pickle.loads(sent)
        assert seen[-2:] == [allowed, allowed]


def test_what_lies_in_memory_cannot_be_sent(settings: Settings) -> None:
    with pytest.raises(MsftkError, match=r"a store in memory cannot be sent to other processes\. Give the work a"):
        pickle.dumps(Preparation(settings, MemoryStore()))


def test_emphasis_of_a_corpus_by_processes_is_the_same_table(
    utterances: list[Utterance], settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = Manifest("tones", RatingScale(1, 7), tuple(utterances))
    emphasise_corpus(manifest, tmp_path / "here.parquet", settings=settings, store=tmp_path / "here")
    monkeypatch.setattr("msftk.preparation.components.make_engine", lambda *_: Spawned())
    done = emphasise_corpus(manifest, tmp_path / "away.parquet", settings=settings, store=tmp_path / "away")
    assert done.n_utterances == 3
    assert (tmp_path / "here.parquet").read_bytes() == (tmp_path / "away.parquet").read_bytes()


class Together(Describer):
    """Describes as many as it is given, and remembers how many these were and who asked."""

    batch = 2
    needs = ("audio", "f0")

    def __init__(self, wants: Any) -> None:
        self.wants = wants
        self.sizes: list[int] = []
        self.threads: set[int] = set()
        self.meet = threading.Barrier(2, timeout=20) if wants == "network" else None

    def describe(self, evidence: Evidence) -> Description:
        return self.describe_batch([evidence])[0]  # type: ignore[return-value]

    def describe_batch(self, evidence: Sequence[Evidence]) -> list[Description | Exception]:
        self.sizes.append(len(evidence))
        self.threads.add(threading.get_ident())
        if self.meet:
            self.meet.wait()
        answers = {"a": Description(gender="female"), "b": AbsentError("too short"), "c": RuntimeError("out of memory")}
        return [answers.get(one.id, Description(gender="male")) for one in evidence]


def described(settings: Settings, describer: Describer, utterances: Sequence[Utterance]) -> Prepared:
    preparation = Preparation(settings, MemoryStore())
    preparation.engine = Local(Local.Options(workers=2))
    assert preparation.parts.describer is not None
    object.__setattr__(preparation.parts.describer, "component", describer)
    return preparation.prepare(utterances)


def test_a_model_is_given_batches_one_after_the_other(
    utterances: list[Utterance], settings: Settings, tmp_path: Path
) -> None:
    model = Together("model")
    found = described(settings, model, [*utterances, made(tmp_path, "d")])
    assert model.sizes == [2, 2]
    assert len(model.threads) == 1
    assert found.text("es", "a") == "This is a female speaker."
    assert found.text("es", "d") == "This is a male speaker."
    assert found.absent["es"] == {"too short": 1, "description failed": 1}
    assert found.warnings == {"c": "describer 'measured': out of memory"}


def test_a_server_is_asked_at_the_same_time(utterances: list[Utterance], settings: Settings, tmp_path: Path) -> None:
    server = Together("network")
    described(settings, server, [*utterances, made(tmp_path, "d")])
    assert len(server.threads) == 2  # each waited for the other


def test_a_batch_that_is_refused_is_asked_for_one_by_one(utterances: list[Utterance], settings: Settings) -> None:
    class Picky(Together):
        def describe_batch(self, evidence: Sequence[Evidence]) -> list[Description | Exception]:
            self.sizes.append(len(evidence))
            if len(evidence) > 1:
                raise RuntimeError("too many")
            return [Description(gender="female")]

    picky = Picky("model")
    assert described(settings, picky, utterances).present["es"] == 3
    assert picky.sizes == [2, 1, 1, 1]


def test_sound_that_is_no_file_is_prepared_by_its_samples(settings: Settings) -> None:
    time_s = np.arange(16_000) / 16_000
    samples = (0.2 * np.sin(2 * np.pi * 150 * time_s)).astype(np.float32)
    preparation = Preparation(settings, MemoryStore())
    live = Utterance("live", None, transcript="Hello.")
    prepared = preparation.prepare([live], with_f0=True, samples={"live": samples})
    assert prepared.present == {"gs": 1, "les": 0, "es": 1}
    assert len(prepared.f0_hz("live")) == 201
    assert len(prepared.waveform(live, max_s=0.25)) == 4_000
    answers = Read(preparation, with_f0=True)([Question(0, live, samples)])
    assert answers[0].audio_key  # type: ignore[union-attr]


def test_a_large_corpus_is_handed_out_a_few_utterances_at_a_time(settings: Settings) -> None:
    preparation = Preparation(settings, MemoryStore(), workers=2)
    work = Read(preparation, with_f0=False)
    questions = [Question(i, Utterance(f"u{i}", None), None) for i in range(1000)]
    assert {len(batch) for batch in work.batches(questions[:100], 100)} == {1}
    assert [one for batch in work.batches(questions, 1000) for one in batch] == questions
    assert {len(batch) for batch in work.batches(questions, 1000)} == {7, 1000 % 7}
