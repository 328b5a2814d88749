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


extensions = [
    Extension(f"msftk_ext.{source.stem}", [str(source)], extra_compile_args=["-O3"])
    for source in sorted(Path("ext").glob("*.pyx"))
]
setup(packages=packages(), ext_modules=cythonize(extensions, language_level=3))
