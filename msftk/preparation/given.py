"""What one utterance brings along: its sound, transcript and alignment, each read when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping

from msftk.errors import AbsentError, InputError
from msftk.preparation.f0 import file_hash, samples_key, sound_key
from msftk.preparation.once import once
from msftk.prosody.words import within
from msftk.speech.alignment import utterance_alignment
from msftk.speech.audio import is_far_beyond_full_scale, load_utterance
from msftk.store.keys import alignment_digest
from msftk.types import Alignment, Float32, Utterance

NO_TRANSCRIPT = "no transcript"
NO_ALIGNMENT = "no alignment"
TOO_LOUD = "far beyond full scale (whole numbers written as floats?). Divide the samples by 32768."
CHANGED = "the audio is not what `msftk prepare` saw: prepared anew. Make the manifest again if lengths changed too."
BAD_ALIGNMENT = "alignment cannot be used"


class Given:
    """The files of one utterance, or the samples and the alignment that were handed in for it.

    What it does not have raises AbsentError with a countable reason, audio that cannot be used InputError. `warnings`:
    what -> message, where something is there and cannot be used (it counts as absent), or is used and surely wrong.

    Args:
        alignment_options: those of alignment readers, as `settings.alignment`.
        samples: [n] mono at 16 kHz, for an utterance whose audio is no file.
        alignment: for one whose alignment is no file.
    """

    def __init__(
        self,
        utterance: Utterance,
        alignment_options: Mapping[str, object],
        samples: Float32 | None = None,
        alignment: Alignment | None = None,
    ) -> None:
        self.utterance = utterance
        self.alignment_options = alignment_options
        self.samples = samples
        self._handed_in = alignment
        self.warnings: dict[str, str] = {}

    @property
    def has_sound(self) -> bool:
        return self.samples is not None or self.utterance.audio is not None

    @once
    def audio_key(self) -> str:
        """What stands for the sound in the keys of the store."""
        if self.samples is not None:
            return samples_key(self.samples)
        one, sha256 = self.utterance, file_hash(self.utterance)
        if one.audio_sha256 and sha256 != one.audio_sha256:
            self.warnings["audio"] = CHANGED
        return sound_key(sha256, one.start_s, one.end_s, one.channel)

    @once
    def waveform(self) -> Float32:
        waveform = load_utterance(self.utterance) if self.samples is None else self.samples
        if is_far_beyond_full_scale(waveform):
            self.warnings["sound"] = f"{self.utterance.audio or 'samples'}: {TOO_LOUD}"
        return waveform

    @once
    def transcript(self) -> str:
        return self.given_transcript

    @property
    def given_transcript(self) -> str:
        text = (self.utterance.transcript or "").strip()
        if not text:
            raise AbsentError(NO_TRANSCRIPT)
        return text

    @once
    def alignment(self) -> Alignment:
        """As its file tells it, whether or not its words lie within the audio."""
        return self.given_alignment

    @once
    def given_alignment(self) -> Alignment:
        if self._handed_in is not None:
            return self._handed_in
        try:
            return utterance_alignment(self.utterance, self.alignment_options)
        except AbsentError as error:
            raise AbsentError(NO_ALIGNMENT) from error
        except InputError as error:
            self.warnings["alignment"] = str(error)
            raise AbsentError(BAD_ALIGNMENT) from error

    @once
    def alignment_digest(self) -> str:
        return alignment_digest(self.alignment)

    def alignment_within(self, audio_s: float) -> Alignment:
        """The alignment, if it has words and they lie within audio of this length: what emphasis can be found by."""
        alignment = self.alignment
        try:
            return within(alignment, audio_s)
        except InputError as error:
            self.warnings["emphasis"] = str(error)
            raise AbsentError(BAD_ALIGNMENT) from error
