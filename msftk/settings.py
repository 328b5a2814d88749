"""Every choice of a run: which component of each kind, with which options, and how to train.

Order: defaults < preset < TOML file < environment (MSFTK_FUSION__HIDDEN=256) < --set fusion.hidden=256 < flags.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model

from msftk.assignments import LISTS, SECTIONS, assigned, environment_pairs, gathered, lay, read_preset, read_toml
from msftk.consent import refuse_switches
from msftk.errors import UnknownNameError, did_you_mean
from msftk.hookspecs import KINDS, Kind
from msftk.interfaces import Choice, Chosen
from msftk.registry import option_error, registry

FORMAT_VERSION = 1

Tracker = Literal["tensorboard", "wandb", "mlflow"]


Component = Choice  # as a section holds it


def _listed(value: object) -> object:
    """On the command line a list is words with commas between."""
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else value


Several = Annotated[
    tuple[Chosen, ...],
    BeforeValidator(_listed),
]
"""Components of one kind, in order."""


class Data(BaseModel):
    """What of each utterance the model sees."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    seconds_kept: float = Field(12.0, gt=0, allow_inf_nan=False, description="seconds of audio kept, from the start")
    source_dropout: float = Field(0.1, ge=0, lt=1, description="share of present sources hidden in training")
    semantic_noise: float = Field(
        1.0,
        ge=0,
        allow_inf_nan=False,
        description="standard deviation of the noise added in training to semantic vectors of variance 1",
    )
    exchanged: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (), description="semantic sources that each utterance reads of another one of its split: a control"
    )
    waveforms: Literal["auto", "stored", "decoded"] = Field(
        "auto",
        description="kept in the store, or decoded ahead of each step; auto: stored where memory does not hold them "
        "and the disk has room twice over",
    )
    clip_predictions: bool = Field(False, description="cut predictions to the rating scale")


class Training(BaseModel):
    """Optimiser and schedule: AdamW, warm-up, then linear decay."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    epochs: int = Field(30, ge=1, description="passes over the training part")
    batch: int = Field(32, ge=2, description="utterances per optimiser step")
    micro_batch: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        32, description="utterances per forward pass; auto: the largest power of two that fits in memory"
    )
    ccc_scope: Literal["batch", "micro"] = Field(
        "batch", description="the CCC loss of the whole batch, exactly, or of each micro-batch"
    )
    learning_rate: float = Field(1e-3, gt=0, allow_inf_nan=False, description="parts trained from scratch")
    learning_rate_pretrained: float = Field(1e-5, gt=0, allow_inf_nan=False, description="pretrained parts")
    weight_decay: float = Field(0.01, ge=0, allow_inf_nan=False, description="of AdamW")
    clip_norm: float = Field(1.0, gt=0, description="largest norm of a step's gradient")
    warmup: float = Field(0.1, ge=0, le=1, description="share of steps with rising learning rate")
    save_minutes: float = Field(
        10.0,
        ge=0,
        allow_inf_nan=False,
        description="between two states that a killed run goes on from, beside each epoch's",
    )
    trackers: Annotated[tuple[Tracker, ...], BeforeValidator(_listed)] = Field(
        (), description="what is told of the training beside metrics.jsonl: tensorboard, wandb, mlflow"
    )
    select: Literal["best", "last"] = Field("best", description="best mean CCC on dev, or the last epoch")
    patience: int = Field(
        0, ge=0, description="epochs without a better mean CCC on dev after which training stops; 0: it never does"
    )
    seed: int = Field(0, description="of weights, batches and dropout")
    init: str = Field("", description="the published model that weights start from, as --init names it")


class WholeRun(BaseModel):
    """What is no component's own."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")
    format_version: int = Field(FORMAT_VERSION, description="of settings.toml; another one is refused")
    preset: str = Field("tiny", description="what the settings were laid over")
    semantics: tuple[str, ...] = Field(("gs", "les", "es"), description="semantic sources, in this order")
    targets: Several = Field(
        ("vad",), validate_default=True, description="what the model predicts; the first are the ratings"
    )
    transforms: Several = Field((), description="what changes how training utterances sound, in this order")
    alignment: dict[str, str] = Field(default_factory=dict, description="options of alignment readers")


def with_sections(kinds: Iterable[Kind]) -> type[WholeRun]:
    """`WholeRun` with a field for each kind that settings choose: the component, by default the kind's `default`."""
    chosen = {kind.section: Component(name=kind.default) if kind.default else ... for kind in kinds if kind.section}
    fields: dict[str, Any] = {section: (Component, default) for section, default in chosen.items()}
    return create_model("Sections", __base__=WholeRun, **fields)


if TYPE_CHECKING:

    class Sections(WholeRun):
        def __getattr__(self, section: str) -> Component: ...

else:
    Sections = with_sections(KINDS)


class Settings(Sections):
    """All settings of a run; a run's settings.toml rebuilds exactly this."""

    data: Data = Data()  # type: ignore[call-arg]
    training: Training = Training()  # type: ignore[call-arg]

    def component(self, section: str) -> Component:
        component: Component = getattr(self, section)
        return component

    def named(self, section: str) -> set[str]:
        """What of a section ("name", options) somebody chose, beside the preset and the defaults."""
        return self.component(section).model_fields_set if section in self.model_fields_set else set()

    def listed(self, name: str) -> tuple[Component, ...]:
        """The components of a list, in order: targets."""
        components: tuple[Component, ...] = getattr(self, name)
        return components

    def create(self, section: str, **sizes: Any) -> Any:
        """Builds the component that `section` names, e.g. create("fusion", sizes=...)."""
        chosen = self.component(section)
        return registry().create(SECTIONS[section], chosen.name, chosen.options, **sizes)


