"""Plugins of strangers: written outside the checkout, installed by pip into a fresh environment, and trained with.

Three broken packages are installed beside two good ones: the good ones and msftk must work all the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from msftk.recipes.new_plugin import new_plugin
from msftk.recipes.prepare import prepare
from msftk.store.manifest import write_manifest

CLI = "import sys; from msftk.cli.app import main; sys.argv[0] = 'msftk'; main()"


@dataclass(frozen=True)
class Environment:
    """A fresh virtual environment that sees the packages of this one."""

    python: Path
    packages: Path  # sources of what was installed

    def run(self, *arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        cleared = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "MSFTK_", "PIP_"))}
        environment = {**cleared, "OMP_NUM_THREADS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "COLUMNS": "200"}
        command = [str(self.python), *map(str, arguments)]
        ended = subprocess.run(command, env=environment, cwd=self.packages, capture_output=True, text=True)
        assert ended.returncode == 0 or not check, ended.stdout + ended.stderr
        return ended

    def msftk(self, *arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("-c", CLI, *arguments, check=check)


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    packages, place = tmp_path_factory.mktemp("packages"), tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    site = place / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (site / "ours.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    environment = Environment(place / "bin" / "python", packages)
    folders = [
        new_plugin("last-words", "semantic-source", packages).folder,
        new_plugin("word-mean", "fusion", packages).folder,
        *broken_packages(packages),
    ]
    environment.run("-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation", *folders)
    return environment


def broken_packages(parent: Path) -> list[Path]:
    """One that cannot be imported, one whose hook is misspelled, one that claims the name of a fusion of ours."""
    return [
        spoilt(new_plugin("cracked", "fusion", parent).folder, "from msftk.", "import not_there\nfrom msftk."),
        spoilt(new_plugin("misspelt", "fusion", parent).folder, "register_fusions", "register_fusion"),
        spoilt(new_plugin("twin", "fusion", parent).folder, '"twin",', '"film",'),
    ]


def spoilt(package: Path, what: str, by: str) -> Path:
    (hooks,) = package.glob("*/hooks.py")
    hooks.write_text(hooks.read_text().replace(what, by, 1))
    return package


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of a few utterances of each split of the demo corpus."""
    path = tmp_path_factory.mktemp("demo") / "few.parquet"
    manifest = prepare("demo", None, path).manifest
    chosen = [one for split in ("train", "dev", "test1") for one in manifest.split(split)[::20]]
    write_manifest(replace(manifest, utterances=tuple(chosen)), path)
    return path


def test_the_packages_own_tests_pass_where_they_are_installed(strangers: Environment) -> None:
    tests = [strangers.packages / f"msftk-{name}" / "tests" for name in ("last-words", "word-mean")]
    ended = strangers.run("-m", "pytest", "-q", "--import-mode=importlib", "-p", "no:cacheprovider", *tests)
    assert "4 passed" in ended.stdout


def test_training_reads_the_new_granularity_through_the_new_fusion(
    strangers: Environment, few: Path, tmp_path: Path
) -> None:
    fast = ["--set", "text.name=hashing", "--epochs", 1, "--device", "cpu", "--store", tmp_path / "store"]
    sources = ["--semantics", "gs,les,last-words"]
    ended = strangers.msftk(
        *("train", few, *sources, "--fusion", "word-mean", "--set", "fusion.hidden=16"),
        *(*fast, "--out", tmp_path / "run", "--json"),
    )
    scored = json.loads(ended.stdout)["evaluations"]["test1"]
    assert list(scored["by_sources"])[-1] == "gs,les,last-words"
    card = scored["protocol"]
    assert card["sources"]["last-words"]["group"] == "last-words"
    assert card["settings"]["fusion"] == {"name": "word-mean", "hidden": 16}
    assert card["packages"]["fusion"] == "msftk-word-mean 0.1.0"
    assert card["packages"]["last-words"] == "msftk-last-words 0.1.0"
    ended = strangers.msftk("train", few, *sources, "--fusion", "fm-moe", *fast, "--out", tmp_path / "moe", "--json")
    share = json.loads(ended.stdout)["evaluations"]["test1"]["experts"]["share"]["valence"]
    assert list(share) == ["acoustic", "transcript", "last-words"]  # an expert of its own


def test_list_shows_strangers_and_tells_what_is_broken(strangers: Environment) -> None:
    ended = strangers.msftk("plugins", "list")
    assert "msftk-word-mean 0.1.0" in ended.stdout
    assert "last-words" in ended.stdout
    errors = " ".join(ended.stderr.split())
    assert "msftk-cracked 0.1.0 did not load: ModuleNotFoundError: No module named 'not_there'" in errors
    assert (
        "msftk-misspelt 0.1.0 did not load: UnknownNameError: unknown hook 'register_fusion'. "
        "Did you mean 'register_fusions'?" in errors
    )
    assert "fusion 'film' is registered twice, by msftk 0.1.0 and by msftk-twin 0.1.0. Uninstall one" in errors


def test_name_that_two_packages_claim_is_an_error_where_it_is_used(strangers: Environment, tmp_path: Path) -> None:
    ended = strangers.msftk("train", "--fusion", "film", "--out", tmp_path / "run", check=False)
    assert ended.returncode == 2
    assert "fusion 'film' is registered twice, by msftk 0.1.0 and by msftk-twin 0.1.0." in " ".join(
        ended.stderr.split()
    )


def test_unknown_name_is_answered_with_strangers_among_the_known(strangers: Environment, tmp_path: Path) -> None:
    ended = strangers.msftk("train", "--fusion", "word_mean", "--out", tmp_path / "run", check=False)
    assert ended.returncode == 2
    assert "unknown fusion 'word_mean'. Did you mean 'word-mean'?" in " ".join(ended.stderr.split())
