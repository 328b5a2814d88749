"""One sound, heard once: whatever else is said of it, what a network makes of the sound stays."""

from __future__ import annotations

from msftk.interfaces import Acoustics
from msftk.models.batch import Batch
from msftk.models.network import SerNetwork
from msftk.models.where import Where


class Hearing:
    """What networks hear of one recording, kept: of batches in which every row is that recording."""

    def __init__(self) -> None:
        self._heard: dict[SerNetwork, Acoustics] = {}

    def listen(self, network: SerNetwork, batch: Batch, where: Where) -> Acoustics:
        """As `network.listen(batch, where)`; the encoder runs at the first batch alone, which has one row."""
        if network not in self._heard:
            self._heard[network] = network.listen(batch, where)
        heard, n = self._heard[network], len(batch)
        return Acoustics(heard.frames.expand(n, -1, -1), heard.valid.expand(n, -1), network.pooling)
