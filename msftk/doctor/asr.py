"""How well a transcriber hears a corpus: its transcripts beside those that were given, by split."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from msftk.consent import Consent, consenting
from msftk.errors import InputError, MsftkError, RefusedError
from msftk.extras import from_extra
from msftk.preparation.extract import Preparation
from msftk.preparation.work import Make, Question
from msftk.progress import Progress, ProgressCallback
from msftk.registry import registry
from msftk.settings import Settings, laid_over
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.types import Transcript, Utterance

Pair = tuple[str, str]  # what was given, what was heard
ALL, NO_SPLIT = "all", "none"


@dataclass(frozen=True)
class WordErrors:
    """Of one split: utterances compared, words that were given, and what of them was heard otherwise.

    `rate` is (substituted + deleted + inserted) / words, NaN where there are none. `failed`: utterances that have a
    transcript and could not be heard.
    """

    split: str
    utterances: int
    words: int
    substituted: int
    deleted: int
    inserted: int
    rate: float
    failed: int


@dataclass(frozen=True)
class Recognition:
    """Word errors by split, and of all; `heard_by`: "asr: whisper-small". Case and punctuation do not count."""

    heard_by: str
    splits: tuple[WordErrors, ...]

    def json(self) -> dict[str, Any]:
        return {"heard_by": self.heard_by, "splits": [asdict(one) for one in self.splits]}


def recognise(
    manifest: Manifest, settings: Settings, store: Store, progress: ProgressCallback, workers: int | None = None
) -> Recognition:
    """Hears every utterance whose transcript the corpus came with, or finds in the store what was heard.

    A transcript that another engine wrote is no reference and is left out. Where no word was heard, all are deleted.

    Raises:
        InputError: no transcriber is chosen, or nothing to compare with.
        PackageMissingError: jiwer is not installed.
    """
    with from_extra("asr", "doctor --asr"):
        import jiwer  # noqa: F401  # told before anything is heard
    chosen = settings.transcriber.name
    if not registry().get("transcriber", chosen).load().transcribes:
        raise InputError(f"--asr: transcriber '{chosen}' hears nothing. Choose one, e.g. --transcriber whisper.")
    both = [u for u in manifest.utterances if u.audio is not None and (u.transcript or "").strip()]
    both = [u for u in both if u.transcript_by is None]
    if not both:
        raise InputError("--asr: no utterance has audio and a given transcript, so there is nothing to compare.")
    anew = {"transcriber": {"replace": True}}
    with consenting(Consent(download=True)):
        preparation = Preparation(
            laid_over(settings.model_copy(update={"semantics": ()}), anew),
            store,
            needs=("transcript",),
            workers=workers,
        )
        pairs: dict[str, list[Pair]] = {}
        failed: dict[str, int] = {}
        engines: dict[str, None] = {}
        for utterance, heard in _heard(preparation, both, progress):
            if heard:
                engines[heard.made_by] = None
            for split in (utterance.split or NO_SPLIT, ALL):
                if heard is None:
                    failed[split] = failed.get(split, 0) + 1
                else:
                    pairs.setdefault(split, []).append((utterance.transcript or "", heard.text if heard else ""))
    names = [*manifest.splits, NO_SPLIT, ALL]
    told = [word_errors(name, pairs.get(name, []), failed.get(name, 0)) for name in names if name in {*pairs, *failed}]
    return Recognition(" + ".join(engines) or f"asr: {chosen}", tuple(told))


def word_errors(split: str, pairs: Sequence[Pair], failed: int = 0) -> WordErrors:
    """Errors over all words of `pairs`, aligned by Levenshtein distance within each (jiwer).

    >>> word_errors("dev", [("Stop, please!", "stop the please"), ("It is me.", "it me")]).rate
    0.4
    """
    import jiwer

    plain = _plain()
    known = [(given, heard) for one in pairs for given, heard in [plain(list(one))] if given]
    if not known:
        return WordErrors(split, 0, 0, 0, 0, 0, float("nan"), failed)
    found = jiwer.process_words([given for given, _ in known], [heard for _, heard in known])
    words = found.hits + found.substitutions + found.deletions
    counts = (found.substitutions, found.deletions, found.insertions)
    return WordErrors(split, len(known), words, *counts, float(found.wer), failed)


def _plain() -> Callable[[list[str]], list[str]]:
    """Texts without case and punctuation."""
    import jiwer

    steps: Any = jiwer
    plain: Callable[[list[str]], list[str]] = steps.Compose(
        [steps.ToLowerCase(), steps.RemovePunctuation(), steps.RemoveMultipleSpaces(), steps.Strip()]
    )
    return plain


def _heard(
    preparation: Preparation, utterances: Sequence[Utterance], progress: ProgressCallback
) -> Iterator[tuple[Utterance, Transcript | Literal[False] | None]]:
    """What was heard of each: False where no word was, None where it cannot be heard."""
    work, done = Make(preparation, "transcript"), 0
    questions = (Question(row, utterance) for row, utterance in enumerate(utterances))
    for batch, made in preparation.engine.map(work, work.batches(questions, len(utterances))):
        if isinstance(made, MsftkError):
            raise made
        done += len(batch)
        progress(Progress("transcript", done, len(utterances)))
    preparation.flush()
    for utterance in utterances:
        try:
            yield utterance, preparation.material(utterance).transcription
        except RefusedError:
            yield utterance, False
        except MsftkError:
            yield utterance, None
