from __future__ import annotations

import sys

from small_corpus import tiny_settings

from msftk.evaluation.protocol import component_packages, library_versions, protocol_card, resolved_settings
from msftk.settings import load_settings


def test_resolved_settings_hold_options_that_nobody_named() -> None:
    resolved = resolved_settings(tiny_settings("fusion.hidden=9"))
    assert resolved["fusion"] == {
        "name": "fm-moe", "hidden": 9, "dropout": 0.1, "film_at": "pooled", "expert_c": "extended", "router": "static"
    }  # fmt: skip
    assert resolved["training"]["epochs"] == 4


def test_every_component_and_source_has_its_package() -> None:
    packages = component_packages(tiny_settings(semantics=("gs", "es")))
    assert {"acoustic", "fusion", "emphasis", "gs", "es"} <= packages.keys()
    assert "les" not in packages
    assert {package.split()[0] for package in packages.values()} == {"msftk"}


def test_versions_are_those_of_this_installation() -> None:
    import numpy

    versions = library_versions()
    assert versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert versions["numpy"] == numpy.__version__


def test_the_card_says_how_much_was_heard_and_keeps_the_facts() -> None:
    hears = tiny_settings()
    reads = load_settings("tiny", None, ("acoustic.name=none", "fusion.name=semantics-only"), environment={})
    card = protocol_card(hears, {"corpus": "tones"})
    assert (card["corpus"], card["seconds_kept"]) == ("tones", hears.data.seconds_kept)
    assert protocol_card(reads, {})["seconds_kept"] == 0
