"""`msftk predict --out` beside a plain loop of transformers on the same encoder, and what it holds of many files.

    python benchmarks/predict.py speed [--files 2000] [--loop-files 400] [--rounds 1] [--seconds 5]
                                       [--hidden 256] [--layers 4]
    python benchmarks/predict.py memory [--files 100000]

speed: files of so many seconds (a tenth shorter or longer), and a wav2vec 2.0 of that size with random weights in the
layout of audEERING's model. The loop is that of its model card: read, extract, forward, a file at a time, so its rate
does not depend on their number: it hears the first --loop-files of them, every other one before predict and the rest
after it. In rounds, since the machine may be busy: audio seconds a second of wall and of CPU, and the rounds' ratios.

memory: 20 recordings of 0.5 s, linked under so many names, predicted by a model that is trained on the demo corpus for
one epoch: resident memory at each tenth of the files.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from safetensors.torch import save_file
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

from msftk.progress import Progress
from msftk.recipes.predict import load, load_model
from msftk.recipes.predict_table import predict_table
from msftk.recipes.prepare import prepare
from msftk.recipes.train import train
from msftk.settings import load_settings
from msftk.store.features import Store
from msftk.store.memory import MemoryStore
from msftk.types import SAMPLE_RATE_HZ

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from linked_recordings import linked_recordings

LABELS = {0: "arousal", 1: "dominance", 2: "valence"}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("what", choices=("speed", "memory"))
    asked.add_argument("--files", type=int)
    asked.add_argument("--seconds", type=float, default=5.0)
    asked.add_argument("--hidden", type=int, default=256)
    asked.add_argument("--layers", type=int, default=4)
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--loop-files", type=int, default=400)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as place:
        if given.what == "speed":
            speed(Path(place), given.files or 2000, given)
        else:
            memory(Path(place), given.files or 100_000)


def speed(place: Path, n_files: int, given: argparse.Namespace) -> None:
    folders = recordings(place, n_files, given.seconds, given.rounds)
    model = published(place / "model", given.hidden, given.layers)
    loop, run = plain_loop(model), load_model(str(model), device="cpu")
    ratios = []
    for folder in folders:
        files = sorted(folder.iterdir())
        of_loop = files[: given.loop_files]
        before = measured(lambda some=of_loop[::2]: [loop(file) for file in some])
        ours = measured(lambda folder=folder: predict_table(run, folder, place / "t.csv", store=MemoryStore()))
        after = measured(lambda some=of_loop[1::2]: [loop(file) for file in some])
        rates = [seconds_of(files) / took for took in ours]
        plain = [seconds_of(of_loop) / sum(took) for took in zip(before, after, strict=True)]
        ratios.append(tuple(own / other for own, other in zip(rates, plain, strict=True)))
        told = [
            f"{name} {wall:.1f} a s of wall, {cpu:.1f} a s of CPU"
            for name, (wall, cpu) in (("predict", rates), ("loop", plain))
        ]
        print(
            f"{seconds_of(files):.0f} s of audio: {'; '.join(told)}; {ratios[-1][0]:.2f} and {ratios[-1][1]:.2f} times",
            flush=True,
        )
    for name, own in zip(("wall", "CPU"), zip(*ratios, strict=True), strict=True):
        print(
            f"{name}: {statistics.median(own):.2f} times the loop, the median of {len(ratios)} rounds "
            f"({min(own):.2f} to {max(own):.2f})"
        )


def seconds_of(files: list[Path]) -> float:
    return sum(soundfile.info(file).duration for file in files)


def recordings(place: Path, n_files: int, seconds: float, n_folders: int) -> list[Path]:
    """Noise in folders of as many files each; the model does not care what it hears."""
    random = np.random.default_rng(0)
    folders = [place / f"part{k}" for k in range(n_folders)]
    for k in range(n_files):
        folder = folders[k % n_folders]
        folder.mkdir(exist_ok=True)
        n = round(seconds * random.uniform(0.9, 1.1) * SAMPLE_RATE_HZ)
        soundfile.write(folder / f"{k:06}.wav", 0.05 * random.standard_normal(n), SAMPLE_RATE_HZ)
    return folders


def published(folder: Path, hidden: int, layers: int) -> Path:
    """A model with random weights, laid out as audEERING's."""
    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        intermediate_size=4 * hidden,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        conv_bias=True,
        id2label=LABELS,
    )
    tensors = {f"wav2vec2.{name}": one for name, one in Wav2Vec2Model(config).state_dict().items()}
    for name, n in (("dense", hidden), ("out_proj", 3)):
        tensors[f"classifier.{name}.weight"] = torch.randn(n, hidden) / hidden**0.5
        tensors[f"classifier.{name}.bias"] = torch.zeros(n)
    config.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(feature_size=1, sampling_rate=SAMPLE_RATE_HZ, do_normalize=True).save_pretrained(folder)
    save_file({name: one.contiguous() for name, one in tensors.items()}, folder / "model.safetensors")
    return folder


def plain_loop(folder: Path) -> Callable[[Path], Any]:
    """What the model's card tells to do with a file."""
    from safetensors.torch import load_file

    tensors = load_file(folder / "model.safetensors")
    model = Wav2Vec2Model(Wav2Vec2Config.from_pretrained(folder)).eval()
    model.load_state_dict({k.removeprefix("wav2vec2."): v for k, v in tensors.items() if k.startswith("wav2vec2.")})
    extract = Wav2Vec2FeatureExtractor.from_pretrained(folder)

    def predict(file: Path) -> Any:
        samples, rate_hz = soundfile.read(file, dtype="float32")
        inputs = extract(samples, sampling_rate=rate_hz, return_tensors="pt")
        with torch.no_grad():
            pooled = model(inputs.input_values).last_hidden_state.mean(1)
            between = torch.tanh(pooled @ tensors["classifier.dense.weight"].T + tensors["classifier.dense.bias"])
            return (between @ tensors["classifier.out_proj.weight"].T + tensors["classifier.out_proj.bias"]).numpy()

    return predict


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall and of CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def memory(place: Path, n_files: int) -> None:
    store = Store(place / "store")
    prepare("demo", None, place / "demo.parquet")
    settings = load_settings("tiny", None, ("fusion.name=none", "training.epochs=1", "acoustic.channels=16"), {})
    train(place / "demo.parquet", settings, place / "run", store=store, device="cpu")
    many = linked_recordings(place, n_files)
    run, seen = load(place / "run", "cpu"), Resident(n_files)
    predict_table(run, many, place / "t.csv", store=store, progress=seen)
    low, high = min(seen.bytes.values()), max(seen.bytes.values())
    print(f"from {low / 1e6:.0f} to {high / 1e6:.0f} MB, {100 * (high / low - 1):.1f} % more")


class Resident:
    """Resident memory of this process, whenever another tenth of the files is done."""

    def __init__(self, n_files: int) -> None:
        self.n_files, self.bytes = n_files, dict[int, int]()

    def __call__(self, told: Progress) -> None:
        tenth = 10 * told.done // self.n_files
        if tenth and tenth not in self.bytes:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.bytes[tenth] = pages * os.sysconf("SC_PAGESIZE")
            print(f"{told.done} files: {self.bytes[tenth] / 1e6:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