def load_settings(
    preset: str = "tiny",
    file: str | Path | None = None,
    assignments: Iterable[str] = (),
    flags: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Merges all layers; checks every name, and every option that a layer above the preset has a say in.

    A component that is as the preset has it is not loaded for that: its options are checked where it is built.
    `assignments` are "section.option=value" texts; `flags` maps dotted paths to values, None meaning not given.
    Raises InputError/UnknownNameError that names the path and what would do.
    """
    # so that `--set fusion.hidden=256` alone is enough
    merged: dict[str, Any] = {kind.section: {"name": kind.default} for kind in KINDS if kind.default}
    lay(merged, read_preset(preset))
    merged["preset"] = preset
    given = [(path, flag) for path, flag in (flags or {}).items() if flag is not None]
    layers = [
        {} if file is None else read_toml(Path(file)),
        gathered(environment_pairs(os.environ if environment is None else environment)),
        # one layer: `--fusion film --set fusion.hidden=64` sets an option of the fusion that the flag chooses
        gathered([*map(assigned, assignments), *given]),
    ]
    laid = [lay(merged, layer) for layer in layers]
    settings = check_settings(merged, {section for layer in laid for section in layer})
    return _named_by(laid, settings)


def laid_over(settings: Settings, layer: Mapping[str, Any]) -> Settings:
    """Settings with one more source of them over the others. Raises as `load_settings`."""
    values = settings.model_dump()
    laid = lay(values, layer)
    named = {section: settings.named(section) for section in SECTIONS}
    return _named_by([named, laid], check_settings(values, set(laid)))


def _named_by(layers: Sequence[Mapping[str, Any]], settings: Settings) -> Settings:
    """The settings, which know by their `model_fields_set` what of a component these layers say."""
    for section in SECTIONS:
        named = {name for layer in layers for name in layer.get(section, ())}
        settings.component(section).model_fields_set.intersection_update(named)
    return settings


def with_whole_paths(settings: Settings) -> Settings:
    """The settings as a run records them: places that options name are absolute paths, where they are files or folders.

    Raises InputError as `load_settings`.
    """
    whole: dict[str, object] = {
        section: _with_whole_paths(kind, settings.component(section)) for section, kind in SECTIONS.items()
    }
    whole |= {
        name: tuple(_with_whole_paths(kind, one) for one in settings.listed(name)) for name, kind in LISTS.items()
    }
    return settings.model_copy(update=whole)


def _with_whole_paths(kind: str, chosen: Component) -> Component:
    given = [name for name, value in chosen.options.items() if isinstance(value, str)]
    if not given:
        return chosen
    checked = registry().options(kind, chosen.name, chosen.options)
    texts = {name: text for name in given if isinstance(text := getattr(checked, name), str)}
    return Component(name=chosen.name, **{**chosen.options, **texts})


def check_settings(values: Mapping[str, Any], sections: Container[str] = (*SECTIONS, *LISTS)) -> Settings:
    """Builds `Settings` from plain values; every component name must exist, and every option in `sections`."""
    refuse_switches(values)
    try:
        settings = Settings.model_validate(dict(values))
    except ValidationError as error:
        place = error.errors()[0]["loc"]
        models: dict[str, type[BaseModel]] = {"training": Training, "data": Data}
        model = models.get(str(place[0]) if len(place) > 1 else "", Settings)
        raise option_error(error, "", model.model_fields) from error
    chosen = [(section, kind, settings.component(section)) for section, kind in SECTIONS.items()]
    chosen += [(name, kind, one) for name, kind in LISTS.items() for one in settings.listed(name)]
    for section, kind, one in chosen:
        registry().get(kind, one.name)
        if section in sections:
            registry().options(kind, one.name, one.options)
    for source in (*settings.semantics, *settings.data.exchanged):
        registry().get("semantic-source", source)
    if settings.alignment:
        _check_alignment(settings.alignment)
    return settings


def _check_alignment(options: Iterable[str]) -> None:
    """Each option must be one of some alignment reader's."""
    readers = [reader.Options for _, reader in registry().loaded("alignment-reader")]
    known = sorted({name for model in readers for name in model.model_fields})
    for name in options:
        if name not in known:
            raise UnknownNameError(
                f"unknown option 'alignment.{name}'. {did_you_mean(name, known)}Known here: {', '.join(known)}."
            )


def settings_toml(settings: Settings) -> str:
    """Settings as TOML text, which `load_settings(file=...)` or `check_settings` reads back to the same object."""
    plain = settings.model_dump(mode="json")
    lines = [f"{key} = {_toml(value)}" for key, value in plain.items() if not isinstance(value, dict)]
    for key, table in plain.items():
        if isinstance(table, dict):
            lines += ["", f"[{key}]"]
            lines += [f"{name} = {_toml(value)}" for name, value in table.items() if value is not None]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """TOML writes numbers and texts as JSON does, but for infinities and NaN; what is None is left out."""
    if isinstance(value, dict):
        given = [f"{_key(name)} = {_toml(one)}" for name, one in value.items() if one is not None]
        return f"{{{', '.join(given)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    text = json.dumps(value, ensure_ascii=False)
    return {"Infinity": "inf", "-Infinity": "-inf", "NaN": "nan"}.get(text, text)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
