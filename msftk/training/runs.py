"""The run folder: begun once, gone on with only under the same settings and data, never overwritten."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from msftk.errors import InputError, VersionError
from msftk.settings import Settings
from msftk.store.keys import digest
from msftk.store.manifest import Manifest, write_manifest
from msftk.training.checkpoints import (
    FORMAT_VERSION,
    MANIFEST,
    PROTOCOL,
    SETTINGS,
    load_run_settings,
    refuse_pickles,
    save_run_settings,
    write_text,
)


@dataclass(frozen=True)
class Plan:
    """Beside the settings, what a resumed run must have in common with its beginning."""

    folds: str | None
    allow_overlap: bool
    data: str  # fingerprint of the manifest


def begin_run(run: Path, settings: Settings, plan: Plan, manifest: Manifest) -> bool:
    """Makes the run folder, or checks that an unfinished one is the same run; True: it is resumed.

    Raises InputError where `run` is finished, is something else, or was begun with other settings, folds or data.
    """
    if run.is_file():
        raise InputError(f"{run}: a file, expected a folder for the run. Choose another --out.")
    if (run / PROTOCOL).is_file():
        raise InputError(
            f"{run}: a finished run, which is not overwritten. Choose another --out, or remove that folder."
        )
    begun = run / "state" / "run.json"
    if begun.is_file():
        _check_same(run, settings, plan, begun)
        return True
    if run.is_dir() and not all(_of_beginning(path) for path in run.iterdir()):
        refuse_pickles(run)
        raise InputError(f"{run}: not empty, and no run of msftk. Choose another --out.")
    begun.parent.mkdir(parents=True, exist_ok=True)
    save_run_settings(run, settings)
    write_manifest(manifest, run / MANIFEST)
    write_text(begun, json.dumps({"format_version": FORMAT_VERSION, **asdict(plan)}) + "\n")
    return False


def _of_beginning(path: Path) -> bool:
    """What `begin_run` may leave behind when it is killed before run.json stands."""
    return path.name in (SETTINGS, MANIFEST, "state") or path.name.startswith(f".{MANIFEST}")


def manifest_fingerprint(manifest: Manifest) -> str:
    """Hash of what training reads of a manifest; where the files lie is not part of it."""
    rows = [
        (
            *(u.id, u.audio_sha256 or str(u.audio), u.start_s, u.end_s, u.transcript, u.alignment is not None),
            *(u.speaker, u.session, u.split, dict(u.ratings) if u.ratings else None),
            *(() if u.channel is None else (u.channel,)),
        )
        for u in manifest.utterances
    ]
    return digest([manifest.corpus, manifest.scale.low, manifest.scale.high, rows])


def _check_same(run: Path, settings: Settings, plan: Plan, begun: Path) -> None:
    before = json.loads(begun.read_text(encoding="utf-8"))
    if before.get("format_version") != FORMAT_VERSION:
        raise VersionError(
            f"{begun}: format version {before.get('format_version')}, expected {FORMAT_VERSION}. "
            "Use the msftk that began the run, or another --out."
        )
    remedy = "Give what it was begun with to resume it, or another --out to begin anew."
    if different := differences(load_run_settings(run), settings):
        raise InputError(f"{run}: an unfinished run with other settings ({'; '.join(different)}). {remedy}")
    for name, now in (("folds", plan.folds), ("allow_overlap", plan.allow_overlap)):
        if before[name] != now:
            raise InputError(f"{run}: an unfinished run with {name} {before[name]}, now {now}. {remedy}")
    if before["data"] != plan.data:
        raise InputError(f"{run}: an unfinished run on other data (its {MANIFEST} differs). {remedy}")


def differences(before: Settings, now: Settings) -> list[str]:
    """Settings that differ, as "path: before -> now"."""
    return [
        f"{path}: {old} -> {new}"
        for path, old, new in _pairs(before.model_dump(mode="json"), now.model_dump(mode="json"))
        if old != new
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
