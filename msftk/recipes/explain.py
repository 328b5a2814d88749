"""Why a recording is predicted as it is: its words and their stress, the parts of the model, and what would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from msftk.counting import counted
from msftk.errors import InputError, MsftkError
from msftk.files import without_nan
from msftk.models.hearing import Hearing
from msftk.preparation.extract import Preparation
from msftk.preparation.material import Material
from msftk.prosody import emphasis_json
from msftk.recipes.another_stress import MovedStress, moved_in_sound, reads_stress, told_of
from msftk.recipes.contributions import Values, gates_of, parts_of, without_each
from msftk.recipes.curves import Curves
from msftk.recipes.ensemble import Ensemble
from msftk.recipes.makers import Chosen, layer_of
from msftk.recipes.predict import Run, opened
from msftk.recipes.predict_result import values_of
from msftk.recipes.published_notes import published_notes, shorter
from msftk.recipes.recordings import Input, Recordings, collect
from msftk.recipes.sources import TrainedSource
from msftk.recipes.windows import stretch_of
from msftk.recipes.wording import said_once
from msftk.settings import laid_over
from msftk.store.features import Store
from msftk.types import SAMPLE_RATE_HZ, Float32


@dataclass(frozen=True)
class Explanation:
    """Of one recording, on the rating scale `scale`.

    `values`: the prediction. `parts`: attribute -> expert -> what it adds to the scale's low end (Eq. 7); `gates`:
    group -> source -> how much of it is taken (Eq. 4); `without`: source -> the prediction without it. `emphasis`: as
    `msftk emphasis --json`; `les`: one a word, the prediction if that word were taken for the stressed one, the sound
    as it is; `sound`: the same with the stress moved in the sound too (`Takes`), and `control` with the sound taken
    apart and put together unchanged. `why_not`: what of this cannot be had, and why. `waveform` [n] at 16 kHz and
    `moved`: what was heard.
    """

    id: str
    scale: tuple[float, float]
    values: Values
    parts: dict[str, Values]
    gates: dict[str, dict[str, float]]
    without: dict[str, Values]
    curves: Curves | None
    emphasis: dict[str, Any] | None
    les: list[Values]
    sound: list[Values]
    control: Values | None
    why_not: dict[str, str]
    notes: list[str] = field(default_factory=list)
    waveform: Float32 | None = field(default=None, repr=False)
    moved: MovedStress | None = field(default=None, repr=False)

    def json(self) -> dict[str, Any]:
        """Every number of it; the sound itself is left out."""
        told = asdict(replace(self, waveform=None, moved=None))
        del told["waveform"], told["moved"]
        plain: dict[str, Any] = without_nan(told)
        return plain


def explain(
    run: Run,
    one: Input,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    store: str | Path | Store | None = None,
    alignment: Mapping[str, object] | None = None,
    transcriber: Chosen | None = None,
    aligner: Chosen | None = None,
    describer: Chosen | None = None,
) -> Explanation:
    """Explains what `run` predicts of one recording; options as those of `Run.predict`.

    What cannot be explained of it (a recording without an alignment has no stressed words) stands in `why_not`.

    Args:
        start_s, end_s: the part of the recording that is explained, with the words whose middle lies in it; None: from
            its beginning, as far as is heard at once.
    Raises:
        InputError: none or several recordings, one that cannot be read, or more than is heard at once.
    """
    layer = layer_of({"alignment": alignment, "transcriber": transcriber, "aligner": aligner, "describer": describer})
    ensemble, place = run.ensemble, opened(store)
    if not isinstance(ensemble, Ensemble):
        raise InputError("an exported model cannot be taken apart. Explain the run that it was exported from.")
    settings, network = ensemble.models[0].settings, ensemble.models[0].network
    recordings = _single(_of_corpus(run, one), run.alignment(alignment))
    preparations = run.preparations(place, layer, None)
    part = stretch_of(recordings, start_s, end_s, ensemble.seconds_kept, preparations[0].material)
    (utterance,), hearing = part.utterances, Hearing()
    answered = ensemble.predict(
        [utterance], preparations, hearing=hearing, by_sources=True, samples=part.samples, alignments=part.alignments
    )
    for message in answered.failures.values():
        raise InputError(message)
    predictions = answered.predictions
    (values,) = values_of(predictions)
    present = [name for name in network.sources if any(p.said(name, utterance.id) for p in answered.prepared)]
    why_not = {
        source: next(iter(reasons)) for source, reasons in answered.absent.items() if reasons and source not in present
    }
    emphasising = laid_over(settings, layer).model_copy(update={"semantics": ()})
    heard = Preparation(emphasising, place, needs=("emphasis",)).material(
        utterance, part.samples.get(utterance.id), part.alignments.get(utterance.id)
    )
    emphasis = _emphasis(heard, why_not)
    told, moved = ([], None) if emphasis is None else _otherwise(ensemble, preparations, heard, hearing, why_not)
    return Explanation(
        id=utterance.id,
        scale=(ensemble.scale.low, ensemble.scale.high),
        values=values,
        parts=parts_of(predictions),
        gates=gates_of(predictions, network.members),
        without=without_each(predictions, network.sources, present),
        curves=Curves.of(heard.waveform, heard.f0_hz) if heard.has_sound else None,
        emphasis=emphasis,
        les=told,
        sound=moved.values if moved else [],
        control=moved.control if moved else None,
        why_not=why_not,
        notes=_notes(ensemble, recordings.warnings | part.warnings | answered.warnings, heard),
        waveform=heard.waveform if heard.has_sound else None,
        moved=moved,
    )


def _of_corpus(run: Run, one: Input) -> Input:
    """The utterance of the run's corpus that is called so, where no file is."""
    if not isinstance(one, str) or Path(one).exists():
        return one
    for source in run.asked:
        if isinstance(source, TrainedSource):
            for utterance in source.folder.read_manifest().utterances:
                if utterance.id == one:
                    return utterance
    return one


