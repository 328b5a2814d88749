"""Prepares utterances for a model: texts, vectors and F0 of each, out of the store or made now and stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial

from msftk.errors import BackEndError
from msftk.files import ends_writing, writing
from msftk.preparation.acoustic import StoredAcoustics, listen
from msftk.preparation.collected import Collected
from msftk.preparation.components import Components
from msftk.preparation.outcomes import FOUND, MADE
from msftk.preparation.parts import Part
from msftk.preparation.prepared import Prepared
from msftk.preparation.tokens import EncodeTokens, pool_spans
from msftk.preparation.vectors import text_key, unknown_texts, vector_dim
from msftk.preparation.work import Answers, Encode, Hear, Make, Question, Read
from msftk.progress import Progress, ProgressCallback, silent
from msftk.settings import Settings
from msftk.store.columns import ids_of
from msftk.store.features import Store
from msftk.store.shelf import Shelf
from msftk.types import Alignment, Float32, Utterance


class Preparation(Components):
    """What prepares utterances, built once and asked as often as one likes."""

    def prepare(
        self,
        utterances: Iterable[Utterance],
        *,
        with_f0: bool = False,
        samples: Mapping[str, Float32] | None = None,
        alignments: Mapping[str, Alignment] | None = None,
        progress: ProgressCallback | None = None,
    ) -> Prepared:
        """Makes, or reads from the store, what the chosen semantic sources say of each utterance, and its F0 if asked.

        Args:
            with_f0: also prepare F0, which the acoustic encoder `logmel` reads.
            samples: sound of utterances that have no audio file, by id: [n] float32 mono at 16 kHz.
            alignments: of utterances whose alignment is no file, by id.
        Returns:
            `Prepared`; bad audio stands in its `failures` and ends nothing. An interruption keeps what was finished.
        Raises:
            InputError: two utterances have one id, or a store that cannot be used.
            BackEndError: a describer that no utterance of the job can use.
        """
        report = progress or silent
        everyone = utterances if isinstance(utterances, Sequence) else tuple(utterances)
        questions = partial(_questions, everyone, samples or {}, alignments or {})
        collected = Collected(ids_of(everyone), (part.name for part in self.parts.sources))
        try:
            for question, found in self._read(questions, collected, with_f0, report):
                self.check_written(found)
                if isinstance(found, BackEndError):
                    raise found
                collected.take(question, found)
                report(Progress("prepare", collected.done, len(everyone), collected.note))
        finally:
            self.flush()
        self._encode(collected, report)
        acoustics = listen(self, questions(), len(everyone), collected, report)
        return self._prepared(collected, samples or {}, acoustics)

    def align(self, utterances: Sequence[Utterance], report: ProgressCallback = silent) -> None:
        """Puts the alignment of every utterance that has none into the store, or why it is refused.

        Raises InputError and BackEndError as `prepare`.
        """
        try:
            self._make_first(partial(_questions, utterances, {}, {}), Collected(ids_of(utterances), ()), report)
        finally:
            self.flush()

    def _read(
        self,
        questions: Callable[[], Iterator[Question]],
        collected: Collected,
        with_f0: bool,
        report: ProgressCallback,
    ) -> Iterator[tuple[Question, Answers | Exception]]:
        """Each question with its answers, or why there are none. Transcripts are made first, as the transcriber wants
        it, then alignments; where the describer is a model or a server, then F0 by all cores, and the rest as the
        describer wants it."""
        n = len(collected.ids)
        self._make_first(questions, collected, report)
        work = Read(self, with_f0)
        if work.wants != "cpu-kernel" and (with_f0 or self.parts.reads_f0):
            for n_heard, (question, heard) in enumerate(self.engine.map(Hear(self), questions()), 1):
                if not isinstance(heard, Exception):
                    collected.outcomes.earlier(question.row, heard)
                report(Progress("F0", n_heard, n))
        batches = work.batches(questions(), n)
        for batch, found in self.engine.map(work, batches):
            yield from zip(batch, found if isinstance(found, list) else [found] * len(batch), strict=True)

    def _make_first(
        self, questions: Callable[[], Iterator[Question]], collected: Collected, report: ProgressCallback
    ) -> None:
        """Transcripts, then the alignments that need them, of the utterances that have them made."""
        for what in ("transcript", "alignment"):
            if what in self.shelves.makers:
                self._make(Make(self, what), questions, collected, report)

    def _make(
        self,
        work: Make,
        questions: Callable[[], Iterator[Question]],
        collected: Collected,
        report: ProgressCallback,
    ) -> None:
        """Puts the transcript, or the alignment, of every utterance that has it made into the store."""
        n, done = sum(map(work.is_asked, questions())), 0
        for batch, made in self.engine.map(work, work.batches(filter(work.is_asked, questions()), n)):
            if isinstance(made, BackEndError):
                raise made
            self.check_written(made)
            if not isinstance(made, Exception):
                for question, outcomes in zip(batch, made, strict=True):
                    collected.outcomes.earlier(question.row, outcomes)
            done += len(batch)
            report(Progress(work.what, done, n))

    def _encode(self, collected: Collected, report: ProgressCallback) -> None:
        """Puts the vector of every text into the store, a batch as soon as it is there."""
        shelf = self.text_shelf
        if shelf is None:
            return
        spans = [one for one in collected.spans if text_key(*one) not in shelf]
        if spans and self.token_shelf is not None:
            sentences = dict.fromkeys(text for text, _ in spans)
            self._by_batches(EncodeTokens(self), sentences, self.token_shelf, "token vectors", collected, report)
            with self._writing():
                pool_spans(self, spans)
        self._by_batches(Encode(self), collected.texts, shelf, "text vectors", collected, report)
        with self._writing():
            shelf.flush()

    def _by_batches(
        self,
        work: Encode | EncodeTokens,
        texts: Mapping[str, None],
        shelf: Shelf,
        stage: str,
        collected: Collected,
        report: ProgressCallback,
    ) -> None:
        batches = unknown_texts(texts, shelf)
        done, total = 0, sum(map(len, batches))
        collected.outcomes.add(stage, FOUND, len(texts) - total)
        for batch, failed in self.engine.map(work, batches):
            self.check_written(failed)
            if isinstance(failed, Exception):
                raise failed
            done += len(batch)
            collected.outcomes.add(stage, MADE, len(batch))
            report(Progress(stage, done, total))

    def _prepared(
        self, collected: Collected, samples: Mapping[str, Float32], acoustics: StoredAcoustics | None
    ) -> Prepared:
        sources = self.parts.sources
        places: dict[str, Shelf] = dict(self.shelves.vectors)
        dims = {part.name: int(part.component.dim) for part in sources if part.name in places}
        if self.text_shelf is not None:
            for part in sources:
                dims.setdefault(part.name, self._dim_of_texts())
                places.setdefault(part.name, self.text_shelf)
        return Prepared(
            dims={part.name: dims[part.name] for part in sources},
            groups={part.name: part.component.group for part in sources},
            failures=collected.failures,
            stages=collected.outcomes.stages,
            warnings=collected.warnings,
            producers={what: part.hash for what, part in self._named.items()},
            rows=collected.rows,
            answers=collected.answers,
            made_by=collected.made_by,
            shelves=places,
            f0_shelf=self.shelves.f0.shelf,
            audio_keys=collected.audio_keys,
            samples=samples,
            acoustics=acoustics,
        )

    @property
    def _named(self) -> dict[str, Part]:
        return self.parts.named | ({"acoustic features": self.acoustic} if self.acoustic else {})

    def _dim_of_texts(self) -> int:
        if self._text_dim is None:
            assert self.parts.encoder is not None
            assert self.text_shelf is not None
            self._text_dim = vector_dim(self.parts.encoder, self.text_shelf)
        return self._text_dim

    def flush(self) -> None:
        """Writes what was made. Raises MsftkError where it cannot be written."""
        with self._writing():
            self.shelves.flush()

    def check_written(self, outcome: object) -> None:
        """Raises MsftkError where an outcome says that nothing more can be stored."""
        if isinstance(outcome, OSError) and ends_writing(outcome):
            with self._writing():
                raise outcome

    def _writing(self) -> AbstractContextManager[None]:
        return writing(self.store.root, "--store")


def extract(
    utterances: Iterable[Utterance],
    settings: Settings,
    store: Store,
    *,
    with_f0: bool = False,
    progress: ProgressCallback | None = None,
    workers: int | None = None,
    retry_failed: bool = False,
) -> Prepared:
    """`Preparation.prepare` for those who ask once; raises as `Preparation` and its `prepare` do.

    `retry_failed`: what the store knows as failed (a description that no answer could be made of) is tried again.
    """
    preparation = Preparation(settings, store, workers=workers)
    if retry_failed:
        preparation.shelves.forget_failed()
    return preparation.prepare(utterances, with_f0=with_f0, progress=progress)


def _questions(
    everyone: Sequence[Utterance], samples: Mapping[str, Float32], alignments: Mapping[str, Alignment]
) -> Iterator[Question]:
    return (Question(row, u, samples.get(u.id), alignments.get(u.id)) for row, u in enumerate(everyone))
