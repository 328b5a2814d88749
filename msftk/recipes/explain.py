"""Why a recording is predicted as it is: its words and their stress, the parts of the model, and what would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from msftk.counting import counted
from msftk.errors import AbsentError, InputError, MsftkError
from msftk.evaluation.predictions import Predictions
from msftk.files import without_nan
from msftk.preparation.extract import Preparation
from msftk.preparation.material import Material
from msftk.prosody import emphasis_json
from msftk.prosody.resynthesis import FRAME_S as FRAME_5_MS
from msftk.prosody.resynthesis import Voice
from msftk.prosody.words import frame_energy
from msftk.recipes.makers import Chosen, chosen_anew, layer_of
from msftk.recipes.predict import Run, opened
from msftk.recipes.predict_result import values_of
from msftk.recipes.recordings import Input, Recordings, collect
from msftk.recipes.sources import TrainedSource
from msftk.store.features import Store
from msftk.types import ATTRIBUTES, SAMPLE_RATE_HZ, Alignment, Float32, Float64, Tier, Utterance

FRAME_S = 0.01  # step of the curves
Values = dict[str, float]  # attribute -> on the rating scale


@dataclass(frozen=True)
class Curves:
    """What is drawn over time, one value each `step_s` seconds: sound's `low` and `high`, `log_f0` (None: unvoiced) of
    Hz, and `energy`, the frame's L2 norm."""

    step_s: float
    duration_s: float
    low: list[float]
    high: list[float]
    log_f0: list[float | None]
    energy: list[float]


@dataclass(frozen=True)
class Explanation:
    """Of one recording, on the rating scale `scale`.

    `values`: the prediction. `parts`: attribute -> expert -> what it adds to the scale's low end (Eq. 7); `gates`:
    group -> source -> how much of it is taken (Eq. 4); `without`: source -> the prediction without it. `emphasis`: as
    `msftk emphasis --json`; `les`: one a word, the prediction if that word were taken for the stressed one, the sound
    as it is; `sound`: the same with the stress moved in the sound too (`Voice.stressed`), and `control` with the sound
    taken apart and put together unchanged. `why_not`: what of this cannot be had, and why.
    """

    id: str
    scale: tuple[float, float]
    values: Values
    parts: dict[str, Values]
    gates: dict[str, Values]
    without: dict[str, Values]
    curves: Curves | None
    emphasis: dict[str, Any] | None
    les: list[Values]
    sound: list[Values]
    control: Values | None
    why_not: dict[str, str]
    notes: list[str] = field(default_factory=list)
    waveform: Float32 | None = field(default=None, repr=False)

    def sounds(self) -> dict[str, Float32]:
        """What is heard on the page, by name: [n] at 16 kHz each."""
        return {} if self.waveform is None else {"original": self.waveform}

    def json(self) -> dict[str, Any]:
        """Every number of it; the sound itself is left out."""
        told = asdict(replace(self, waveform=None))
        del told["waveform"]
        plain: dict[str, Any] = without_nan(told)
        return plain


