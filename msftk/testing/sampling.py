"""Contract check of samplers."""

from __future__ import annotations

import numpy as np

from msftk.testing.shared import Named, factory, require
from msftk.types import Utterance

CLASSES = ("A", "A", "A", "H", "H", "S", None)
LANGUAGES = ("en", "da")
GENDERS = ("Male", "Female")
BATCHES = (4, 7, 200)


def check_sampler(plugin: Named, /, **options: object) -> None:
    """Size and evenness of the steps, rows that are there, the same steps for the same random state, others for
    another."""
    build = factory("sampler", plugin, options)
    utterances = [
        Utterance(
            f"u{k:02d}",
            None,
            speaker=f"s{k % 5}",
            gender=GENDERS[k % 2],
            language=LANGUAGES[k % 3 == 0],
            category=CLASSES[k % len(CLASSES)],
            ratings={"valence": 1.0 + k % 7},
        )
        for k in range(70)
    ]
    lengths = np.random.default_rng(0).integers(50, 900, len(utterances))
    sampler = build(utterances=utterances)
    require(sampler.size > 0, f"size is {sampler.size}: expected the utterances that an epoch hears")
    for batch in BATCHES:
        epochs = [sampler.steps(lengths, batch, np.random.default_rng([0, epoch])) for epoch in (1, 1, 2)]
        for steps in epochs:
            sizes = [len(step) for step in steps]
            expected = -(-sampler.size // batch)
            require(len(steps) == expected, f"{len(steps)} steps of {sampler.size} in batches of {batch}: {expected}")
            require(sum(sizes) == sampler.size, f"the steps hold {sum(sizes)} rows: size says {sampler.size}")
            require(max(sizes) <= batch, f"a step of {max(sizes)} rows: expected at most {batch}")
            require(max(sizes) - min(sizes) <= 1, "steps differ by more than one row in size")
            rows = np.concatenate(steps)
            require(bool(((rows >= 0) & (rows < len(utterances))).all()), "a row that no utterance has")
        same, other = (all(map(np.array_equal, epochs[0], steps)) for steps in epochs[1:])
        require(same, "the same random state gives other steps: take what is random from `random` alone")
        require(not other or len(epochs[0]) == 1, "every epoch has the same steps in the same order")
