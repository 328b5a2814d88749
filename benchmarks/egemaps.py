"""The peer of RAVDESS: openSMILE's eGeMAPSv02 functionals and a support vector machine, the same folds as ravdess.py.

    python -m venv peer && peer/bin/pip install opensmile scikit-learn soundfile
    peer/bin/python benchmarks/egemaps.py --data DIR --out peer.csv

openSMILE's licence is non-commercial, so it is no dependency of msftk: this script needs nothing of it, and runs in an
environment of its own. Features are standardised on the training speakers; RBF kernel, C = 1 (the best of 0.3, 1, 10
on the pooled test, in the peer's favour), epsilon = 0.1, labels on -1..1.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
import opensmile
import soundfile
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

ATTRIBUTES = ("valence", "arousal", "dominance")
SPEAKERS_A_FOLD = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="RAVDESS folder, as ravdess.py reads it")
    parser.add_argument("--out", type=Path, default=Path("peer.csv"), help="id, valence, arousal, dominance")
    arguments = parser.parse_args()
    table = next(p for p in (arguments.data, arguments.data.parent) if (p / "category_vad.csv").is_file())
    with (table / "category_vad.csv").open(encoding="utf-8") as file:
        labels = {row["category"]: [float(row[a]) for a in ATTRIBUTES] for row in csv.DictReader(file)}
    with (arguments.data / "manifest.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["emotion"] in labels]
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
    heard = [soundfile.read(arguments.data / row["file"], dtype="float32") for row in rows]
    features = np.array([smile.process_signal(*one).to_numpy()[0] for one in heard])
    truth = np.array([labels[row["emotion"]] for row in rows])
    speakers = sorted({row["speaker"] for row in rows})
    fold = np.array([speakers.index(row["speaker"]) // SPEAKERS_A_FOLD for row in rows])
    said = np.zeros_like(truth)
    for k in range(fold.max() + 1):
        test = fold == k
        for place in range(len(ATTRIBUTES)):
            model = make_pipeline(StandardScaler(), SVR(C=1, epsilon=0.1))
            said[test, place] = model.fit(features[~test], truth[~test, place]).predict(features[test])
    with arguments.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *ATTRIBUTES])
        writer.writerows([row["id"], *values] for row, values in zip(rows, said.round(6).tolist(), strict=True))


if __name__ == "__main__":
    main()
