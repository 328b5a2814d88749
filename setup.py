"""Extensions only; everything else stands in pyproject.toml."""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

ROOMS = ("msftk", "plugins", "ext")
PACKAGE = {"msftk": "msftk", "plugins": "msftk_plugins", "ext": "msftk_ext"}


def packages() -> list[str]:
    """Every folder with an __init__.py, under the name it is imported by."""
    found = []
    for room in ROOMS:
        for init in sorted(Path(room).rglob("__init__.py")):
            parts = init.parent.parts
            found.append(".".join((PACKAGE[parts[0]], *parts[1:])))
    return found


FLAGS = ["-O3", "-fno-math-errno", "-fno-trapping-math"]  # never -ffast-math: infinities and NaN carry meaning


def extension(source: Path) -> Extension:
    """ext/NAME.pyx, with the C++ core in ext/NAME/ if it has one."""
    core = sorted(map(str, source.with_suffix("").glob("*.cpp")))
    flags = [*FLAGS, "-std=c++17"] if core else FLAGS
    headers = sorted(map(str, source.with_suffix("").glob("*.h")))
    language = "c++" if core else "c"
    name = f"msftk_ext.{source.stem}"
    return Extension(name, [str(source), *core], depends=headers, extra_compile_args=flags, language=language)


extensions = [extension(source) for source in sorted(Path("ext").glob("*.pyx"))]
setup(packages=packages(), ext_modules=cythonize(extensions, language_level=3))