def _single(one: Input, alignment: Mapping[str, object]) -> Recordings:
    recordings = collect(one, alignment)
    if len(recordings) != 1:
        raise InputError(f"{counted(len(recordings), 'recording')} to explain: expected one. Name one audio file.")
    for message in recordings.failures.values():
        raise InputError(message)
    return recordings


def _emphasis(heard: Material, why_not: dict[str, str]) -> dict[str, Any] | None:
    """As `msftk emphasis --json`; None where it cannot be had, which `why_not` then tells."""
    if not heard.has_sound:
        why_not |= {"sound": "no audio", "words": "no audio"}
        return None
    try:
        return emphasis_json(heard.utterance.id, heard.emphasis)
    except MsftkError as error:
        why_not["words"] = str(error)
        return None


def _otherwise(
    ensemble: Ensemble,
    preparations: tuple[Preparation, ...],
    heard: Material,
    hearing: Hearing,
    why_not: dict[str, str],
) -> tuple[list[Values], MovedStress | None]:
    """What would be predicted if another word were stressed: as the text tells it, and in the sound too."""
    told, moved = [], None
    if reads_stress(preparations[0]):
        told = told_of(ensemble, preparations, heard, hearing)
    else:
        why_not["les"] = "the model reads no source of the stressed word"
    try:
        moved = moved_in_sound(ensemble, preparations, heard)
    except InputError as error:
        why_not["stress moved in the sound"] = str(error)
    return told, moved


def _notes(ensemble: Ensemble, troubles: Mapping[str, str], heard: Material) -> list[str]:
    """What a reader must know, as `msftk predict` says it."""
    length_s = len(heard.waveform) / SAMPLE_RATE_HZ if heard.has_sound else 0.0
    return [
        *said_once(troubles.items()),
        *published_notes(ensemble.models, shorter(ensemble.models, [length_s])),
        *([f"trained on ratings that are {ensemble.ratings}"] if ensemble.ratings else []),
    ]
