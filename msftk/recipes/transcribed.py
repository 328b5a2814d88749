"""A manifest with the transcripts that were made for it, each with who wrote it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from msftk.errors import InputError, MsftkError
from msftk.preparation.extract import Preparation
from msftk.settings import Settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.store.utterance_table import UtteranceTable


def transcribed(corpus: Manifest, settings: Settings, store: Store) -> Manifest:
    """`corpus`, read from its file, with what `msftk extract` heard; nothing is heard for it.

    Raises InputError where the settings have nothing transcribed.
    """
    preparation = Preparation(settings, store)
    maker = preparation.shelves.transcribing
    if maker is None:
        raise InputError(
            "--out: nothing is transcribed here. Choose --transcriber, and a source that reads transcripts."
        )
    assert isinstance(corpus.utterances, UtteranceTable)
    texts, writers = corpus.utterances.values("transcript"), corpus.utterances.values("transcript_by")
    for row, utterance in enumerate(corpus.utterances):
        material = preparation.material(utterance)
        if material.is_transcribed:
            texts[row] = writers[row] = None
            with suppress(MsftkError):  # told by extract
                if material.key(maker.part) in maker.log:
                    texts[row], writers[row] = material.transcript, material.transcript_by
    table = corpus.utterances.with_column("transcript", texts).with_column("transcript_by", writers)
    return replace(corpus, utterances=table)
