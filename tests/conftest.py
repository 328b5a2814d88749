"""Fixtures that several test files share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from small_corpus import small_corpus, tiny_settings

from msftk.cli import app
from msftk.store.features import Store
from msftk.store.manifest import Manifest

if not Path("/dev/nvidiactl").exists():
    os.environ["TRITON_INTERPRET"] = "1"  # where there is no GPU kernels are interpreted; Triton reads it at its import


@dataclass(frozen=True)
class Ended:
    """How a command line ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def msftk(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Runs `msftk ARGUMENTS` in this process, through the same door as the console command."""

    def call(*arguments: object) -> Ended:
        capsys.readouterr()
        code = app.run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def tone_corpus(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """24 short tones by six speakers, with ratings, splits, sessions, transcripts and alignments."""
    return small_corpus(tmp_path_factory.mktemp("tones"))


@pytest.fixture(scope="session")
def tone_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A feature store that tests on `tone_corpus` share, so that its F0 is computed once."""
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory, tone_corpus: Manifest, tone_store: Store) -> Path:
    """A finished run on `tone_corpus` (fm-moe with gs, les, es). Read it; do not write into it."""
    from msftk.recipes.train import train

    run = tmp_path_factory.mktemp("runs") / "tiny"
    train(tone_corpus, tiny_settings(), run, store=tone_store, device="cpu")
    return run


@pytest.fixture(scope="session")
def exported_run(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny_run` as an ONNX file, its card beside it."""
    from msftk.recipes.export import export

    return export(tiny_run, tmp_path_factory.mktemp("exported") / "model.onnx").model


@pytest.fixture(scope="session")
def fold_run(tmp_path_factory: pytest.TempPathFactory, tone_corpus: Manifest, tone_store: Store) -> Path:
    """A finished run of three folds on `tone_corpus`, acoustics alone. Read it; do not write into it."""
    from msftk.recipes.train import train

    run = tmp_path_factory.mktemp("runs") / "folds"
    settings = tiny_settings("training.epochs=2", "fusion.name=none")
    train(tone_corpus, settings, run, store=tone_store, folds="session", device="cpu")
    return run


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """The same random numbers in every run; a test that has not loaded torch does not load it for this."""
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)
