"""Fine-tuning WavLM: one step beside transformers' in one run, one row an option that helps; speed, MFU, peak memory.

    python benchmarks/finetune.py [--out FILE.md] [--steps 10] [--quick] [--on gpu cpu] [--threads 2]
        [--recordings FOLDER]: also the loader's share of a step (benchmarks/loader.py)

A step is forward, backward, clipping and AdamW of an encoder with random weights under a loss with a slope at every
frame, the convolutions frozen, every dropout 0.1, LayerDrop off. On a CUDA GPU: WavLM-large under bf16 autocast. On the
CPU: float32, forward and backward alone, in processor time over all threads, to which other work on the machine adds
little, rows taking turns. Medians; MFU is the arithmetic of the mathematics (backward twice forward, nothing for what
is computed again) over the peak of the machine, measured by one large product.
"""

from __future__ import annotations

import argparse
import gc
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from statistics import median

import loader
import torch
from rich.console import Console
from torch import Tensor, nn
from torch.optim import AdamW
from transformers import WavLMConfig, WavLMModel

from msftk_plugins.acoustic.hf import HfAcousticEncoder
from msftk_plugins.acoustic.waveforms import frame_counts

RATE_HZ = 16_000
SHAPES = {
    "large": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
    "base": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072},
    "tiny": {"hidden_size": 128, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 512},
}
# Row -> options of ours; none is transformers' own model and its own optimiser's defaults.
ON_CARD: dict[str, dict[str, str] | None] = {
    "transformers, eager": None,
    "its attention, front end in bf16, fused AdamW": {"attention": "transformers", "compile": "off"},
    "attention: sdpa": {"attention": "sdpa", "compile": "off"},
    "attention: triton": {"attention": "triton", "compile": "off"},
    "triton, layers compiled": {"compile": "on"},
}
ON_CPU: dict[str, dict[str, str] | None] = {
    "transformers, eager": None,
    "its attention, our front end": {"attention": "transformers"},
    "attention: sdpa, cheap dropout (the default)": {},
}


@dataclass(frozen=True)
class Task:
    """What a step is made of: model size, utterances, their length."""

    size: str
    utterances: int
    seconds: float

    def batch(self, device: torch.device) -> tuple[Tensor, Tensor]:
        n = int(self.seconds * RATE_HZ)
        draw = torch.Generator().manual_seed(0)
        samples = torch.randn(self.utterances, n, generator=draw).to(device)
        return samples, torch.full((self.utterances,), n, device=device)

    def config(self) -> WavLMConfig:
        norms = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": False}
        return WavLMConfig(**SHAPES[self.size], **norms, layerdrop=0.0, apply_spec_augment=False)

    def flop(self, trains: bool) -> float:
        """Of one step; the frozen front end counts once."""
        config = self.config()
        time_left, in_dim, front = torch.tensor(int(self.seconds * RATE_HZ)), 1, 0
        for dim, kernel, stride in zip(config.conv_dim, config.conv_kernel, config.conv_stride, strict=True):
            time_left = frame_counts(time_left, [kernel], [stride])
            front, in_dim = front + 2 * int(time_left) * dim * in_dim * kernel, dim
        n, dim = int(time_left), config.hidden_size
        layer = 8 * n * dim**2 + 4 * n * dim * config.intermediate_size + 4 * n**2 * dim
        position = 2 * n * dim**2 * config.num_conv_pos_embeddings / config.num_conv_pos_embedding_groups
        above = config.num_hidden_layers * layer + position + 2 * n * in_dim * dim
        return self.utterances * (front + (3 if trains else 1) * above)


@dataclass(frozen=True)
class Measured:
    """Of one row: median seconds of a step, of the first one, and the peak memory."""

    step_s: float
    first_s: float
    peak_gib: float | None


def encoder(task: Task, options: dict[str, str] | None) -> nn.Module:
    """An encoder with random weights: transformers' own, or ours over the same configuration."""
    torch.manual_seed(0)
    config = task.config()
    if options is not None:
        return HfAcousticEncoder(HfAcousticEncoder.Options(**options), config=config.to_json_string(use_diff=False))
    model = WavLMModel(config)
    model.freeze_feature_encoder()
    return model


def frames(model: nn.Module, samples: Tensor, lengths: Tensor) -> Tensor:
    if isinstance(model, HfAcousticEncoder):
        return model(samples, lengths)[0]
    inside = torch.arange(samples.shape[1], device=samples.device) < lengths.unsqueeze(1)
    return model(samples, attention_mask=inside.long()).last_hidden_state


def steps(task: Task, options: dict[str, str] | None, device: torch.device, trains: bool) -> Iterator[None]:
    """One step each time it is asked."""
    with device:
        model = encoder(task, options).to(device).train(trains)
    on_card = device.type == "cuda"
    learning = [p for p in model.parameters() if p.requires_grad]
    fused = {"fused": True} if options is not None else {}
    optimiser = AdamW(learning, lr=1e-5, **fused) if on_card and trains else None
    given = task.batch(device)
    while True:
        with torch.autocast("cuda", torch.bfloat16) if on_card else nullcontext(), torch.set_grad_enabled(trains):
            out = frames(model, *given)
        if trains:
            ((out.float() - 0.1) ** 2).mean().backward()
        if optimiser:
            nn.utils.clip_grad_norm_(learning, 1.0)
            optimiser.step()
        model.zero_grad(set_to_none=True)
        yield


