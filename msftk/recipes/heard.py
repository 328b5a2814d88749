"""What was heard of recordings in one go: told of all of them, or of each as if it had been asked for by itself."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from msftk.errors import InputError
from msftk.evaluation.conformal import Conformal
from msftk.evaluation.predictions import Predictions
from msftk.recipes.basis import basis_of
from msftk.recipes.ensemble import Answered, Ensemble
from msftk.recipes.predict_result import OverTime, PredictResult
from msftk.recipes.recordings import Recordings
from msftk.recipes.sources import published_notes
from msftk.recipes.windows import Windows
from msftk.recipes.wording import flat_notes, sound_notes
from msftk.store.columns import ids_of

IN_WINDOWS = "heard in windows of {:g} s, and predicted by their mean (over time: --window)"


@dataclass(frozen=True)
class Heard:
    """Recordings, the windows that they were heard in, and what the models answered of these.

    `longest_s`: what is longer was heard in windows without being asked for (None: no sound is heard); `bounds`: of
    intervals that were asked for.
    """

    ensemble: Ensemble
    recordings: Recordings
    windows: Windows
    answered: Answered
    longest_s: float | None
    bounds: Conformal | None

    def apart(self) -> dict[str, Heard]:
        """Each recording by itself, by its id."""
        return {
            one.id: replace(self, recordings=self.recordings.only(one.id), windows=self.windows.only(one.id))
            for one in self.recordings.utterances
        }

    def result(self) -> PredictResult:
        """Raises InputError where it is a single recording that could not be heard."""
        over_time = OverTime.of(self.answered, self.windows)
        failures = {**self.recordings.failures, **self.windows.failures(self.answered.failures)}
        if len(self.recordings) == 1 and not len(over_time):
            raise InputError(next(iter(failures.values())))
        by_recording = self.windows.by_recording()
        absent = {source: reasons for source, reasons in self.answered.absent_in(by_recording).items() if reasons}
        said = over_time.mean()
        said = said if self.bounds is None else self.bounds.of(said)
        bases = {
            name: basis_of(self.answered.prepared, ids_of(own))
            for name, own in zip(dict.fromkeys(self.windows.recordings), by_recording, strict=True)
        }
        notes = (*self._notes(), *self._flat(said))
        return PredictResult(said, failures, absent, self.ensemble.ratings, notes, over_time, bases)

    def _notes(self) -> Iterable[str]:
        """What holds for some recordings: longer than what is heard at once, or something that cannot be used."""
        windows, recording_of = self.windows, self.windows.recording_of
        found = [
            (recording_of[name], message) for name, message in self.answered.warnings.items() if name in recording_of
        ]
        troubles = dict.fromkeys([*self.recordings.warnings.items(), *windows.warnings.items(), *found])
        lengths_s, longest_s = list(windows.lengths_s.values()), self.longest_s or math.inf
        yield from sound_notes(lengths_s, troubles, longest_s, IN_WINDOWS.format(longest_s))
        yield from published_notes(self.ensemble.models, lengths_s)

    def _flat(self, said: Predictions) -> list[str]:
        """Of what was trained here: predictions that are all alike."""
        return [] if all(model.published for model in self.ensemble.models) else flat_notes(said)
