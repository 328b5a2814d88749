"""The acoustic encoder that settings describe, adapted as they say."""

from __future__ import annotations

from functools import partial

from msftk.errors import InputError
from msftk.interfaces import AcousticEncoder, Adaptation, EncoderPlan, PretrainedEncoder, StoredFeatures
from msftk.registry import registry
from msftk.settings import Settings


def acoustic_encoder(settings: Settings, config: str | None = None) -> AcousticEncoder:
    """The encoder as the network trains it; `config` is what a checkpoint kept of it.

    Raises InputError: the adaptation needs pretrained layers, and the encoder has none.
    """
    adaptation, plan = _planned(settings)
    return adaptation.encoder(plan, config)


def stored_features(settings: Settings) -> StoredFeatures | None:
    """What of the encoder is run once and stored; None where nothing is. Raises as `acoustic_encoder`."""
    if not registry().get("adaptation", settings.adaptation.name).load().stores:
        return None  # and no encoder is loaded to ask
    adaptation, plan = _planned(settings)
    return adaptation.stored(plan)


def _planned(settings: Settings) -> tuple[Adaptation, EncoderPlan]:
    adaptation: Adaptation = settings.create("adaptation")
    chosen = settings.acoustic
    encoder = registry().get("acoustic-encoder", chosen.name).load()
    if adaptation.needs_pretrained and not issubclass(encoder, PretrainedEncoder):
        raise InputError(
            f"adaptation '{settings.adaptation.name}' needs pretrained layers, and acoustic encoder '{chosen.name}' "
            "has none. Leave the adaptation out, or take a pretrained encoder (acoustic.name=hf)."
        )
    options = registry().options("acoustic-encoder", chosen.name, chosen.options)
    factory = partial(registry().create, "acoustic-encoder", chosen.name, chosen.options)
    return adaptation, EncoderPlan(encoder, options, factory)
