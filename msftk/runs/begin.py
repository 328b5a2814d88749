"""How a run begins: its folder made once, gone on with only under the same settings and data, never overwritten."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from enum import Enum

from msftk.errors import InputError
from msftk.files import json_text, read_json_object, write_whole
from msftk.runs.folder import FORMAT_VERSION, RunFolder, refuse_version
from msftk.settings import Settings
from msftk.store.keys import table_digest
from msftk.store.manifest import Manifest, write_manifest

CLASSES = ("category", "gender", "language")  # columns that targets, samplers and adaptations read
# what has no effect on the weights: a run may go on with others
WITHOUT_EFFECT = ("data.waveforms", "training.save_minutes", "training.trackers")


@dataclass(frozen=True)
class Plan:
    """Beside the settings, what a resumed run must have in common with its beginning."""

    folds: str | None
    allow_overlap: bool
    data: str  # fingerprint of the manifest


class Begun(Enum):
    """How a run was found."""

    NEW = "new"
    RESUMED = "resumed"
    FINISHED = "finished"


def begin_run(run: RunFolder, settings: Settings, plan: Plan, manifest: Manifest) -> Begun:
    """Makes the run folder, or checks that what lies there is the same run; one in which nothing was trained yet begins
    anew, with whatever settings.

    Raises InputError where `run` is something else, or was begun with other settings, folds or data.
    """
    if run.path.is_file():
        raise InputError(f"{run.path}: a file, expected a folder for the run. Choose another --out.")
    begun_before = run.plan_file.is_file()
    if begun_before and not run.is_untrained:
        _check_same(run, settings, plan)
        return Begun.FINISHED if run.is_finished else Begun.RESUMED
    if run.is_finished:
        raise InputError(
            f"{run.path}: a finished run, which is not overwritten. Choose another --out, or remove that folder."
        )
    if run.path.is_dir() and not begun_before and not all(_of_beginning(run, path.name) for path in run.path.iterdir()):
        run.refuse_pickles()
        raise InputError(f"{run.path}: not empty, and no run of msftk. Choose another --out.")
    shutil.rmtree(run.state, ignore_errors=True)
    run.state.mkdir(parents=True, exist_ok=True)
    run.write_settings(settings)
    write_manifest(manifest, run.manifest_file)
    write_whole(run.plan_file, json_text({"format_version": FORMAT_VERSION, **asdict(plan)}) + "\n")
    return Begun.NEW


def _of_beginning(run: RunFolder, name: str) -> bool:
    """What `begin_run` may leave behind when it is killed before the plan stands."""
    begun = (run.settings_file.name, run.manifest_file.name, run.state.name)
    return name in begun or name.startswith(tuple(f".{one}." for one in begun))


def manifest_fingerprint(manifest: Manifest) -> str:
    """Hash of what training reads of a manifest; where the files lie is not part of it."""
    rows = (
        (
            *(u.id, u.audio_sha256 or str(u.audio), u.start_s, u.end_s, u.transcript, u.alignment is not None),
            *(u.speaker, u.session, u.split, dict(u.ratings) if u.ratings else None),
            *(() if u.channel is None else (u.channel,)),
            {name: value for name in CLASSES if (value := getattr(u, name)) is not None},
        )
        for u in manifest.utterances
    )
    return table_digest([manifest.corpus, manifest.scale.low, manifest.scale.high], rows)


def _check_same(run: RunFolder, settings: Settings, plan: Plan) -> None:
    before = read_json_object(run.plan_file, "Choose another --out.")
    if (version := before.get("format_version")) != FORMAT_VERSION:
        refuse_version(run.plan_file, version, FORMAT_VERSION)
    if run.is_finished:
        found, remedy = "a finished run", "It is not overwritten: choose another --out, or remove that folder."
    else:
        found = "an unfinished run"
        remedy = "Give what it was begun with to resume it, or another --out to begin anew."
    if different := differences(run.read_settings(), settings):
        raise InputError(f"{run.path}: {found} with other settings ({'; '.join(different)}). {remedy}")
    for name, now in (("folds", plan.folds), ("allow_overlap", plan.allow_overlap)):
        if before.get(name) != now:
            raise InputError(f"{run.path}: {found} with {name} {before.get(name)}, now {now}. {remedy}")
    if before.get("data") != plan.data:
        raise InputError(f"{run.path}: {found} on other data (its {run.manifest_file.name} differs). {remedy}")


def differences(before: Settings, now: Settings) -> list[str]:
    """Settings that differ and have a say in the weights, as "path: before -> now"."""
    return [
        f"{path}: {old} -> {new}"
        for path, old, new in _pairs(before.model_dump(mode="json"), now.model_dump(mode="json"))
        if old != new and path not in WITHOUT_EFFECT
    ]


def _pairs(before: dict[str, object], now: dict[str, object], prefix: str = "") -> list[tuple[str, object, object]]:
    pairs: list[tuple[str, object, object]] = []
    for key in dict.fromkeys((*before, *now)):
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            pairs += _pairs(old, new, f"{prefix}{key}.")
        else:
            pairs.append((prefix + key, old, new))
    return pairs
