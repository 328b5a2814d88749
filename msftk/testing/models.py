"""Contract checks of the trained kinds: encoder, pooling, fusions, target, head, loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from msftk.counting import counted
from msftk.interfaces import Acoustics, FusionSizes, SemanticGroup, Target
from msftk.registry import registry
from msftk.testing.modules import close_to, has_shape, learns_and_saves, module_of
from msftk.testing.shared import Named, factory, require
from msftk.types import ATTRIBUTES, Utterance

if TYPE_CHECKING:
    from torch import Tensor


def check_acoustic_encoder(plugin: Named, /, **options: object) -> None:
    """Prepared inputs, frames and mask; padding, gradients, determinism, save and load."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    build = factory("acoustic-encoder", plugin, options)
    encoder = module_of(build)
    noise = np.random.default_rng(0)
    waveforms = [noise.normal(0, 0.1, n).astype(np.float32) for n in (12_000, 7_777, 300)] + [
        np.zeros(4000, np.float32)
    ]
    pitches = [np.full(1 + len(w) // 80, 120.0) * (w.any()) for w in waveforms]
    prepared = [torch.as_tensor(encoder.prepare(w, f0_hz)) for w, f0_hz in zip(waveforms, pitches, strict=True)]
    encoder.fit(iter(prepared))
    inputs = pad_sequence(prepared, batch_first=True)
    lengths = torch.tensor([len(one) for one in prepared])
    frames, valid = encoder(inputs, lengths)
    has_shape("frames", frames, (len(waveforms), valid.shape[1], encoder.dim))
    require(valid.dtype == torch.bool, f"valid is {valid.dtype}: expected bool, True = real data")
    counts = valid.sum(dim=1)
    require(bool((counts > 0).all()), "an utterance of 300 samples has no valid frame: expected at least one")
    for row, one in enumerate(prepared):
        alone, alone_valid = encoder(one[None], lengths[row : row + 1])
        require(bool(alone_valid.all()), "an utterance alone in its batch has invalid frames: expected none")
        require(alone.shape[1] == int(counts[row]), "padding changes how many frames of an utterance are valid")
        close_to("padding changes the frames of an utterance", frames[row, : counts[row]], alone[0])
    pretrained = {id(parameter) for parameter in encoder.pretrained_parameters()}
    require(
        pretrained <= {id(p) for p in encoder.parameters()}, "pretrained_parameters() gives parameters it does not have"
    )
    config = encoder.config_json()
    again = build if config is None else (lambda: build(config=config))
    learns_and_saves(encoder, again, lambda e: [(f := e(inputs, lengths))[0].masked_fill(~f[1][..., None], 0)])


def check_front_end(plugin: Named, /, **options: object) -> None:
    """float32 rows of one size for sound of any length, also for silence and a few samples; the same twice."""
    front_end = factory("front-end", plugin, options)()
    noise = np.random.default_rng(0)
    sizes = set()
    for n, loudness in ((12_000, 0.1), (300, 0.1), (4000, 0.0)):
        waveform = noise.normal(0, loudness, n).astype(np.float32)
        f0_hz = np.full(1 + n // 80, 120.0 if loudness else 0.0) if front_end.needs_f0 else None
        made, again = (front_end.prepare(waveform, f0_hz) for _ in range(2))
        require(made.dtype == np.float32, f"prepare() gives {made.dtype}: expected float32")
        require(len(made) > 0, f"{n} samples give no row: expected at least one")
        require(bool(np.isfinite(made).all()), f"{n} samples of loudness {loudness} give what is not finite")
        require(np.array_equal(made, again), "the same sound gives other rows when asked again")
        sizes.add(made.shape[1:])
    require(len(sizes) == 1, f"rows of sizes {sorted(sizes)}: expected one size, whatever the sound")


def check_pooling(plugin: Named, /, **options: object) -> None:
    """Size of the pooled vector; padding, gradients, determinism, save and load."""
    import torch

    build = factory("pooling", plugin, options)
    pooling = module_of(lambda: build(dim=6))
    frames, valid = torch.randn(3, 7, 6), torch.arange(7) < torch.tensor([[7], [4], [1]])
    pooled = pooling(frames, valid)
    has_shape("the pooled vector", pooled, (3, pooling.pooled_dim))
    garbage = frames.masked_fill(~valid.unsqueeze(-1), 1e3)
    close_to("what stands in padded frames changes the pooled vector", pooling(garbage, valid), pooled)
    close_to("padding changes the pooled vector", pooling(frames[1:2, :4], valid[1:2, :4]), pooled[1:2])
    learns_and_saves(pooling, lambda: build(dim=6), lambda p: [p(frames, valid)])


def check_intra_fusion(plugin: Named, /, **options: object) -> None:
    """One, two and three sources; absent ones, gradients, determinism, save and load."""
    import torch

    build = factory("intra-fusion", plugin, options)
    for sources in (("gs",), ("gs", "les"), ("gs", "les", "other")):
        n = len(sources)

        def again(sources: tuple[str, ...] = sources) -> Any:
            return build(dim=5, sources=sources)

        intra = module_of(again)
        vectors, everyone = torch.randn(4, n, 5), torch.ones(4, n, dtype=torch.bool)
        has_shape(f"the merged vector of {n} sources", intra(vectors, everyone), (4, 5))
        absent = everyone.clone()
        absent[0, 0], absent[1, -1], absent[2] = False, False, False
        merged = intra(vectors, absent)
        require(bool(merged.isfinite().all()), f"with absent sources (of {n}) the merged vector is not finite")
        garbage = vectors.masked_fill(~absent.unsqueeze(-1), 1e3)
        close_to("the vector of an absent source changes the result", intra(garbage, absent), merged)
        close_to("another utterance's absence changes the result", merged[3], intra(vectors, everyone)[3])
        learns_and_saves(intra, again, lambda i, v=vectors, e=everyone: [i(v, e)])  # type: ignore[misc]


def check_fusion(plugin: Named, /, **options: object) -> None:
    """Two semantic groups, one absent, all absent; routing, batch order, gradients, determinism, save and load."""
    import torch

    sizes = FusionSizes(frame_dim=6, pooled_dim=10, groups={"transcript": 8, "extended": 5}, n_attributes=3)
    build = factory("fusion", plugin, options)
    fusion = module_of(lambda: build(sizes=sizes))
    frames, valid = torch.randn(4, 7, 6), torch.arange(7) < torch.tensor([[7], [4], [1], [5]])
    vectors = {name: torch.randn(4, dim) for name, dim in sizes.groups.items()}
    projection = torch.randn(6, 10)

    def pool(frames: Tensor, valid: Tensor) -> Tensor:
        return frames.masked_fill(~valid.unsqueeze(-1), 0).sum(dim=1) @ projection

    def fuse(module: Any, present: Mapping[str, Tensor], rows: slice = slice(None)) -> list[Tensor]:
        groups = {
            name: SemanticGroup(v.masked_fill(~present[name].unsqueeze(-1), 0)[rows], present[name][rows])
            for name, v in vectors.items()
        }
        fused = module(Acoustics(frames[rows], valid[rows], pool), groups)
        return [fused.experts, fused.routing]

    everyone = {name: torch.ones(4, dtype=torch.bool) for name in vectors}
    some = {
        "transcript": torch.tensor([True, False, True, False]),
        "extended": torch.tensor([True, True, False, False]),
    }
    for present in (everyone, some):
        experts, routing = fuse(fusion, present)
        n_experts = len(fusion.expert_names)
        has_shape("experts", experts, (4, n_experts, fusion.out_dim))
        require(routing.shape[0] in (1, 4), f"routing has {routing.shape[0]} rows: expected one, or one an utterance")
        has_shape("routing", routing, (routing.shape[0], 3, n_experts))
        require(bool(experts.isfinite().all()), "experts are not finite: an absent group arrives as zeros")
        require(bool((routing >= 0).all()), "a routing weight is negative")
        close_to("routing does not sum to one", routing.sum(dim=-1), torch.ones(routing.shape[:2]))
        for place, name in enumerate(fusion.expert_names):
            if name in present:
                weights = routing.expand(4, -1, -1)[~present[name], :, place]
                require(bool((weights == 0).all()), f"expert '{name}' is weighted where its group is absent")
        alone = fuse(fusion, present, slice(1, 2))
        close_to("the rest of the batch changes an utterance's experts", alone[0], experts[1:2])
        close_to("the rest of the batch changes its routing", alone[1], routing.expand(4, -1, -1)[1:2])
    learns_and_saves(fusion, lambda: build(sizes=sizes), lambda f: fuse(f, everyone))


def check_target(plugin: Named, /, utterances: Sequence[Utterance], **options: object) -> None:
    """Columns found on `utterances`, a number a column of each, a prediction table and scores of the right length."""
    target = factory("target", plugin, options)()
    columns = tuple(target.columns(utterances))
    require(len(columns) > 0, "columns(): no column found on these utterances")
    require(len(set(columns)) == len(columns), f"columns(): a name stands there twice ({', '.join(columns)})")
    truth = np.array([target.read(utterance, columns) for utterance in utterances], np.float64)
    whole = target.truth(utterances, columns)
    require(whole.shape[:2] == truth.shape, f"truth(): shape {whole.shape}: expected [utterance, column]")
    is_rater = target.answer == "rater-level"
    require(whole.ndim == 2 + is_rater, "truth(): a rater-level target has a third axis, the raters; others have none")
    require(truth.shape == (len(utterances), len(columns)), f"read(): expected {len(columns)} numbers an utterance")
    if target.answer == "distribution":
        known = truth[~np.isnan(truth).any(axis=1)]
        require(bool(np.allclose(known.sum(axis=1), 1)), "read(): a distribution does not add up to 1")
    learned = target.Options.model_validate(options)
    require(
        isinstance(learned, Target.Options), "Options: expected a class that inherits msftk.interfaces.Target.Options"
    )
    if learned.head and set(registry().get("head", learned.head.name).load().outputs) != {"value"}:
        return  # it names its outputs itself
    for name, entries in target.predicted({"value": np.nan_to_num(truth)}, columns).items():
        require(len(entries) == len(utterances), f"predicted(): column '{name}' has {len(entries)} entries")
    if is_rater:
        return
    outputs = {"value": np.nan_to_num(truth)[::-1]}
    sums = target.sums(outputs, whole, columns)
    require(
        len(sums) == len(utterances), f"sums(): {counted(len(sums), 'row')} of {counted(len(utterances), 'utterance')}"
    )
    for name, score in target.scores_of(sums.sum(axis=0)).items() if sums.size else ():
        own = target.scores(outputs, whole, columns).get(name, np.nan)
        require(bool(np.isclose(score, own, equal_nan=True)), f"scores_of(): {name} is {score}, of scores() {own}")


def check_head(plugin: Named, /, **options: object) -> None:
    """Outputs by name and column, and what is said of them; gradients, determinism, save and load."""
    import torch

    from msftk.models.answers import answer

    build = factory("head", plugin, options)
    head = module_of(lambda: build(dim=6, attributes=ATTRIBUTES))
    require(head.reads in ("experts", "mixed"), f"reads is {head.reads!r}: expected 'experts' or 'mixed'")
    experts, routing = torch.randn(4, 2, 6), torch.full((1, 3, 2), 0.5)
    given = answer(head, experts, routing)
    require("value" in given.outputs, f"no output 'value' (found: {', '.join(given.outputs)}): it is the prediction")
    for name in head.outputs:
        require(name in given.outputs, f"outputs names '{name}', which the head does not give")
    for name, values in given.experts.items():
        has_shape(f"output '{name}'", values, (4, 2, len(ATTRIBUTES)))
    for name, values in given.outputs.items():
        has_shape(f"mixed output '{name}'", values, (4, len(ATTRIBUTES)))
    alone = answer(head, experts[:1], routing)
    close_to("the rest of the batch changes a prediction", alone.outputs["value"], given.outputs["value"][:1])
    learns_and_saves(
        head,
        lambda: build(dim=6, attributes=ATTRIBUTES),
        lambda h: list(answer(h, experts, routing).outputs.values()),
    )
    with torch.no_grad():
        before = answer(head, experts, routing).outputs["value"]
        scale, shift = torch.tensor([0.5, 2.0, 3.0]), torch.tensor([0.1, -0.2, 0.3])
        head.rescale(scale, shift)
        after = answer(head, experts, routing).outputs["value"]
    if not torch.equal(before, after):  # a head may leave it out
        close_to("rescale() makes 'value' another than scale * value + shift", after, scale * before + shift)


def check_loss(plugin: Named, /, **options: object) -> None:
    """A finite scalar that falls as predictions improve, with gradients; unrated attributes have no influence."""
    import torch

    loss = factory("loss", plugin, options)()
    require(loss.scope in ("example", "batch"), f"scope is {loss.scope!r}: expected 'example' or 'batch'")
    require(isinstance(loss.reads_features, bool), "reads_features: expected True or False")
    require(loss.classes in (True, False, None), f"classes is {loss.classes!r}: expected True, False or None")
    targets = torch.rand(16, len(ATTRIBUTES))
    noise = torch.randn(16, len(ATTRIBUTES))
    features = {"pooled": torch.randn(16, 4), "fused": torch.randn(16, 1, 4)}

    others = {name: 1.5 + torch.rand(16, len(ATTRIBUTES)) for name in loss.reads if name != "value"}

    def at(value: Tensor, targets: Tensor = targets) -> Tensor:
        result: Tensor = loss({"value": value, **others}, targets, features, ())
        has_shape("the loss", result, ())
        require(bool(result.isfinite()), "the loss is not finite")
        return result

    near, far = (targets + 0.1 * noise).requires_grad_(), targets + noise
    require(at(near).item() < at(far).item(), "predictions near the ratings have no lower loss than far ones")
    (gradient,) = torch.autograd.grad(at(near), near)
    require(bool(gradient.isfinite().all()) and bool(gradient.any()), "no finite gradient reaches the predictions")
    at(torch.full_like(targets, 0.5))
    unrated = targets.clone()
    unrated[::3, 0] = torch.nan
    moved = torch.where(unrated.isnan(), 9.0, far)
    close_to("a prediction that has no rating (NaN) changes the loss", at(moved, unrated), at(far, unrated))
