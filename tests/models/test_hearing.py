"""A sound that is heard once: rows that say something else of it are answered as if each were heard."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_corpus import tiny_settings

from msftk.models.batch import Batch, make_batch
from msftk.models.build import build_network
from msftk.models.hearing import Hearing
from msftk.models.targets import rebuilt_targets
from msftk.models.where import CPU
from msftk.types import ATTRIBUTES


@pytest.mark.parametrize("film_at", ["pooled", "frames"])
def test_rows_of_one_sound_are_answered_as_if_each_were_heard(film_at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    settings = tiny_settings(f"fusion.film_at={film_at}")
    network = build_network(settings, {"gs": 6}, {"gs": "transcript"}, rebuilt_targets({"vad": ATTRIBUTES})).eval()
    random = np.random.default_rng(0)
    prepared = torch.as_tensor(
        network.acoustic.prepare(random.normal(0, 0.1, 16_000).astype(np.float32), np.zeros(201))
    )

    def batch(n: int) -> Batch:
        vectors = [random.normal(size=6).astype(np.float32) for _ in range(n)]
        return make_batch([str(k) for k in range(n)], [prepared] * n, {"gs": vectors}, {"gs": 6})

    heard, times = network.acoustic.forward, []
    monkeypatch.setattr(network.acoustic, "forward", lambda *given: times.append(1) or heard(*given))
    hearing, several = Hearing(), batch(3)
    with torch.inference_mode():
        hearing.listen(network, batch(1), CPU)
        found = network(several, hearing.listen(network, several, CPU)).answers["vad"].outputs["value"]
        assert len(times) == 1
        torch.testing.assert_close(found, network(several).answers["vad"].outputs["value"])
