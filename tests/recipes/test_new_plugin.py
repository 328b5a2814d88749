"""`msftk plugins new`: a package of every kind whose own test passes, and names that are refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from msftk.errors import InputError, UnknownNameError
from msftk.hookspecs import KINDS
from msftk.recipes.new_plugin import NewPlugin, new_plugin

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[NewPlugin]:
    """A package of every kind, in one folder."""
    parent = tmp_path_factory.mktemp("packages")
    return [new_plugin(f"my-{kind.name}", kind.name, parent) for kind in KINDS]


def pretend_installed(package: Path, site: Path) -> None:
    """What pip leaves of a package beside its code: so its entry point is found without a build."""
    name = package.name.removeprefix("msftk-")
    about = site / f"{package.name.replace('-', '_')}-0.1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package.name}\nVersion: 0.1.0\n")
    (about / "entry_points.txt").write_text(f"[msftk]\n{name} = {package.name.replace('-', '_')}.hooks\n")


def test_the_own_test_of_every_kinds_package_passes(written: list[NewPlugin], tmp_path: Path) -> None:
    for package in written:
        pretend_installed(package.folder, tmp_path)
    path = os.pathsep.join([str(tmp_path), *(str(package.folder) for package in written)])
    tests = [str(package.folder / "tests") for package in written]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--import-mode=importlib", "-p", "no:cacheprovider", *tests],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        cwd=written[0].folder.parent,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout
    assert f"{2 * len(KINDS) + 3} passed" in ended.stdout  # corpus, alignment reader and target have a test more


def test_packages_are_written_as_clean_code(written: list[NewPlugin]) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    own_rules = ["--config", str(CHECKOUT / "pyproject.toml"), "--no-cache", str(written[0].folder.parent)]
    for check in (["check"], ["format", "--check"]):
        ended = subprocess.run([*ruff, *check, *own_rules], capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout


def test_hook_modules_import_nothing_heavy(written: list[NewPlugin]) -> None:
    for package in written:
        hooks = (package.folder / package.files[3]).read_text()
        imported = [line for line in hooks.splitlines() if line.startswith(("import", "from"))]
        assert imported == ["from msftk.hookspecs import Register, hookimpl"]


def test_package_tells_its_files_and_how_it_is_used(tmp_path: Path) -> None:
    package = new_plugin("word-mean", "fusion", tmp_path)
    assert package.folder == tmp_path / "msftk-word-mean"
    assert [str(path) for path in package.files] == [
        "pyproject.toml",
        "README.md",
        "msftk_word_mean/__init__.py",
        "msftk_word_mean/hooks.py",
        "msftk_word_mean/word_mean.py",
        "tests/test_word_mean.py",
    ]
    assert package.usage == "msftk train --fusion word-mean --out runs/word-mean"
    assert (
        "class WordMean(interfaces.Fusion, nn.Module)"
        in (package.folder / "msftk_word_mean" / "word_mean.py").read_text()
    )
    assert new_plugin("peak", "pooling", tmp_path).usage == "msftk train --set pooling.name=peak --out runs/peak"


def test_nothing_of_a_template_is_left_unfilled(written: list[NewPlugin]) -> None:
    for package in written:
        for path in package.files:
            assert "$" not in (package.folder / path).read_text().replace("$ python", "").replace("$ msftk", "")


@pytest.mark.parametrize("name", ["", "Word", "word_mean", "2nd", "-x", "x-", "a--b", "a b", "a/b", "ü"])
def test_name_that_cannot_be_used_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"plugin name '{name}': expected small letters, digits and single hyphens"):
        new_plugin(name, "fusion", tmp_path)
    assert not any(tmp_path.iterdir())


def test_word_of_python_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="plugin name 'lambda' is a word of Python"):
        new_plugin("lambda", "head", tmp_path)


def test_name_of_an_installed_plugin_of_the_kind_is_refused_and_of_another_kind_is_not(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"fusion 'film' is there already, from msftk \S+\. Choose another name"):
        new_plugin("film", "fusion", tmp_path)
    assert new_plugin("film", "pooling", tmp_path).folder.is_dir()


def test_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "msftk-mine").mkdir()
    with pytest.raises(InputError, match="msftk-mine: exists already and is left alone"):
        new_plugin("mine", "fusion", tmp_path)
    assert not any((tmp_path / "msftk-mine").iterdir())


def test_unknown_kind_lists_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown kind 'fusoin'\. Did you mean 'fusion'\? Known: corpus, "):
        new_plugin("mine", "fusoin", tmp_path)
