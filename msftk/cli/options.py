"""Options that several commands share, and how they become settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict, cast

import typer

from msftk.errors import InputError

if TYPE_CHECKING:
    from msftk.recipes.makers import Anew
    from msftk.settings import Settings

Preset = Annotated[str, typer.Option("--preset", help="Starting point: tiny, paper, paper-32, paper-128.")]
Config = Annotated[Path | None, typer.Option("--config", help="TOML file laid over the preset.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="SECTION.OPTION=VALUE", help="Repeatable.")]
Semantics = Annotated[str | None, typer.Option("--semantics", help="Semantic sources, e.g. gs,les,es.")]
Transcriber = Annotated[
    str | None, typer.Option("--transcriber", help="Who writes down what was said where no transcript is: whisper, ...")
]
Describer = Annotated[str | None, typer.Option("--describer", help="Who describes (source es): measured, ...")]
Aligner = Annotated[
    str | None, typer.Option("--aligner", help="Who aligns where no alignment is given: pocketsphinx, ctc, none ...")
]
Store = Annotated[Path | None, typer.Option("--store", help="Feature store (default: MSFTK_STORE or user cache).")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Worker threads (default: all cores).")]
Shard = Annotated[str | None, typer.Option("--shard", metavar="I/N", help="Do the I-th of N parts of the corpus.")]
MODEL = "model."  # begins an assignment to a published model
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
TrustRemoteCode = Annotated[
    bool, typer.Option("--trust-remote-code", help="Run Python code that comes with a model. Read it first.")
]
AllowDownload = Annotated[bool, typer.Option("--allow-download", help="Fetch a model that the run names.")]
AllowSending = Annotated[
    bool, typer.Option("--allow-sending", help="Send recordings to the server that the run names.")
]
WordTier = Annotated[str | None, typer.Option(help="Tier of words in a TextGrid, if not words.")]
PhoneTier = Annotated[str | None, typer.Option(help="Tier of phones in a TextGrid, if not phones.")]
Combine = Annotated[str | None, typer.Option("--combine", metavar="mean", help="Of several runs: what is predicted.")]
PublishedModel = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="NAME", help="A published model: name (msftk models list), hub id or folder."),
]
Interval = Annotated[
    float | None,
    typer.Option("--interval", metavar="0.9", help="Also bounds that hold the rating this often, by errors on dev."),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]


def check_combine(combine: str | None, runs: Sequence[Path | str]) -> None:
    """Raises InputError unless several runs (or models) and how they are combined are given together."""
    if combine not in (None, "mean"):
        raise InputError(f"--combine {combine}: unknown. Known: mean.")
    if combine is None and len(runs) > 1:
        raise InputError(f"{runs[1]}: a second run. Add --combine mean for the mean of both, or name one run.")
    if combine and len(runs) == 1:
        raise InputError(f"--combine {combine}: one run, nothing to combine. Name finished runs first: RUN RUN.")


def settings_from(
    preset: str, config: Path | None, assignments: list[str] | None, semantics: str | None = None, **flags: object
) -> Settings:
    """Merges the shared options into checked settings; `flags` are dotted paths written with __: fusion__name."""
    from msftk.settings import load_settings

    paths = {name.replace("__", "."): value for name, value in flags.items()}
    if semantics is not None:
        paths["semantics"] = tuple(part.strip() for part in semantics.split(",") if part.strip())
    return load_settings(preset, config, assignments or (), paths)


def options_anew(
    assignments: list[str] | None, *, word_tier: str | None = None, phone_tier: str | None = None, **makers: str | None
) -> Anew:
    """Those of alignment readers and makers (transcriber="whisper"), by section, for a command whose other settings are
    those of a run. Raises InputError for any other setting.
    """
    from msftk.assignments import assigned, gathered
    from msftk.recipes.makers import ANEW

    others = [one for one in assignments or () if not one.startswith(MODEL)]  # those of models are read by `loading`
    for assignment in others:
        if assignment.partition(".")[0] not in ANEW:
            raise InputError(
                f"--set {assignment}: here the settings are the run's; only those of {', '.join(ANEW)} may be set, "
                "e.g. --set alignment.phone_tier=phone."
            )
    flags = {"alignment.word_tier": word_tier, "alignment.phone_tier": phone_tier}
    flags |= {f"{section}.name": name for section, name in makers.items()}
    given = [(path, value) for path, value in flags.items() if value is not None]
    return cast("Anew", gathered([*map(assigned, others), *given]))


class Loading(TypedDict):
    """How `load` and `evaluate` load runs and models."""

    models: Sequence[str]
    model_options: Mapping[str, object]
    device: str
    trust_remote_code: bool
    allow_download: bool
    allow_sending: bool


def loading(
    models: Sequence[str] | None,
    device: str,
    trust_remote_code: bool,
    allow_download: bool,
    allow_sending: bool,
    assignments: Sequence[str] | None,
) -> Loading:
    """The options of commands that load; who names a published model lets it be fetched.

    Of the assignments those of `model` are options of its layout. Raises InputError for one where no model is named.
    """
    from msftk.assignments import assigned, gathered

    own = [one for one in assignments or () if one.startswith(MODEL)]
    if own and not models:
        raise InputError(f"--set {own[0]}: of published models. Name one by --model NAME.")
    return {
        "models": models or (),
        "model_options": gathered(map(assigned, own)).get("model", {}),
        "device": device,
        "trust_remote_code": trust_remote_code,
        "allow_download": allow_download or bool(models),
        "allow_sending": allow_sending,
    }
