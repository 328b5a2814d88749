"""The protocol card: how a score came about, beside every score."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from msftk.assignments import LISTS, SECTIONS
from msftk.evaluation.intervals import METHOD
from msftk.registry import registry
from msftk.settings import Component, Settings

LIBRARIES = ("msftk", "torch", "transformers", "numpy", "safetensors", "pyarrow", "pyworld", "soundfile")

# what the paper leaves open and we decided, where it is no setting; settings of ours stand in `settings`
DECISIONS = (
    "CCC is Lin's population form over all predictions of a split, never a mean of batches; undefined is null",
    "ratings are trained on the unit scale (y - low) / (high - low); predictions come back on the corpus scale",
    "only the first `data.seconds_kept` seconds of an utterance are heard, in training and in testing",
    "batches hold utterances of like length, drawn by (seed, epoch); steps of one epoch have equal sizes, up to one",
    "semantic vectors enter the network with mean 0 and variance 1 each, so that the gate can learn",
    "what is fitted on data is fitted on training utterances alone",
    "transforms change what training hears, by (seed, epoch, utterance, place in the list), and nothing else: dev and "
    "tests are heard as recorded; F0 but for its scale, ratings and texts are the recording's",
    "the checkpoint is chosen by mean CCC on dev, or is the last one (`training.select`)",
    f"95 % intervals: {METHOD}, with effective clusters - 1 degrees of freedom",
    "CCC within category: each side centred on its own category means",
    "an expert's share is cov(pi_k f_k, y) / var(y); without it, routing is renormalised over the others",
    "CCC by sources: the same model, the other sources marked absent in prediction",
)


def resolved_settings(settings: Settings) -> dict[str, Any]:
    """All settings with every option of every component, defaults too.

    >>> from msftk.settings import load_settings
    >>> resolved_settings(load_settings("tiny"))["emphasis"]
    {'name': 'lemf', 'weight_pitch': 1.0, 'weight_energy': 1.2, 'weight_duration': 0.8}
    """
    plain = settings.model_dump(mode="json")
    for section, kind in SECTIONS.items():
        plain[section] = _resolved(kind, settings.component(section))
    for name, kind in LISTS.items():
        plain[name] = [resolved_entry(kind, one) for one in settings.listed(name)]
    return plain


def resolved_entry(kind: str, chosen: Component) -> str | dict[str, Any]:
    """An entry of a list of settings with every option that has a value; the name alone where there is none.

    >>> resolved_entry("target", Component(name="vad"))
    {'name': 'vad', 'weight': 1.0}
    """
    given = {option: value for option, value in _resolved(kind, chosen).items() if value is not None}
    return given if len(given) > 1 else chosen.name


def _resolved(kind: str, chosen: Component) -> dict[str, Any]:
    options = registry().options(kind, chosen.name, chosen.options)
    return {"name": chosen.name, **options.model_dump(mode="json")}


def component_packages(settings: Settings) -> dict[str, str]:
    """Section, semantic source or "targets.NAME" -> the package, with its version, that the component came from.

    >>> from msftk.settings import load_settings
    >>> component_packages(load_settings("tiny"))["fusion"].split()[0]
    'msftk'
    """
    chosen = {section: registry().get(kind, settings.component(section).name) for section, kind in SECTIONS.items()}
    chosen |= {source: registry().get("semantic-source", source) for source in settings.semantics}
    for listed, kind in LISTS.items():
        chosen |= {f"{listed}.{one.name}": registry().get(kind, one.name) for one in settings.listed(listed)}
    return {what: plugin.package for what, plugin in chosen.items()}


def library_versions() -> dict[str, str]:
    """Installed versions of what a number may depend on.

    >>> sorted(library_versions())[:3]
    ['msftk', 'numpy', 'pyarrow']
    """
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def protocol_card(settings: Settings, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The card of a run: `facts` (corpus, splits, missing counts, producers ...), settings, decisions and versions.

    >>> from msftk.settings import load_settings
    >>> card = protocol_card(load_settings("tiny"), {"corpus": "demo"})
    >>> card["corpus"], card["settings"]["fusion"]["name"], card["clipping"]
    ('demo', 'fm-moe', False)
    """
    listens = registry().get("acoustic-encoder", settings.acoustic.name).load().reads_sound
    return {
        **facts,
        "seed": settings.training.seed,
        "seconds_kept": settings.data.seconds_kept if listens else 0.0,
        "clipping": settings.data.clip_predictions,
        "settings": resolved_settings(settings),
        "packages": component_packages(settings),
        "decisions": list(DECISIONS),
        "versions": library_versions(),
    }


def dev_chose(card: Mapping[str, Any]) -> bool:
    """Whether dev had a say in the model of a card: then scores on it are optimistic.

    >>> dev_chose({"selection": {"by": "mean CCC on dev"}}), dev_chose({"selection": {"by": "last epoch"}})
    (True, False)
    """
    selection = card["selection"]
    return bool(selection.get("on_dev", selection["by"] != "last epoch"))
