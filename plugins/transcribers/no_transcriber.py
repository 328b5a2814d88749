"""No transcriber: what was said is what the corpus says."""

from __future__ import annotations

from typing import ClassVar

from msftk import interfaces
from msftk.errors import AbsentError
from msftk.interfaces import Evidence
from msftk.types import Transcript


class NoTranscriber(interfaces.Transcriber):
    """Transcribes nothing: transcripts that came with the recordings are used, and where there is none it is absent."""

    transcribes: ClassVar[bool] = False

    class Options(interfaces.Options):
        pass

    def __init__(self, options: NoTranscriber.Options) -> None:
        self.options = options

    def transcribe(self, evidence: Evidence) -> Transcript:
        raise AbsentError("no transcript")