def measured(
    task: Task, rows: Sequence[dict[str, str] | None], device: torch.device, trains: bool, n: int
) -> list[Measured]:
    """Steps of each row in turn."""
    on_card = device.type == "cuda"
    wait: Callable[[], None] = torch.cuda.synchronize if on_card else lambda: None
    gc.collect()
    if on_card:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    running = [steps(task, options, device, trains) for options in rows]
    taken: list[list[float]] = [[] for _ in rows]
    clock = time.perf_counter if on_card else time.process_time
    warming = 3 if on_card else 1
    for _ in range(n + warming):
        for one, own in zip(running, taken, strict=True):
            start = clock()
            next(one)
            wait()
            own.append(clock() - start)
    peak = torch.cuda.max_memory_allocated() / 2**30 if on_card else None
    return [Measured(median(own[warming:]), own[0], peak) for own in taken]


def peak_flop_s(device: torch.device) -> float:
    """By one large product, in the dtype that the steps run in."""
    side, dtype = (8192, torch.bfloat16) if device.type == "cuda" else (2048, torch.float32)
    one, other = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    taken, clock = [], time.perf_counter if device.type == "cuda" else time.process_time
    for _ in range(10):
        start = clock()
        one @ other
        if device.type == "cuda":
            torch.cuda.synchronize()
        taken.append(clock() - start)
    return 2 * side**3 / min(taken)


def table(task: Task, rows: dict[str, dict[str, str] | None], device: torch.device, trains: bool, n: int) -> list[str]:
    """Rows of Markdown, the first of them what the others are held against."""
    peak, kind = peak_flop_s(device), "training step" if trains else "inference"
    title = f"### WavLM-{task.size}, {task.utterances} x {task.seconds:g} s, {kind}, {device.type}"
    head = "| | ms | utterances/s | ratio | MFU | peak, GiB | ratio | first step, s |"
    lines, first = [title, "", head, "|---|---|---|---|---|---|---|---|"], None
    together = [list(rows.values())] if device.type == "cpu" else [[options] for options in rows.values()]
    found = chain.from_iterable(
        measured(task, some, device, trains, n) for some in together
    )  # a card has memory for one
    for name, row in zip(rows, found, strict=True):
        first = first or row
        memory = "- | -" if row.peak_gib is None else f"{row.peak_gib:.1f} | {row.peak_gib / first.peak_gib:.2f}"
        lines.append(
            f"| {name} | {1e3 * row.step_s:.1f} | {task.utterances / row.step_s:.1f} | "
            f"{first.step_s / row.step_s:.2f} | {task.flop(trains) / row.step_s / peak:.1%} | {memory} | "
            f"{row.first_s:.1f} |"
        )
        Console(stderr=True).print(lines[-1])
    return [*lines, ""]


def machine(device: torch.device) -> str:
    name = (
        torch.cuda.get_device_name()
        if device.type == "cuda"
        else f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
    )
    return f"{name}, torch {torch.__version__}, largest product {peak_flop_s(device) / 1e12:.3g} TFLOP/s"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--out", type=Path, help="a Markdown file to write the tables to")
    asked.add_argument("--steps", type=int, default=10)
    asked.add_argument("--quick", action="store_true", help="tiny models alone, to see that all of it runs")
    asked.add_argument("--threads", type=int, default=2)
    asked.add_argument("--on", nargs="+", choices=("gpu", "cpu"), default=("gpu", "cpu"))
    asked.add_argument("--recordings", type=Path, help="a folder of audio, for the loader's share of a step")
    given = asked.parse_args()
    torch.set_num_threads(given.threads)
    cpu, lines = torch.device("cpu"), ["# Fine-tuning WavLM", ""]
    large, base = ("tiny", "tiny") if given.quick else ("large", "base")
    if "gpu" in given.on and torch.cuda.is_available():
        card = torch.device("cuda")
        lines += [machine(card), ""]
        for utterances, seconds, trains in ((8, 12.0, True), (32, 6.0, True), (32, 6.0, False)):
            lines += table(Task(large, utterances, seconds), ON_CARD, card, trains, given.steps)
    else:
        lines += ["GPU: not measured.", ""]
    if "cpu" in given.on:
        lines += [machine(cpu), ""]
        for size, utterances, seconds in (("tiny", 8, 4.0), (base, 2, 4.0)):
            lines += table(Task(size, utterances, seconds), ON_CPU, cpu, True, given.steps)
    if given.recordings:
        lines += loader.table(
            given.recordings, 100 if given.quick else 2000, "cuda" if torch.cuda.is_available() else "cpu"
        )
    else:
        lines += ["The loader's share of a step: not measured (--recordings names a folder of audio).", ""]
    text = "\n".join(lines)
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
