"""msftk: dimensional speech emotion recognition that listens to which words are stressed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from msftk.errors import InputError, MsftkError
    from msftk.evaluation.ccc import ccc
    from msftk.recipes.ablate import ablate
    from msftk.recipes.compare import compare
    from msftk.recipes.emphasis import emphasise_file
    from msftk.recipes.evaluate import evaluate
    from msftk.recipes.extract import extract_corpus
    from msftk.recipes.predict import load, load_model
    from msftk.recipes.predict_table import predict_table
    from msftk.recipes.prepare import prepare
    from msftk.recipes.report import write_report
    from msftk.recipes.scored import evaluate_table
    from msftk.recipes.train import train
    from msftk.settings import load_settings
    from msftk.store.manifest import Manifest, read_manifest, write_manifest
    from msftk.store.memory import MemoryStore
    from msftk.types import ATTRIBUTES, RatingScale, Utterance

__version__ = "0.1.0"
__all__ = [
    "ATTRIBUTES",
    "InputError",
    "Manifest",
    "MemoryStore",
    "MsftkError",
    "RatingScale",
    "Utterance",
    "__version__",
    "ablate",
    "ccc",
    "compare",
    "emphasise_file",
    "evaluate",
    "evaluate_table",
    "extract_corpus",
    "load",
    "load_model",
    "load_settings",
    "predict_table",
    "prepare",
    "read_manifest",
    "train",
    "write_manifest",
    "write_report",
]

_PLACES = {
    "ATTRIBUTES": "msftk.types",
    "InputError": "msftk.errors",
    "Manifest": "msftk.store.manifest",
    "MemoryStore": "msftk.store.memory",
    "MsftkError": "msftk.errors",
    "RatingScale": "msftk.types",
    "Utterance": "msftk.types",
    "ablate": "msftk.recipes.ablate",
    "ccc": "msftk.evaluation.ccc",
    "compare": "msftk.recipes.compare",
    "emphasise_file": "msftk.recipes.emphasis",
    "evaluate": "msftk.recipes.evaluate",
    "evaluate_table": "msftk.recipes.scored",
    "extract_corpus": "msftk.recipes.extract",
    "load": "msftk.recipes.predict",
    "load_model": "msftk.recipes.predict",
    "load_settings": "msftk.settings",
    "predict_table": "msftk.recipes.predict_table",
    "prepare": "msftk.recipes.prepare",
    "read_manifest": "msftk.store.manifest",
    "train": "msftk.recipes.train",
    "write_manifest": "msftk.store.manifest",
    "write_report": "msftk.recipes.report",
}


def __getattr__(name: str) -> Any:
    """What is exported is imported when it is first used, so that `import msftk` stays light: no NumPy, no torch."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'msftk' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
