"""What was heard of recordings in one go: told of all of them, or of each as if it had been asked for by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from msftk.errors import InputError
from msftk.evaluation.conformal import Conformal
from msftk.evaluation.predictions import Predictions
from msftk.recipes.answered import Answered, Predicts
from msftk.recipes.basis import Basis, basis_of
from msftk.recipes.predict_result import OverTime, PredictResult
from msftk.recipes.recordings import Recordings
from msftk.recipes.told import Told
from msftk.recipes.windows import Windows
from msftk.store.columns import ids_of


@dataclass(frozen=True)
class Heard:
    """Recordings, the windows that they were heard in, and what the models answered of these.

    `longest_s`: what is longer was heard in windows without being asked for; `bounds`: of intervals, if asked for.
    """

    ensemble: Predicts
    recordings: Recordings
    windows: Windows
    answered: Answered
    longest_s: float
    bounds: Conformal | None

    def apart(self) -> dict[str, Heard]:
        """Each recording by itself, by its id."""
        return {
            one.id: replace(self, recordings=self.recordings.only(one.id), windows=self.windows.only(one.id))
            for one in self.recordings.utterances
        }

    def result(self) -> PredictResult:
        """Raises InputError where it is a single recording that could not be heard."""
        found = self.part()
        if len(self.recordings) == 1 and not len(found):
            raise InputError(next(iter(found.failures.values())))
        return found

    def part(self) -> PredictResult:
        """As a part of many: who could not be heard stands in its failures."""
        told = self.told
        return PredictResult(
            self._said,
            {**self.recordings.failures, **self.windows.failures(self.answered.failures)},
            told.absent,
            self.ensemble.ratings,
            told.notes(self.ensemble.models, self._said.scale, self.longest_s),
            self._over_time,
            self._bases,
        )

    @cached_property
    def told(self) -> Told:
        """What holds for some recordings: longer than what is heard at once, or something that cannot be used."""
        windows, recording_of = self.windows, self.windows.recording_of
        found = [
            (recording_of[name], message) for name, message in self.answered.warnings.items() if name in recording_of
        ]
        absent = self.answered.absent_in(windows.by_recording())
        return Told.of(
            self._said,
            {source: reasons for source, reasons in absent.items() if reasons},
            list(windows.lengths_s.values()),
            self.longest_s,
            dict.fromkeys([*self.recordings.warnings.items(), *windows.warnings.items(), *found]),
            self.ensemble.models,
        )

    @cached_property
    def _over_time(self) -> OverTime:
        return OverTime.of(self.answered, self.windows)

    @cached_property
    def _said(self) -> Predictions:
        said = self._over_time.mean()
        return said if self.bounds is None else self.bounds.of(said)

    @property
    def _bases(self) -> dict[str, Basis]:
        by_recording = zip(dict.fromkeys(self.windows.recordings), self.windows.by_recording(), strict=True)
        return {name: basis_of(self.answered.prepared, ids_of(own)) for name, own in by_recording}
