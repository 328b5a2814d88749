"""What the README and docs/ show runs: their Python as it stands, their commands on a corpus of tones."""

from __future__ import annotations
import __future__

import re
import shlex
import shutil
import sys
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import typer.main
from small_corpus import tiny_settings
from tones import write_utterance

from msftk.cli.commands import app
from msftk.registry import Registry, registry
from msftk.store.features import Store
from msftk.store.manifest import Manifest, read_manifest, write_manifest

CHECKOUT = Path(__file__).parents[1]
PAGES = {page.name: page for page in (CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md")))}
AT_HAND = {  # what a reader of the page has written before
    "plugins.md": """
from pydantic import Field
from msftk import interfaces
from msftk.hookspecs import hookimpl
@hookimpl
def register_fusions(register): register("shown", "page:Shown")
""",
    "rules.md": "from msftk.hookspecs import hookimpl",
}
OUT_OF_REACH = (
    "msftk serve",  # it does not end by itself: tests/cli/test_serve.py
    *("msftk export", "model.onnx"),  # it takes long: tests/cli/test_examples.py, tests/recipes/test_exported.py
    "msftk align",  # tones say none of their words: it ends with 3
    "--transcript",
    "aligner.model",
    " /data/",  # corpora that are not ours to hand on
    "--preset paper",  # models of gigabytes
    *("runs/frozen", "runs/lora", "runs/languages"),  # trained with them
    "=/envs/",  # a Python that only the reader has
    "=/models/",  # weights of gigabytes
    "acoustic.model=emotion2vec",  # weights that the page converts: tests/plugins/acoustic/test_emotion2vec.py
    "gpu-machine",  # a server that only the reader has
    "recordings.csv",  # a table that only the reader has
    "--transcriber whisper",  # weights that cannot be fetched here: tests/cli/test_audio_alone.py
    *(
        " --model ",
        "--init msp-lab",
        "runs/msp-lab",
    ),  # published models, which cannot be fetched here: tests/plugins/models
    "low-rank",  # a package that the page writes: tests/test_plugins_page.py
    "--interval",  # one speaker of dev cannot tell: tests/recipes/test_calibration.py
    "msftk train --",  # the demo corpus takes a minute: tests/recipes/test_train.py
)
OTHERS_PYTHON = ("export.md",)  # onnxruntime and audonnx on a model that is exported there: tests/runs/test_graph.py
SMALL = {
    "MSFTK_TRAINING__EPOCHS": "1",
    "MSFTK_TEXT__NAME": "hashing",
    "MSFTK_ACOUSTIC__CHANNELS": "8",
}


def blocks(page: str, language: str) -> list[str]:
    text = PAGES[page].read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def commands(page: str) -> list[str]:
    lines = [line for block in blocks(page, "console") for line in block.replace("\\\n", " ").splitlines()]
    return [line.removeprefix("$ ").partition("  #")[0].strip() for line in lines if line.startswith("$ msftk ")]


@pytest.fixture
def place(tmp_path: Path, tone_corpus: Manifest, tone_store: Store, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with the files that the pages name."""
    tests = [replace(u, split="test1" if u.split == "test" else u.split) for u in tone_corpus.utterances]
    for name in ("msp", "small", "mine", "iemocap", "emobank"):
        write_manifest(replace(tone_corpus, utterances=tuple(tests)), tmp_path / f"{name}.parquet")
    rows = [f"{u.id},{u.audio},{u.split},{u.speaker},{','.join(map(str, u.ratings.values()))}" for u in tests]
    columns = "id,audio,split,speaker,valence,arousal,dominance"
    (tmp_path / "ratings.csv").write_text("\n".join([columns, *rows]))
    (tmp_path / "recordings").mkdir()
    write_utterance(tmp_path / "recordings", "one")
    write_utterance(tmp_path, "hello")
    monkeypatch.chdir(tmp_path)
    for name, value in {"MSFTK_STORE": str(tone_store.root), **SMALL}.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if page not in OTHERS_PYTHON and blocks(page, "python")])
def test_the_python_of_a_page_runs(
    page: str, place: Path, tiny_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(tiny_run, place / "runs" / "msp")
    monkeypatch.setattr(registry(), "add", Registry(()).add)  # what a page registers stays with it
    module = types.ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    for block in (AT_HAND.get(page, ""), *blocks(page, "python")):
        source = f"class Shown:\n{block}" if block.startswith("    ") else block
        exec(compile(source, page, "exec", __future__.annotations.compiler_flag), vars(module))
    if page == "README.md":
        assert re.match(r"hello \d\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize("line", sorted({line for page in PAGES for line in commands(page)}))
def test_a_command_of_the_pages_parses(line: str) -> None:
    words = shlex.split(line)[1:]
    command = typer.main.get_command(app).commands[words.pop(0)]  # type: ignore[attr-defined]
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context(command.name, words)


def within_reach(page: str) -> list[str]:
    return [line for line in commands(page) if not any(words in line for words in OUT_OF_REACH)]


@pytest.mark.parametrize("page", [page for page in PAGES if within_reach(page)])
def test_the_commands_of_a_page_run(page: str, place: Path, tone_store: Store, msftk: Callable) -> None:
    from msftk.recipes.train import train

    lines = within_reach(page)
    if any("runs/msp" in line for line in lines):  # the page trains it with large models
        train(read_manifest(place / "msp.parquet"), tiny_settings(), place / "runs" / "msp", store=tone_store)
    for line in lines:
        ended = msftk(*shlex.split(line)[1:])
        assert ended.code == 0, f"{line}\n{ended.err}"
