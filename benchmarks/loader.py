"""The loader's share of a training step, on 2,000 real recordings as FLAC files that memory does not hold.

    python benchmarks/loader.py RECORDINGS [--files 2000] [--device cpu]

Recordings are cut and joined to files of 2 to 8 s. A small WavLM with random weights is trained on them, without text:
the quicker the step, the harder for the loader. "In the step": the same files read by the thread that trains.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
import torch
from rich.console import Console
from transformers import WavLMConfig, WavLMModel

from msftk.files import sha256_file
from msftk.progress import Progress
from msftk.recipes.train import train
from msftk.settings import Settings, load_settings
from msftk.speech.audio import load_audio
from msftk.speech.audio_file import AUDIO_SUFFIXES
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.types import ATTRIBUTES, AudioStamp, RatingScale, Utterance

RATE_HZ = 16_000
SHAPE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_dim": (32,) * 7,
}


def corpus(recordings: Path, folder: Path, n_files: int) -> Manifest:
    """FLAC files with made-up ratings, a tenth of them dev."""
    found = sorted(path for path in recordings.rglob("*") if path.suffix in AUDIO_SUFFIXES)
    sounds, random = [load_audio(path, max_s=8.0) for path in found], np.random.default_rng(0)
    utterances = []
    for place in range(n_files):
        seconds, parts = random.uniform(2, 8), []
        while sum(map(len, parts)) < seconds * RATE_HZ:
            parts.append(sounds[random.integers(len(sounds))])
        path = folder / f"{place}.flac"
        soundfile.write(path, np.concatenate(parts)[: round(seconds * RATE_HZ)], RATE_HZ, subtype="PCM_16")
        utterances.append(
            Utterance(
                str(place),
                path,
                speaker=f"s{place % 10}",
                split="dev" if place % 10 == 0 else "train",
                ratings=dict(zip(ATTRIBUTES, random.uniform(1, 7, 3).tolist(), strict=True)),
                duration_s=seconds,
                audio_sha256=sha256_file(path),
                audio_stamp=AudioStamp.of(path),
            )
        )
    return Manifest("flac", RatingScale(1, 7), tuple(utterances), {"ratings": "made up"})


def settings_for(model: Path, waveforms: str) -> Settings:
    chosen = {"acoustic.name": "hf", "acoustic.model": model, "acoustic.normalise": "global", "fusion.name": "none"}
    chosen |= {"training.epochs": 1, "data.waveforms": waveforms}
    return load_settings("tiny", None, [f"{name}={value}" for name, value in chosen.items()], {"semantics": ()}, {})


def run(manifest: Manifest, settings: Settings, out: Path, store: Store, device: str) -> tuple[float, float, float]:
    """Seconds to the first step, the loader's share, utterances a second; nothing is kept in memory."""
    start, first = time.perf_counter(), []

    def progress(progress: Progress) -> None:
        if progress.stage == "training" and not first:
            first.append(time.perf_counter() - start)

    train(manifest, settings, out, store=store, device=device, progress=progress, memory_bytes=0)
    line = json.loads((out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    return first[0], line["loader_share"], line["utterances_per_s"]


def read_in_the_step(manifest: Manifest, utterances_per_s: float) -> float:
    """The share of a step in which its files are read, if nothing is read ahead."""
    start = time.perf_counter()
    training = [one for one in manifest.utterances if one.split == "train"]
    for one in training:
        assert one.audio is not None
        torch.from_numpy(load_audio(one.audio, max_s=12.0))
    seconds = (time.perf_counter() - start) / len(training)
    return seconds / (seconds + 1 / utterances_per_s)


def table(recordings: Path, n_files: int, device: str) -> list[str]:
    """Rows of Markdown: the loader's share as `train` measures it, in a first and a second run."""
    title = f"### The loader's share of a step, {n_files} FLAC files, small WavLM, {device}"
    lines = [title, "", "| | first step after, s | utterances/s | share |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        manifest = corpus(recordings, folder, n_files)
        norms = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "num_conv_pos_embeddings": 16}
        norms["num_conv_pos_embedding_groups"] = 2
        WavLMModel(WavLMConfig(**SHAPE, **norms, apply_spec_augment=False)).save_pretrained(folder / "model")
        rows = {"decoded ahead": "decoded", "the same, second run": "decoded", "stored": "stored"}
        for place, (name, waveforms) in enumerate(rows.items()):
            settings = settings_for(folder / "model", waveforms)
            store = Store(folder / waveforms)
            first_s, share, per_s = run(manifest, settings, folder / f"run{place}", store, device)
            lines.append(f"| {name} | {first_s:.1f} | {per_s:.1f} | {share:.2%} |")
            Console(stderr=True).print(lines[-1])
        lines.append(f"| read in the step | - | - | {read_in_the_step(manifest, per_s):.2%} |")
    return [*lines, ""]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("recordings", type=Path)
    asked.add_argument("--files", type=int, default=2000)
    asked.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = asked.parse_args()
    print("\n".join(table(given.recordings, given.files, given.device)))


if __name__ == "__main__":
    main()
