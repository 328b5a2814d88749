"""Does training with noise help in noise, and what does it cost? Sound alone, on speech whose ratings are planted.

    python benchmarks/augmentation.py --data DIR [--out DIR] [--seeds 3] [--encoders functionals logmel]

DIR is planted-msp. Test1 is also written with noise under it beforehand (white and pink, --snr dB), and heard as any
recording is: its F0 is that of the noisy file. Training hears white noise at 0 to 20 dB under all utterances, under
half of them (others in each epoch), or none. The cost is the processor time of training, preparation done before, over
that of training without noise, one right after the other.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
from rich.console import Console
from rich.table import Table

from msftk.evaluation.evaluation import evaluate_predictions
from msftk.files import json_text, sha256_file
from msftk.interfaces import Sound
from msftk.recipes.predict import load
from msftk.recipes.prepare import prepare
from msftk.recipes.train import train
from msftk.registry import registry
from msftk.settings import load_settings
from msftk.speech.audio import load_utterance
from msftk.store.features import Store
from msftk.types import SAMPLE_RATE_HZ, Utterance

HEARD = {
    "as recorded": "[]",
    "white noise": '[{name="noise",snr_db=[0,20]}]',
    "white noise in half": '[{name="noise",snr_db=[0,20],probability=0.5}]',
}
COST: tuple[tuple[str, dict[str, object]], ...] = (
    ("noise", {}),
    ("noise", {"colour": "pink"}),
    ("rir", {}),
    ("speed", {}),
    ("level", {}),
)


def with_noise(tested: Sequence[Utterance], folder: Path, colour: str, snr_db: float) -> list[Utterance]:
    """The utterances with noise under them, as files of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = registry().create("transform", "noise", {"colour": colour, "snr_db": (snr_db, snr_db)})
    noisy = []
    for place, utterance in enumerate(tested):
        path = folder / f"{utterance.id}.wav"
        sound = noise(Sound(load_utterance(utterance)), np.random.default_rng([7, place]))
        soundfile.write(path, sound.waveform, SAMPLE_RATE_HZ, subtype="FLOAT")
        noisy.append(replace(utterance, audio=path, start_s=None, end_s=None, audio_sha256=sha256_file(path)))
    return noisy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="planted-msp")
    parser.add_argument("--out", type=Path, default=Path("runs/augmentation"), help="runs, noisy files and table")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--snr", type=float, default=5.0, help="of the noisy test files, in dB")
    parser.add_argument("--encoders", nargs="+", default=["functionals", "logmel"])
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    store = Store(arguments.out / "store")
    corpus = prepare("msp-podcast", arguments.data, arguments.out / "planted.parquet").manifest
    tested = [one for one in corpus.utterances if one.split == "test1" and one.ratings]
    test = {"clean": tested}
    for colour in ("white", "pink"):
        test[f"{colour}, {arguments.snr:g} dB"] = with_noise(tested, arguments.out / colour, colour, arguments.snr)
    title = f"Mean CCC on test1 over {arguments.seeds} seeds (lowest to highest seed)"
    table, results = Table("encoder", "training hears", *test, "time", title=title), {}
    for encoder in arguments.encoders:
        seconds = dict.fromkeys(HEARD, 0.0)
        found: dict[str, dict[str, list[dict[str, float]]]] = {how: {name: [] for name in test} for how in HEARD}
        for seed in range(arguments.seeds):
            chosen = [f"acoustic.name={encoder}", "fusion.name=none", f"training.seed={seed}"]
            for how, transforms in {"": "[]", **HEARD}.items():
                given = [*chosen, f"transforms={transforms}", *([] if how else ["training.epochs=1"])]
                run = arguments.out / f"{encoder}-{how.replace(' ', '-') or 'warm-up'}-{seed}"
                settings = load_settings(assignments=given, flags={"semantics": ()}, environment={})
                start_s = time.process_time()
                train(corpus, settings, run, store=store, device="cpu")
                if not how:
                    continue
                seconds[how] += time.process_time() - start_s
                ensemble = load(run).ensemble
                for name, utterances in test.items():
                    prepared = ensemble.preparations(store)
                    said = ensemble.predict(utterances, prepared, scale=corpus.scale).predictions
                    found[how][name].append(dict(evaluate_predictions(said, utterances).ccc))
        for how, by_test in found.items():
            means = {name: [one["mean"] for one in scores] for name, scores in by_test.items()}
            cells = (f"{np.mean(one):.2f} ({min(one):.2f} to {max(one):.2f})" for one in means.values())
            table.add_row(encoder, how, *cells, f"{seconds[how] / seconds['as recorded']:.2f}")
        results[encoder] = {"ccc": found, "seconds": seconds}
    console = Console(width=130)
    console.print(table)
    cost = Table("transform", "ms a second of sound", title="Processor time")
    sounds = [Sound(load_utterance(one)) for one in tested]
    for name, options in COST:
        transform = registry().create("transform", name, options)
        start_s = time.process_time()
        for place, sound in enumerate(sounds):
            transform(sound, np.random.default_rng(place))
        took_s = time.process_time() - start_s
        heard_s = sum(len(one.waveform) for one in sounds) / SAMPLE_RATE_HZ
        cost.add_row(" ".join((name, *map(str, options.values()))), f"{1000 * took_s / heard_s:.2f}")
    console.print(cost)
    (arguments.out / "augmentation.json").write_text(json_text(results) + "\n")


if __name__ == "__main__":
    main()
