"""The Montreal Forced Aligner, where it is installed: writes its corpus folder, runs `mfa align`, reads TextGrids."""

from __future__ import annotations

import csv
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
import soundfile
from pydantic import Field

from msftk import interfaces
from msftk.errors import BackEndError, InputError, RefusedError
from msftk.interfaces import Evidence, Want
from msftk.speech.alignment import read_alignment
from msftk.speech.transcript import words_of
from msftk.types import SAMPLE_RATE_HZ, Alignment, Float32

PROGRAM = "mfa"  # never a setting: a run that was received must not name what is run
NOT_INSTALLED = (
    f"aligner 'mfa' needs the program {PROGRAM}, which is not on the PATH. Install the Montreal Forced Aligner (conda "
    "install -c conda-forge montreal-forced-aligner) and its models (mfa model download), or take "
    "--aligner pocketsphinx."
)
ANALYSIS, LIKELIHOOD = "alignment_analysis.csv", "speech_log_likelihood"  # what MFA 2.2 and later write beside


class Mfa(interfaces.Aligner):
    """Words and phones by `mfa align`, many utterances a call, without its adaptation to speakers: no aligner is told
    who speaks.

    A word's score is the log-likelihood of the utterance's speech as MFA's analysis tells it, 0 where it tells none.
    What the beams of MFA lose has no alignment: it is refused. Other wrong texts MFA fits somewhere: `least_score`
    refuses those below, and has no default, as it depends on the model.
    """

    wants: ClassVar[Want] = "model"
    no_results: ClassVar[tuple[str, ...]] = ("batch",)

    class Options(interfaces.Options):
        acoustic: interfaces.Place = Field("english_us_arpa", description="acoustic model: MFA's name of it, or a file")
        dictionary: interfaces.Place = Field("english_us_arpa", description="MFA's name of it, or a file")
        least_score: float | None = Field(None, description="log-likelihood of speech under which a text is refused")
        batch: int = Field(500, ge=1, description="utterances a call of mfa")

    def __init__(self, options: Mfa.Options) -> None:
        self.options, self.batch = options, options.batch
        if shutil.which(PROGRAM) is None:
            raise InputError(NOT_INSTALLED)

    def identity(self) -> Mapping[str, str]:
        return {"mfa": self._version}

    @cached_property
    def _version(self) -> str:
        return self._run("version").strip()

    def align(self, waveform: Float32, sample_rate_hz: int, transcript: str, language: str | None = None) -> Alignment:
        """One utterance a call of mfa, which takes seconds to start: give it many by `align_batch`."""
        assert sample_rate_hz == SAMPLE_RATE_HZ
        (answer,) = self.align_batch([Evidence("", waveform=waveform, transcript=transcript)])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def align_batch(self, evidence: Sequence[Evidence]) -> Sequence[Alignment | Exception]:
        """Raises BackEndError where mfa itself fails."""
        words = [words_of(one.transcript or "") for one in evidence]
        with tempfile.TemporaryDirectory(prefix="msftk-mfa-") as scratch:
            corpus, out = Path(scratch) / "corpus", Path(scratch) / "out"
            for place, one in enumerate(evidence):
                if words[place] and one.waveform is not None and len(one.waveform):
                    write_utterance(corpus / f"u{place}", one.waveform, words[place])
            if corpus.is_dir():
                chosen = (self.options.dictionary, self.options.acoustic)
                temporary = ("--temporary_directory", str(Path(scratch) / "mfa"))
                self._run("align", "--clean", "--single_speaker", *temporary, str(corpus), *chosen, str(out))
            scores = read_scores(out / ANALYSIS)
            return [self._answer(out, f"u{place}", own, scores) for place, own in enumerate(words)]

    def _answer(
        self, out: Path, name: str, words: tuple[str, ...], scores: Mapping[str, float]
    ) -> Alignment | RefusedError:
        if not words:
            return RefusedError("no words", "the transcript has no words.")
        file = next(iter(sorted(out.rglob(f"{name}.TextGrid"))), None)
        if file is None:
            return RefusedError("the text does not fit the sound", "mfa gave no alignment of it.")
        found, score = read_alignment(file), scores.get(name, 0.0)
        said = np.flatnonzero(found.words.spoken)
        labels = tuple(found.words.labels[place] for place in said)
        if [label.lower() for label in labels] != [word.lower() for word in words]:
            return RefusedError(
                "words not in the dictionary",
                f"mfa found {' '.join(found.words.labels)!r}. Give pronunciations by --set aligner.dictionary=FILE.",
            )
        if self.options.least_score is not None and score < self.options.least_score:
            return RefusedError(
                "the text does not fit the sound",
                f"log-likelihood {score:.2f}, at least {self.options.least_score:g} expected. Correct the transcript, "
                "or lower --set aligner.least_score.",
            )
        tier = type(found.words)(found.words.start_s[said], found.words.end_s[said], words, found.words.spoken[said])
        return Alignment(tier, found.phones, "aligned by mfa", "mfa", np.full(len(words), score))

    def _run(self, *arguments: str) -> str:
        program = shutil.which(PROGRAM)
        if program is None:
            raise BackEndError(NOT_INSTALLED)
        ended = subprocess.run([program, *arguments], capture_output=True, text=True, errors="replace")
        if ended.returncode != 0:
            lines = [line.strip() for line in (ended.stderr or ended.stdout).splitlines() if line.strip()]
            raise BackEndError(
                f"mfa {arguments[0]} ended with {ended.returncode}: {lines[-1] if lines else 'no message'}. "
                "Check its models by `mfa model list acoustic`."
            )
        return ended.stdout


def write_utterance(stem: Path, waveform: Float32, words: Sequence[str]) -> None:
    """STEM.wav and STEM.lab, as MFA reads a corpus."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(stem.with_suffix(".wav"), waveform, SAMPLE_RATE_HZ, subtype="PCM_16")
    stem.with_suffix(".lab").write_text(" ".join(words), encoding="utf-8")


def read_scores(file: Path) -> Mapping[str, float]:
    """Utterance -> log-likelihood of its speech; empty where MFA wrote no analysis."""
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8", newline="") as lines:
        return {row["file"]: float(row[LIKELIHOOD]) for row in csv.DictReader(lines) if row.get(LIKELIHOOD)}