def explain(
    run: Run,
    one: Input,
    *,
    store: str | Path | Store | None = None,
    alignment: Mapping[str, object] | None = None,
    transcriber: Chosen | None = None,
    aligner: Chosen | None = None,
    describer: Chosen | None = None,
) -> Explanation:
    """Explains what `run` predicts of one recording; options as those of `Run.predict`.

    What cannot be explained of it (a recording without an alignment has no stressed words) stands in `why_not`.

    Raises:
        InputError: none or several recordings, one that cannot be read, or that is longer than is heard at once.
    """
    layer = layer_of(alignment, transcriber, aligner, describer)
    ensemble = run.ensemble
    settings = ensemble.models[0].settings
    place = opened(store)
    one = _of_corpus(run, one)
    recordings = collect(one, {**settings.alignment, **(alignment or {})})
    if len(recordings) != 1:
        raise InputError(f"{counted(len(recordings), 'recording')} to explain: expected one. Name one audio file.")
    said = run.predict(
        one,
        store=place, alignment=alignment, transcriber=transcriber, aligner=aligner, describer=describer,
    )  # fmt: skip
    if len(said.over_time) > 1:
        raise InputError(
            f"{said.predictions.ids[0]}: longer than the {ensemble.seconds_kept:g} s that are heard at once. "
            "Cut it, and explain a part."
        )
    utterance = recordings.utterances[0]
    preparations = run.preparations(place, layer, None)
    answered = ensemble.predict([utterance], preparations, samples=recordings.samples, by_sources=True)
    predictions = answered.predictions
    (values,) = values_of(predictions)
    network = ensemble.models[0].network
    present = [name for name in network.sources if any(p.said(name, utterance.id) for p in answered.prepared)]
    why_not = {
        source: next(iter(reasons)) for source, reasons in answered.absent.items() if reasons and source not in present
    }
    heard = _heard(chosen_anew(settings, layer), place, recordings)
    curves = _curves(heard, why_not)
    emphasis, control = None, None
    les: list[Values] = []
    sound: list[Values] = []
    try:
        if not heard.has_sound:
            raise AbsentError("no audio")
        emphasis = emphasis_json(utterance.id, heard.emphasis)
    except MsftkError as error:
        why_not["words"] = str(error)
    if emphasis is not None:
        if _reads_stress(preparations[0]):
            les = _les(run, preparations, utterance, heard, recordings)
        else:
            why_not["les"] = "the model reads no source of the stressed word"
        try:
            control, sound = _moved(run, preparations, utterance, heard)
        except InputError as error:
            why_not["stress moved in the sound"] = str(error)
    return Explanation(
        id=utterance.id,
        scale=(ensemble.scale.low, ensemble.scale.high),
        values=values,
        parts=_parts(predictions),
        gates=_gates(predictions, network.members),
        without=_without(predictions, network.sources, present),
        curves=curves,
        emphasis=emphasis,
        les=les,
        sound=sound,
        control=control,
        why_not=why_not,
        notes=[*said.notes, *([f"trained on ratings that are {said.warning}"] if said.warning else [])],
        waveform=heard.waveform if heard.has_sound else None,
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


def _heard(settings: Any, store: Store, recordings: Recordings) -> Material:
    """The recording as emphasis hears it."""
    utterance = recordings.utterances[0]
    preparation = Preparation(settings.model_copy(update={"semantics": ()}), store, needs=("emphasis",))
    return preparation.material(utterance, recordings.samples.get(utterance.id))


def _reads_stress(preparation: Preparation) -> bool:
    return any("emphasis" in (*part.needs, *part.optional) for part in preparation.parts.sources)


def _les(
    run: Run, preparations: tuple[Preparation, ...], utterance: Utterance, heard: Material, recordings: Recordings
) -> list[Values]:
    """The prediction with each word in turn taken for the stressed one."""
    alignment = heard.fitting_alignment
    n_words = len(heard.emphasis.score)
    forced = {f"{utterance.id} {place}": replace(alignment, stressed=place) for place in range(n_words)}
    samples = dict.fromkeys(forced, recordings.samples[utterance.id]) if recordings.samples else None
    own = [replace(utterance, id=name) for name in forced]
    return values_of(run.ensemble.predict(own, preparations, samples=samples, alignments=forced).predictions)


def _moved(
    run: Run, preparations: tuple[Preparation, ...], utterance: Utterance, heard: Material
) -> tuple[Values, list[Values]]:
    """The prediction of the control, and with the stress moved to each word, in the sound and as the text tells it."""
    if run.ensemble.seconds_kept is None:
        raise InputError("the model reads no sound")
    found, alignment = heard.emphasis, heard.fitting_alignment
    voice = Voice.of(heard.waveform, heard.f0_hz)
    samples: dict[str, Float32] = {}
    alignments: dict[str, Alignment] = {}
    for place in range(len(found.score)):
        name = f"{utterance.id} {place}"
        samples[name], begins_s = voice.stressed(found.prosody, found.top, place)
        alignments[name] = replace(_warped(alignment, begins_s, len(samples[name]) / SAMPLE_RATE_HZ), stressed=place)
    plain = replace(utterance, audio=None, start_s=None, end_s=None, alignment=None, audio_sha256=None, duration_s=None)
    own = [replace(plain, id=name) for name in samples]
    said = run.ensemble.predict(own, preparations, samples=samples, alignments=alignments)
    for message in said.failures.values():
        raise InputError(message)
    values = values_of(said.predictions)
    return values[found.top], values


def _warped(alignment: Alignment, begins_s: Float64, length_s: float) -> Alignment:
    def moved(tier: Tier) -> Tier:
        grid_s = np.arange(len(begins_s)) * FRAME_5_MS
        start_s, end_s = (np.minimum(np.interp(t, grid_s, begins_s), length_s) for t in (tier.start_s, tier.end_s))
        return replace(tier, start_s=start_s, end_s=end_s)

    return replace(alignment, words=moved(alignment.words), phones=moved(alignment.phones))


def _parts(predictions: Predictions) -> dict[str, Values]:
    """Attribute -> expert -> its part; nothing of a head that reads the experts' mix."""
    found = {
        attribute: dict(zip(predictions.expert_names, predictions.contributions[0, :, a].tolist(), strict=True))
        for a, attribute in enumerate(ATTRIBUTES)
        if attribute in predictions.attributes
    }
    return {a: own for a, own in found.items() if np.isfinite(list(own.values())).all()}


def _gates(predictions: Predictions, members: Mapping[str, tuple[str, ...]]) -> dict[str, Values]:
    """Group -> source -> its weight, of groups that have a gate; 0 for an absent source."""
    told = {source: float(np.nan_to_num(shares[0])) for source, shares in predictions.gates.items()}
    found = {group: {source: told[source] for source in own if source in told} for group, own in members.items()}
    return {group: own for group, own in found.items() if own}


def _without(predictions: Predictions, sources: tuple[str, ...], present: list[str]) -> dict[str, Values]:
    found: dict[str, Values] = {}
    for source in present:
        name = ",".join(other for other in sources if other != source) or "none"
        if name in predictions.by_sources:
            (found[source],) = values_of(replace(predictions, values=predictions.by_sources[name]))
    return found


def _curves(heard: Material, why_not: dict[str, str]) -> Curves | None:
    if not heard.has_sound:
        why_not["sound"] = "no audio"
        return None
    waveform, f0_hz = heard.waveform, heard.f0_hz
    step = round(FRAME_S * SAMPLE_RATE_HZ)
    frames = waveform[: len(waveform) // step * step].reshape(-1, step)
    every = f0_hz[::2][: len(frames)]  # of the 5 ms grid
    return Curves(
        step_s=FRAME_S,
        duration_s=len(waveform) / SAMPLE_RATE_HZ,
        low=_rounded(frames.min(axis=1)),
        high=_rounded(frames.max(axis=1)),
        log_f0=[round(float(np.log(hz)), 4) if hz > 0 else None for hz in every],
        energy=_rounded(frame_energy([waveform])[0]),
    )


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 4) for value in values]
