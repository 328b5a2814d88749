"""Contract checks of the kinds that prepare: F0, emphasis, descriptions, sources, texts, engines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, get_args

import numpy as np

from msftk.counting import counted
from msftk.errors import AbsentError
from msftk.interfaces import Evidence, Need
from msftk.testing.examples import alignment_of, prosody_of, whole_evidence
from msftk.testing.shared import Named, factory, require
from msftk.types import (
    DESCRIPTION_FIELDS,
    SAMPLE_RATE_HZ,
    Description,
    Transcript,
)

TOLERANCE = 1e-4  # float32 sums of another batch size differ in the last digits


def check_text_encoder(plugin: Named, /, **options: object) -> None:
    """Vectors [n, dim] float32, the same text the same vector whatever stands beside it; identity in words."""
    encoder = factory("text-encoder", plugin, options)()
    texts = ["hello there", "he did not even say goodbye to them", "hello there", "?"]
    vectors = encoder.encode(texts)
    require(vectors.dtype == np.float32, f"vectors are {vectors.dtype}: expected float32")
    require(vectors.shape == (4, encoder.dim), f"vectors are {vectors.shape}: expected (4, {encoder.dim})")
    require(bool(np.isfinite(vectors).all()), "vectors are not finite")
    require(not np.allclose(vectors[0], vectors[1]), "two different texts have one vector")
    require(np.array_equal(vectors, encoder.encode(texts)), "the same texts give other vectors the second time")
    for text, vector in zip(texts, vectors, strict=True):
        alone = encoder.encode([text])[0]
        require(np.allclose(alone, vector, atol=TOLERANCE), f"the vector of {text!r} depends on the texts beside it")
    if encoder.gives_tokens:
        _check_tokens(encoder, texts)
    identity = encoder.identity()
    require(all(isinstance(part, str) for pair in identity.items() for part in pair), "identity() maps text to text")


def _check_tokens(encoder: Any, texts: Sequence[str]) -> None:
    """Token vectors [tokens, dim] with the characters of each, which hold every word of the text."""
    for text, (vectors, spans) in zip(texts, encoder.tokens(texts), strict=True):
        expected = (len(spans), encoder.dim)
        require(vectors.dtype == np.float32, f"token vectors are {vectors.dtype}: expected float32")
        require(vectors.shape == expected, f"token vectors are {vectors.shape}: expected {expected}")
        require(bool((spans[:, 0] <= spans[:, 1]).all()), f"a span of {text!r} ends before it begins")
        covered = {place for start, end in spans for place in range(start, end)}
        missed = [letter for place, letter in enumerate(text) if letter.isalnum() and place not in covered]
        require(not missed, f"no token stands for {missed} of {text!r}")
        if len(vectors):
            require(encoder.pooled(vectors).shape == (encoder.dim,), f"pooled() is not of shape ({encoder.dim},)")


def check_semantic_source(plugin: Named, /, **options: object) -> None:
    """Group and needs; a text (or a vector) where the evidence is there, None where it is not."""
    source = factory("semantic-source", plugin, options)()
    require(bool(source.group) and isinstance(source.group, str), "group: expected a name, e.g. 'transcript'")
    _needs(source)
    if not source.makes_vectors:
        text = source.text(whole_evidence())
        require(isinstance(text, str) and bool(text.strip()), f"text() of an utterance that has all is {text!r}")
        if source.means_a_part:
            start, end = source.span(whole_evidence())
            require(0 <= start < end <= len(text), f"span() is {start} to {end} in a text of {len(text)} characters")
        absent = source.text(Evidence(id="empty"))
        require(absent is None, f"text() of an utterance that has nothing is {absent!r}: expected None")
        return
    vector = source.vector(whole_evidence())
    require(vector.shape == (source.dim,), f"vector() is {vector.shape}: expected ({source.dim},)")
    require(bool(np.isfinite(vector).all()), "vector() is not finite")
    require(source.vector(Evidence(id="empty")) is None, "vector() of an utterance that has nothing: expected None")


def check_transcriber(plugin: Named, /, **options: object) -> None:
    """A transcript with its engine and words within the audio, the same beside others; silence is refused."""
    transcriber = factory("transcriber", plugin, options)()
    _needs(transcriber)
    silence = Evidence(id="silence", waveform=np.zeros(8000, np.float32), f0_hz=np.zeros(101))
    heard = whole_evidence()
    assert heard.waveform is not None
    alone = _or_why_not(transcriber.transcribe, heard)
    require(isinstance(alone, (Transcript, AbsentError)), f"transcribe() gave {alone!r}: expected a Transcript")
    if isinstance(alone, Transcript):
        require(bool(alone.text.strip()), "text is empty: raise RefusedError where nothing was said")
        require(bool(alone.engine), "engine is empty: expected what wrote it, such as a model's name")
        times_s = [time_s for word in alone.words for time_s in (word.start_s, word.end_s)]
        within = (0.0, *times_s, len(heard.waveform) / SAMPLE_RATE_HZ)
        require(list(within) == sorted(within), "words: expected times in order, within the audio")
    quiet = _or_why_not(transcriber.transcribe, silence)
    require(isinstance(quiet, AbsentError), f"transcribe() of silence gave {quiet!r}: expected RefusedError")
    together = list(transcriber.transcribe_batch([heard, silence]))
    require(len(together) == 2, f"transcribe_batch() of two gave {counted(len(together), 'answer')}")
    require([str(one) for one in together] == [str(alone), str(quiet)], "an answer depends on the utterances beside it")


def _or_why_not(ask: Callable[[Evidence], Any], evidence: Evidence) -> Any:
    try:
        return ask(evidence)
    except AbsentError as error:
        return error


def check_describer(plugin: Named, /, **options: object) -> None:
    """A description with text or None in each field; silence and an unknown utterance are answered, not crashed on."""
    describer = factory("describer", plugin, options)()
    _needs(describer)
    silence = Evidence(id="silence", waveform=np.zeros(8000, np.float32), f0_hz=np.zeros(101))
    for evidence in (whole_evidence(), silence):
        try:
            description = describer.describe(evidence)
        except AbsentError:
            continue
        require(isinstance(description, Description), f"describe() gave {type(description).__name__}: no Description")
        for name in DESCRIPTION_FIELDS:
            value = getattr(description, name)
            require(value is None or bool(value.strip()), f"field {name} is {value!r}: absent is None")
        require(bool(description.status), "status is empty: expected 'ok', or why there is no description")


def check_emphasis(plugin: Named, /, **options: object) -> None:
    """A finite score a word, for one word and for unvoiced ones too; the same every time."""
    scorer = factory("emphasis", plugin, options)()
    for n_words in (1, 5):
        waveform, alignment = np.zeros(n_words * 4000, np.float32), alignment_of(n_words)
        prosody = prosody_of(n_words)
        scores, again = (
            scorer.scores(waveform, SAMPLE_RATE_HZ, alignment, "a transcript", prosody=prosody) for _ in range(2)
        )
        require(np.shape(scores) == (n_words,), f"scores are {np.shape(scores)} for {counted(n_words, 'word')}")
        require(bool(np.isfinite(scores).all()), "scores are not finite: an unvoiced word has log_f0 NaN, z_pitch 0")
        require(np.array_equal(scores, again), "the same utterance gives other scores the second time")


def check_f0_engine(plugin: Named, /, **options: object) -> None:
    """F0 on the 5 ms grid: near the pitch of a harmonic tone, 0 in silence and in a few samples; the same each time."""
    engine = factory("f0-engine", plugin, options)()
    t = np.arange(SAMPLE_RATE_HZ // 2) / SAMPLE_RATE_HZ
    tone = np.sum([0.1 * np.sin(2 * np.pi * 150 * k * t) / k for k in range(1, 6)], axis=0).astype(np.float32)
    for waveform in (tone, np.zeros(8000, np.float32), np.zeros(2, np.float32)):
        f0_hz = engine.f0_hz(waveform, SAMPLE_RATE_HZ)
        expected = len(waveform) // 80 + 1
        require(f0_hz.dtype == np.float64, f"F0 is {f0_hz.dtype}: expected float64")
        require(f0_hz.shape == (expected,), f"F0 is {f0_hz.shape} for {len(waveform)} samples: expected ({expected},)")
        require(bool(np.isfinite(f0_hz).all() and (f0_hz >= 0).all()), "F0 is negative or not finite: unvoiced is 0")
        require(np.array_equal(f0_hz, engine.f0_hz(waveform, SAMPLE_RATE_HZ)), "the same sound gives another F0")
        if waveform is not tone:
            require(not f0_hz.any(), f"{len(waveform)} samples of silence are voiced")
    voiced = engine.f0_hz(tone, SAMPLE_RATE_HZ)[20:80]
    require(bool((np.abs(voiced / 150 - 1) < 0.01).all()), "a tone of 150 Hz is not found within 1 %")


def check_engine(plugin: Named, /, **options: object) -> None:
    """Every item comes back once, with its result or its exception; no items and an early end are fine."""
    engine = factory("engine", plugin, options)()
    require(isinstance(engine.workers, int) and engine.workers >= 1, f"workers is {engine.workers!r}: expected a count")
    require("workers" in engine.Options.model_fields, "Options has no 'workers', which --workers sets")
    answers = dict(engine.map(_inverse, range(20)))
    require(sorted(answers) == list(range(20)), "not every item came back once")
    require(isinstance(answers.pop(0), ZeroDivisionError), "an exception in the work was not handed back")
    require(all(answers[n] == 1 / n for n in answers), "a result came back with another item")
    require(list(engine.map(_inverse, [])) == [], "no items: expected no results")
    stream = iter(engine.map(_inverse, range(1, 20)))
    next(stream)
    close = getattr(stream, "close", None)
    if close:
        close()


def _needs(component: Any) -> None:
    unknown = {*component.needs, *component.optional} - set(get_args(Need))
    require(not unknown, f"needs {', '.join(sorted(unknown))}: expected some of {', '.join(get_args(Need))}")


def _inverse(item: int) -> float:
    return 1 / item
