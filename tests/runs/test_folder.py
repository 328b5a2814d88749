"""The run folder: names and layout in one place, and one clear error for a file that is torn or odd."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from msftk.errors import InputError, VersionError
from msftk.runs.folder import RunFolder


@pytest.fixture
def copied(tiny_run: Path, tmp_path: Path) -> RunFolder:
    return RunFolder(Path(shutil.copytree(tiny_run, tmp_path / "copied")))


def test_run_of_one_model_knows_its_files(tiny_run: Path) -> None:
    run = RunFolder(tiny_run)
    assert run.is_finished
    assert run.kept_splits == ["dev", "test"]
    assert run.folds == {}
    assert len(run.read_metrics()) == 4
    assert [line["epoch"] for line in run.read_metrics(2)] == [1, 2]
    assert run.read_card()["corpus"] == run.read_manifest().corpus == "tones"


@pytest.mark.parametrize("text", ["", "{", "[1]", "[" * 100_000, '{"format_version": ' + "9" * 5000 + "}", "\ud800"])
def test_torn_or_odd_card_is_one_input_error_that_names_it(copied: RunFolder, text: str) -> None:
    copied.card_file.write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(InputError, match=r"protocol\.json"):
        copied.read_card()


@pytest.mark.parametrize(
    ("line", "said"),
    [('{"epo', "not a JSON object"), ("[" * 100_000, "not a JSON object"), ("{}", "no epoch, train_loss or dev_ccc")],
)
def test_torn_or_odd_line_of_metrics_is_named_by_its_number(copied: RunFolder, line: str, said: str) -> None:
    copied.metrics_file.write_text('{"epoch": 1, "train_loss": 2.5, "dev_ccc": {}}\n' + line)
    with pytest.raises(InputError, match=rf"metrics\.jsonl:2: {said}\. Train again into a new folder"):
        copied.read_metrics()


def test_card_of_another_format_version_is_refused(copied: RunFolder) -> None:
    copied.card_file.write_text('{"format_version": 2}')
    with pytest.raises(VersionError, match="format version 2, expected 1"):
        copied.read_card()
