"""Extensions only; everything else stands in pyproject.toml."""

import os
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


OPTIMISED = ["-O3", "-fno-math-errno", "-fno-trapping-math"]  # no -ffast-math: infinities and NaN carry meaning
SANITIZED = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]  # `make sanitize`
FLAGS = SANITIZED if "MSFTK_SANITIZE" in os.environ else OPTIMISED


def extension(source: Path) -> Extension:
    """ext/NAME.pyx, with the C++ core in ext/NAME/ if it has one."""
    own, shared = source.with_suffix(""), Path("ext/simd")
    return Extension(
        f"msftk_ext.{source.stem}",
        [str(source), *sorted(map(str, own.glob("*.cpp")))],
        include_dirs=["ext"],
        depends=sorted(str(header) for folder in (own, shared) for header in folder.glob("*.h")),
        extra_compile_args=["-std=c++17", "-Wno-psabi", *FLAGS],
        extra_link_args=FLAGS,
        language="c++",
    )


extensions = [extension(source) for source in sorted(Path("ext").glob("*.pyx"))]
setup(packages=packages(), ext_modules=cythonize(extensions, language_level=3))
