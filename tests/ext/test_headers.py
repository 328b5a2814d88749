"""The C++ headers: each stands alone, and nothing that other files share is compiled for one vector width."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

EXT = Path(__file__).parents[2] / "ext"
COMPILER = os.environ.get("CXX", "c++")
HEADERS = sorted(path.relative_to(EXT).as_posix() for path in EXT.glob("*/*.h"))
WIDE = sorted(path.relative_to(EXT).as_posix() for path in EXT.glob("*/*_avx*.cpp"))

pytestmark = pytest.mark.skipif(shutil.which(COMPILER) is None, reason="no C++ compiler")


def compile_file(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    arguments = [COMPILER, "-std=c++17", f"-I{EXT}", *options, str(path)]
    return subprocess.run(arguments, capture_output=True, text=True)


@pytest.mark.slow
def test_each_header_includes_what_it_uses(tmp_path: Path) -> None:
    def alone(header: str) -> str:
        path = tmp_path / header.replace("/", "-").replace(".h", ".cpp")
        path.write_text(f'#include "{header}"\n')
        return compile_file(path, "-fsyntax-only", "-Wno-psabi").stderr

    assert len(HEADERS) > 20
    with ThreadPoolExecutor(2) as pool:
        said = dict(zip(HEADERS, pool.map(alone, HEADERS), strict=True))
    assert {header: errors for header, errors in said.items() if errors} == {}


@pytest.mark.parametrize("source", WIDE)
def test_only_headers_of_internal_linkage_are_compiled_for_a_wider_target(source: str) -> None:
    """An inline function of a standard header that was compiled for AVX-512 could be linked into every other file."""
    preprocessed = compile_file(EXT / source, "-E").stdout
    _, pragma, after = preprocessed.rpartition("#pragma GCC target")
    included = {path for path in re.findall(r'^# \d+ "([^"<]+)"', after, re.MULTILINE) if not path.endswith(".cpp")}
    assert pragma
    assert included
    for path in included:
        assert path.endswith("simd/target.h") or "\nnamespace {\n" in Path(path).read_text(), path
