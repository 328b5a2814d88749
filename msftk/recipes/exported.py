"""A model that `msftk export` wrote predicts: onnxruntime runs its graph, and no torch is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from msftk.errors import InputError, MsftkError
from msftk.evaluation.predictions import OtherTarget, Predictions, by_attribute
from msftk.extras import from_extra
from msftk.models.rows import ordered_batches
from msftk.preparation.extract import Preparation
from msftk.preparation.prepared import Prepared
from msftk.progress import Progress, ProgressCallback, silent
from msftk.recipes.answered import Answered
from msftk.registry import registry
from msftk.runs.model_card import ANEW, LENGTHS, SUFFIX, ModelCard, Output, read_card
from msftk.settings import Settings, check_settings, laid_over
from msftk.store.features import Store
from msftk.types import Alignment, Float32, Float64, RatingScale, Utterance

BATCH = 32


@dataclass(frozen=True)
class ExportedModel:
    """The graph, loaded, and its card; several threads may run it."""

    file: Path
    card: ModelCard
    session: Any

    @property
    def models(self) -> Sequence[ModelCard]:
        return (self.card,)

    @property
    def scale(self) -> RatingScale:
        return RatingScale(*self.card.scale)

    @property
    def ratings(self) -> str:
        return self.card.ratings

    @property
    def seconds_kept(self) -> float:
        return self.card.sound.seconds_kept

    @property
    def alignment(self) -> Mapping[str, object]:
        return self.settings.alignment

    def identity(self) -> list[object]:
        return [str(self.file.absolute()), self.card.sha256]

    @cached_property
    def settings(self) -> Settings:
        """Of what prepares sound and texts, without what needs torch."""
        settings = check_settings(self.card.settings_beside(self.file), ())
        kept = tuple(one for one in settings.semantics if one not in self.left_out)
        return settings.model_copy(update={"semantics": kept})

    @cached_property
    def left_out(self) -> Mapping[str, str]:
        """Source -> why it is absent everywhere: what encodes its texts is not here, or needs torch."""
        name = self.card.settings["text"]["name"]
        if (folder := self.card.text_folder) and not (self.file.parent / folder).is_dir():
            why = f"the text encoder's folder {folder} is not beside {self.file.name}"
        elif registry().get("text-encoder", name).load().needs_torch:
            why = f"text encoder '{name}' needs torch, which an exported model does without"
        else:
            return {}
        sources = (one.source for one in self.card.semantics)
        return {one: why for one in sources if not registry().create("semantic-source", one).makes_vectors}

    @cached_property
    def front_end(self) -> Any:
        chosen = self.card.sound.front_end
        return None if chosen is None else registry().create("front-end", chosen.name, chosen.options)

    def preparations(
        self, store: Store, layer: Mapping[str, Mapping[str, object]] | None = None, workers: int | None = None
    ) -> tuple[Preparation, ...]:
        """As `Ensemble.preparations`, of the one."""
        return (Preparation(laid_over(self.settings, layer or {}), store, workers=workers),)

    def predict(
        self,
        utterances: Sequence[Utterance],
        preparations: Sequence[Preparation],
        *,
        clip: bool | None = None,
        samples: Mapping[str, Float32] | None = None,
        alignments: Mapping[str, Alignment] | None = None,
        progress: ProgressCallback = silent,
    ) -> Answered:
        """As `Ensemble.predict`: on the card's scale, without the parts of experts.

        Raises MsftkError: what it predicts is not finite.
        """
        with_f0 = self.front_end is not None and self.front_end.needs_f0
        prepared = preparations[0].prepare(
            utterances, with_f0=with_f0, samples=samples, alignments=alignments, progress=progress
        )
        sounds: dict[str, Float32] = {}
        failures = dict(prepared.failures)
        for utterance in utterances:
            if utterance.id not in failures:
                try:
                    sounds[utterance.id] = self._heard(utterance, prepared)
                except InputError as error:
                    failures[utterance.id] = str(error)
        clipped = self.settings.data.clip_predictions if clip is None else clip
        said = self._said(sounds, prepared, progress)
        return Answered(self._predictions(tuple(sounds), said, clipped), failures, (prepared,), self.left_out)

    def _heard(self, utterance: Utterance, prepared: Prepared) -> Float32:
        """What the graph reads of its sound. Raises InputError for audio that cannot be read."""
        waveform = prepared.waveform(utterance, self.seconds_kept)
        if self.front_end is None:
            return waveform
        f0_hz = prepared.f0_hz(utterance.id, self.seconds_kept) if self.front_end.needs_f0 else None
        made: Float32 = self.front_end.prepare(waveform, f0_hz)
        return made

    def _said(
        self, sounds: Mapping[str, Float32], prepared: Prepared, progress: ProgressCallback
    ) -> dict[str, Float64]:
        """Output -> [n, column], a row a sound; those of like length run together."""
        ids = list(sounds)
        said = {one.name: np.full((len(ids), len(one.columns)), np.nan) for one in self.card.outputs}
        done = 0
        for rows in ordered_batches(np.array([len(one) for one in sounds.values()], np.int64), BATCH):
            chosen = [ids[row] for row in rows]
            answers = self._run(list(said), self._feed([sounds[one] for one in chosen], chosen, prepared))
            for values, answer in zip(said.values(), answers, strict=True):
                values[rows] = answer
            done += len(rows)
            progress(Progress("predicting", done, len(ids)))
        for name, values in said.items():
            if not np.isfinite(values).all():
                raise MsftkError(f"{self.file}: its output {name} is not a finite number. {ANEW}")
        return said

    def _run(self, names: list[str], feed: Mapping[str, Any]) -> list[Float32]:
        try:
            answers: list[Float32] = self.session.run(names, feed)
        except Exception as error:  # onnxruntime has a class for each reason, and no common one
            told = " ".join(str(error).split())
            raise MsftkError(f"{self.file}: onnxruntime stopped ({told}). {ANEW}") from error
        return answers

    def _feed(self, sounds: Sequence[Float32], ids: Sequence[str], prepared: Prepared) -> dict[str, Any]:
        """The inputs of one batch by name."""
        longest = max(self.card.sound.shortest_samples, *(len(one) for one in sounds))
        padded = np.zeros((len(sounds), longest, *sounds[0].shape[1:]), np.float32)
        for row, one in zip(padded, sounds, strict=True):
            row[: len(one)] = one
        feed: dict[str, Any] = {self.card.sound.input: padded, LENGTHS: np.array([len(one) for one in sounds])}
        for source in self.card.semantics:
            found = [None if source.source in self.left_out else prepared.vector(source.source, one) for one in ids]
            feed[source.present] = np.array([vector is not None for vector in found])
            empty = np.zeros(source.dim, np.float32)
            feed[source.vector] = np.stack([empty if vector is None else vector for vector in found])
        return feed

    def _predictions(self, ids: tuple[str, ...], said: Mapping[str, Float64], clip: bool) -> Predictions:
        first = self.card.outputs[0].target
        own: dict[str, Float64] = {}
        others: dict[str, OtherTarget] = {}
        for one in self.card.outputs:
            values = self._clipped(one, said[one.name]) if clip else said[one.name]
            if one.target == first:
                own[one.output] = by_attribute(values, one.columns)
            else:
                known = others[one.target].outputs if one.target in others else {}
                others[one.target] = OtherTarget(one.columns, {**known, one.output: values}, one.options)
        values = own.pop("value")
        parts = np.empty((len(ids), 0, values.shape[1]))
        return Predictions(ids, values, self.scale, (), parts, parts, clipped=clip, extra=own, others=others)

    def _clipped(self, output: Output, values: Float64) -> Float64:
        return np.clip(values, *self.card.scale) if output.on == "rating" else values


def load_exported(
    run: str | Path | Sequence[str | Path], models: str | Sequence[str] = (), device: str = "auto"
) -> ExportedModel | None:
    """The exported model that is named, None where runs or published `models` are.

    Raises:
        InputError: it is named beside others, or for another device than the CPU; onnxruntime cannot run it; and as
            `read_card`, also VersionError.
        PackageMissingError: the extra "onnx" is not installed.
    """
    files = [Path(one) for one in ([run] if isinstance(run, str | Path) else run)]
    exported = [file for file in files if file.suffix == SUFFIX]
    if not exported:
        return None
    file = exported[0]
    if len(files) > 1 or models:
        raise InputError(f"{file}: an exported model predicts by itself. Name it alone, or combine runs.")
    if device == "cuda":
        raise InputError(f"--device cuda: {file} is run by onnxruntime on the CPU. Leave --device out.")
    with from_extra("onnx", f"{file.name}"):
        import onnxruntime
    card = read_card(file)
    try:
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class for each reason, and no common one
        first = str(error).strip().splitlines()[0]
        raise InputError(
            f"{file}: onnxruntime {onnxruntime.__version__} cannot run it (opset {card.opset}; {first}). "
            "Install a newer onnxruntime, or export the run again."
        ) from error
    inputs, outputs = ({one.name: one.shape for one in puts} for puts in (session.get_inputs(), session.get_outputs()))
    try:
        card.check_graph(inputs, outputs)
    except InputError as error:
        raise InputError(f"{file}: {error}") from error
    return ExportedModel(file, card, session)
