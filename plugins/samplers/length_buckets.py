"""Everyone once an epoch, lengths alike in one batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from msftk.interfaces import Options as BaseOptions
from msftk.interfaces import Sampler
from msftk.models.rows import Rows, even_parts
from msftk.types import Utterance


class LengthBuckets(Sampler):
    """Every utterance once. Those of like length meet, after noise on the length, so that little is padded.

    Steps differ by at most one utterance in size: a CCC over a small remainder would be noise.
    """

    class Options(BaseOptions):
        jitter: float = Field(
            0.25, ge=0, allow_inf_nan=False, description="noise on the log of a length, so that batches mix"
        )

    def __init__(self, options: Options, utterances: Sequence[Utterance]) -> None:
        self.options = options
        self.size = len(utterances)

    def steps(self, lengths: Rows, batch: int, random: np.random.Generator) -> Sequence[Rows]:
        rows = self.rows(random)
        jitter = self.options.jitter
        key = np.log(lengths[rows]) + random.uniform(-jitter, jitter, len(rows))
        steps = even_parts(rows[np.argsort(key, kind="stable")], batch)
        random.shuffle(steps)
        return steps

    def rows(self, random: np.random.Generator) -> Rows:
        """[size] rows that this epoch hears."""
        return np.arange(self.size)
