"""`msftk extract`: fills the feature store for a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from msftk.cli.console import bar, err, out, print_json, some_failed
from msftk.cli.options import Config, Json, Preset, Semantics, Set, Store, Workers, settings_from


def extract(
    manifest: Annotated[Path, typer.Argument(metavar="M.parquet", help="Manifest, as msftk prepare wrote it.")],
    semantics: Semantics = None,
    preset: Preset = "tiny",
    config: Config = None,
    assignments: Set = None,
    store: Store = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Prepare texts, semantic vectors and F0 of every utterance into the feature store; resumable.

    Example: msftk extract demo.parquet --semantics gs,les,es
    """
    from msftk.recipes.extract import extract as run
    from msftk.registry import registry
    from msftk.store.features import Store as FeatureStore
    from msftk.store.features import default_store_path
    from msftk.store.manifest import read_manifest

    settings = settings_from(preset, config, assignments, semantics)
    with_f0 = registry().get("acoustic-encoder", settings.acoustic.name).load().needs_f0
    corpus = read_manifest(manifest)
    place = FeatureStore(default_store_path(store))
    with bar() as progress:
        prepared = run(corpus.utterances, settings, place, with_f0=with_f0, progress=progress, workers=workers)
    present = prepared.present
    if json:
        print_json(
            {
                "n": len(corpus.utterances),
                "sources": {
                    source: {"dim": dim, "present": present[source], "absent": dict(prepared.absent[source])}
                    for source, dim in prepared.dims.items()
                },
                "failures": dict(prepared.failures),
                "warnings": dict(prepared.warnings),
                "store": str(place.root),
                "producers": dict(prepared.producers),
            }
        )
    else:
        table = Table("source", "group", "dim", "present", "absent", box=None)
        for source in settings.semantics:
            absent = ", ".join(f"{count} {reason}" for reason, count in sorted(prepared.absent[source].items()))
            dim = str(prepared.dims[source])
            table.add_row(source, prepared.groups[source], dim, str(present[source]), absent or "0")
        out.print(table)
        out.print(f"{len(corpus.utterances)} utterances, stored in {place.root}", soft_wrap=True, markup=False)
        if note := corpus.facts.get("ratings"):
            out.print(f"ratings: {note}", markup=False)
    for name, message in prepared.warnings.items():
        err.print(f"warning: {name}: {message}", markup=False, soft_wrap=True)
    some_failed(prepared.failures)
