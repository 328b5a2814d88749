"""Contract checks of the kinds that read files: corpora and alignments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np

from msftk.errors import InputError
from msftk.interfaces import CorpusReading
from msftk.testing.shared import Named, factory, require
from msftk.types import ATTRIBUTES, Utterance


def check_alignment_reader(plugin: Named, /, example: Path, utterance_id: str | None = None, **options: object) -> None:
    """Reads `example`: ordered times, at least one word; a missing file is an InputError that names it."""
    reader = factory("alignment-reader", plugin, options)()
    require(
        example.name.lower().endswith(tuple(reader.suffixes)),
        f"suffixes {reader.suffixes} (lower case) do not match {example.name}",
    )
    alignment = reader.read(example, utterance_id)
    require(bool(alignment.spoken_words), f"no word is spoken in {example.name}")
    for tier in (alignment.words, alignment.phones):
        require(len(tier.start_s) == len(tier.end_s) == len(tier.labels) == len(tier.spoken), "tier lengths differ")
        require(bool((tier.end_s >= tier.start_s).all()), "an interval ends before it starts")
        require(bool((np.diff(tier.start_s) >= 0).all()), "intervals are not ordered by start")
    missing = example.with_name(f"missing-{example.name}")
    _refuses(lambda: reader.read(missing, utterance_id), missing)


def check_corpus(plugin: Named, /, root: Path, **options: object) -> None:
    """Reads `root`: unique ids, ratings by name within the scale, absent is None; a missing root is an InputError."""
    corpus = factory("corpus", plugin, options)()
    reading = corpus.read(root)
    require(isinstance(reading, CorpusReading), f"read() gave {type(reading).__name__}: expected a CorpusReading")
    ids = [utterance.id for utterance in reading.utterances]
    require(bool(ids), f"no utterances in {root}")
    require(len(set(ids)) == len(ids), "two utterances share an id")
    for utterance in reading.utterances:
        for field in fields(Utterance):
            value = getattr(utterance, field.name)
            require(
                value not in ("", ()) and value == value, f"{utterance.id}: {field.name} is {value!r}; absent is None"
            )
        for name, rating in (utterance.ratings or {}).items():
            require(name in ATTRIBUTES, f"{utterance.id}: attribute '{name}': expected {', '.join(ATTRIBUTES)}")
            inside = reading.scale.low <= rating <= reading.scale.high
            require(inside, f"{utterance.id}: {name} {rating:g} is outside the scale {reading.scale}")
    if corpus.needs_root:
        missing = root.with_name(f"missing-{root.name}")
        _refuses(lambda: corpus.read(missing), missing)


def _refuses(read: Callable[[], object], missing: Path) -> None:
    try:
        read()
    except InputError as error:
        require(missing.name in str(error), f"the error on a missing file does not name it: {error}")
    except Exception as error:
        raise AssertionError(
            f"a missing file raises {type(error).__name__}: expected msftk.errors.InputError"
        ) from error
    else:
        raise AssertionError("a missing file was read without an error")
