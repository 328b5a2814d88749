"""What `import msftk` offers: every name is there and typed, and paths may be texts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_corpus import tiny_settings

import msftk
from msftk.store.features import Store
from msftk.store.manifest import Manifest

USE = """
import msftk

run = msftk.load("runs/first")
for one in run.predict(["a.wav"], store=msftk.MemoryStore()):
    reveal_type(one.windows[0].values)
reveal_type(msftk.evaluate("runs/first").ccc)
reveal_type(msftk.emphasise_file("a.wav").emphasis.score.mean())
reveal_type(msftk.train("m.parquet", msftk.load_settings(), "runs/first").evaluations)
reveal_type(msftk.read_manifest("m.parquet").utterances[0].transcript)
"""


def test_every_name_is_there_and_shown() -> None:
    for name in msftk.__all__:
        assert getattr(msftk, name) is not None
    assert set(msftk.__all__) <= set(dir(msftk))
    with pytest.raises(AttributeError, match="module 'msftk' has no attribute 'lod'"):
        msftk.lod  # noqa: B018


def test_a_corpus_goes_from_manifest_to_prediction_by_public_names_and_texts_for_paths(
    tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    manifest, run, store = f"{tmp_path}/m.parquet", f"{tmp_path}/run", str(tone_store.root)
    msftk.write_manifest(tone_corpus, manifest)
    assert len(msftk.read_manifest(manifest).utterances) == 24
    settings = tiny_settings("training.epochs=1")
    assert msftk.extract_corpus(manifest, settings, store=store).n_utterances == 24
    done = msftk.train(manifest, settings, run, store=store)
    assert msftk.evaluate(run, split="test").ccc == done.evaluations["test"].ccc
    assert msftk.evaluate(run, manifest, "test", store=store).n == 8
    assert msftk.write_report(run, f"{tmp_path}/page.html", store=store).is_file()
    assert msftk.load_settings(file=f"{run}/settings.toml") == settings
    audio = str(tone_corpus.utterances[4].audio)
    msftk.emphasise_file(audio, str(tone_corpus.utterances[4].alignment)).write_table(f"{tmp_path}/t.csv")
    (said,) = msftk.load(run).predict(audio, store=msftk.MemoryStore())
    assert set(said.values) == set(msftk.ATTRIBUTES)


@pytest.mark.slow
def test_a_users_code_is_typed(tmp_path: Path) -> None:
    (tmp_path / "use.py").write_text(USE)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--follow-imports=silent", "use.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(Path(msftk.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    told = [line.partition("Revealed type is ")[2] for line in done.stdout.splitlines() if "Revealed" in line]
    assert done.returncode == 0, done.stdout
    assert [line.strip('"') for line in told] == [
        "dict[str, float]",
        "dict[str, float]",
        "Any",  # NumPy's own word on a mean
        "dict[str, msftk.evaluation.evaluation.Evaluation]",
        "str | None",
    ]
