"""What a model of a corpus reads: sound, meaning, or both, in the corpus' words; what it does not read is not made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msftk.errors import InputError
from msftk.hookspecs import find_kind
from msftk.registry import registry
from msftk.settings import Component, Settings
from msftk.store.columns import values_of
from msftk.types import Utterance


def settings_for(settings: Settings, utterances: Iterable[Utterance]) -> Settings:
    """Settings without meaning for a fusion of sound alone, and without sound for one of meaning alone.

    On a corpus of text without sound the default fusion gives way to the first that reads none. Raises InputError for
    another fusion that reads sound.
    """
    without_audio = not any(utterance.audio for utterance in utterances)
    if without_audio and settings.fusion.name == find_kind("fusion").default:
        settings = settings.model_copy(update={"fusion": _first("fusion", "reads_acoustics")})
    fusion = registry().get("fusion", settings.fusion.name).load()
    if without_audio and fusion.reads_acoustics:
        raise InputError(
            f"fusion '{settings.fusion.name}' reads sound, and no utterance of the corpus has audio. "
            f"Take --fusion {_first('fusion', 'reads_acoustics').name}."
        )
    if not fusion.reads_acoustics:
        settings = settings.model_copy(update={"acoustic": _first("acoustic-encoder", "reads_sound")})
    return settings if fusion.reads_semantics else settings.model_copy(update={"semantics": ()})


def with_labels(settings: Settings, utterances: Sequence[Utterance]) -> Settings:
    """Settings whose describer knows the emotion categories of the corpus, where it asks for them and none are set.

    These are the words of all utterances together: what each of them was labelled a describer never sees.
    """
    chosen = settings.describer
    labels = sorted({category for one in values_of(utterances, "category") if (category := (one or "").strip())})
    if not labels or "labels" in chosen.options or not registry().get("describer", chosen.name).load().asks_for_labels:
        return settings
    return settings.model_copy(
        update={"describer": Component.model_validate({"name": chosen.name, **chosen.options, "labels": labels})}
    )


def _first(kind: str, ability: str) -> Component:
    """The first component of a kind that lacks that ability."""
    return Component(name=registry().first(kind, ability, False).name)
