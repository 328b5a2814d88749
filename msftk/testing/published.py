"""Contract check of layouts of published models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from msftk.testing.modules import close_to, has_shape
from msftk.testing.shared import Named, factory, require
from msftk.types import ATTRIBUTES


def check_model(plugin: Named, /, example: Path, **options: object) -> None:
    """Reads `example`, a folder as it is published: recognised, and no other; named attributes; the same alone and
    beside a longer recording."""
    import torch

    from msftk.models.batch import make_batch
    from msftk.runs.imported import rebuilt
    from msftk.runs.tensors import Tensors

    layout = factory("model", plugin, options)()
    name = type(layout).__name__
    require(bool(layout.checkpoints), f"{name}.checkpoints is empty: name at least one published model")
    for checkpoint in layout.checkpoints:
        require(bool(checkpoint.licence), f"{checkpoint.name} has no licence: what does its publisher ask for?")
        require(set(checkpoint.attributes) <= set(ATTRIBUTES), f"{checkpoint.name}: attributes {checkpoint.attributes}")
    shortest_s, longest_s = layout.heard_s
    require(0 <= shortest_s < longest_s, f"heard_s is {layout.heard_s}: expected the shortest and the longest, in s")
    place = example / "config.json"
    config = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {}
    with Tensors(example) as tensors:
        require(layout.recognises(config, tensors.shapes()), f"{name} does not recognise {example.name}")
        require(not layout.recognises({}, {"weight": (3, 5)}), f"{name} recognises a folder that is not of its kind")
        imported = layout.read(config, tensors, str(example))
    require(
        imported.attributes == tuple(a for a in ATTRIBUTES if a in imported.attributes) != (),
        f"attributes are {imported.attributes}: expected some of {ATTRIBUTES}, in this order",
    )
    _, network = rebuilt(imported, longest_s)
    draw = np.random.default_rng(0)
    encoder = network.acoustic
    waveforms = [draw.normal(0, 0.1, n).astype(np.float32) for n in (16_000, 9_000)]
    f0_hz = [np.full(1 + len(one) // 80, 120.0) for one in waveforms]
    inputs = [torch.as_tensor(encoder.prepare(one, f0)) for one, f0 in zip(waveforms, f0_hz, strict=True)]
    with torch.inference_mode():
        both = network(make_batch(("long", "short"), inputs, {}, {})).answers["vad"].outputs["value"]
        alone = network(make_batch(("short",), inputs[1:], {}, {})).answers["vad"].outputs["value"]
    has_shape("what it says", both, (2, len(imported.attributes)))
    require(bool(both.isfinite().all()), "what it says is not finite")
    close_to("the rest of the batch changes what it says", alone, both[1:])
