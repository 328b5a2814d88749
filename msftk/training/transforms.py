"""How training utterances sound: the transforms that settings list, drawn anew for each utterance and epoch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from hashlib import sha256

import numpy as np

from msftk.adaptation import stored_features
from msftk.errors import InputError
from msftk.interfaces import Sound, Transform
from msftk.registry import registry
from msftk.runs.inputs import Change, Heard
from msftk.settings import Settings


class Transforms:
    """Transforms one after the other, in the order of the settings."""

    def __init__(self, chain: Sequence[Transform], seed: int) -> None:
        self.chain, self.seed = tuple(chain), seed

    def identity(self) -> list[dict[str, str]]:
        """Of each what it read beside its options, for the protocol card."""
        return [dict(transform.identity()) for transform in self.chain]

    def in_epoch(self, epoch: int) -> Heard | None:
        """How utterances sound in this epoch; None: all as they were recorded, for there are no transforms.

        The draws of each transform are seeded by run, epoch, utterance and its place in the list alone.
        """
        if not self.chain:
            return None

        def heard(utterance_id: str) -> Change | None:
            own = int.from_bytes(sha256(utterance_id.encode()).digest()[:16])
            drawn = [np.random.default_rng([self.seed, epoch, place, own]) for place in range(len(self.chain))]
            pairs = zip(self.chain, drawn, strict=True)
            changing = [
                (transform, random) for transform, random in pairs if random.random() < transform.options.probability
            ]
            return partial(_changed, changing) if changing else None

        return heard


def _changed(changing: Sequence[tuple[Transform, np.random.Generator]], sound: Sound) -> Sound:
    for transform, random in changing:
        sound = transform(sound, random)
    return sound


AS_RECORDED = Transforms((), 0)


def make_transforms(settings: Settings) -> Transforms:
    """Builds what `settings.transforms` lists.

    Raises InputError where the encoder would not hear them, or one cannot work.
    """
    names = [one.name for one in settings.transforms]
    if not names:
        return AS_RECORDED
    told = f"transforms = {names} change the sound of training utterances, and"
    if not registry().get("acoustic-encoder", settings.acoustic.name).load().reads_sound:
        raise InputError(f"{told} acoustic encoder '{settings.acoustic.name}' reads none. Leave transforms out.")
    if stored_features(settings) is not None:
        raise InputError(
            f"{told} with adaptation '{settings.adaptation.name}' the encoder's features are computed once, of the "
            "recording. Leave transforms out, or let the encoder learn (another --set adaptation.name)."
        )
    chain = [registry().create("transform", one.name, one.options) for one in settings.transforms]
    return Transforms(chain, settings.training.seed)
