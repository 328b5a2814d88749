"""`msftk align`: when each word was said, for a corpus that does not tell it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msftk.cli.console import bar, err, out, print_json, some_failed
from msftk.cli.options import Aligner, Config, Json, Set, Shard, Store, TrustRemoteCode, Workers, settings_from
from msftk.counting import counted
from msftk.recipes.wording import said_of

if TYPE_CHECKING:
    from msftk.store.manifest import Manifest


def align(
    manifest: Annotated[Path, typer.Argument(metavar="M.parquet|DIR", help="A manifest, or a folder of recordings.")],
    aligner: Aligner = "pocketsphinx",
    table: Annotated[
        Path | None, typer.Option("--out", help="Also write the manifest (.parquet) with the alignments beside it.")
    ] = None,
    config: Config = None,
    assignments: Set = None,
    trust_remote_code: TrustRemoteCode = False,
    store: Store = None,
    workers: Workers = None,
    shard: Shard = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Align again what an earlier run refused.")
    ] = False,
    json: Json = False,
) -> None:
    """Find the words (and phones) of every utterance that brings no alignment, from its transcript; resumable.

    A text that does not fit the sound is refused and listed. Alignments lie in the feature store, where extract, train
    and emphasis find them; --out writes them as tables too.

    Example: msftk align M.parquet --aligner pocketsphinx
    """
    from msftk.recipes.align import align_corpus
    from msftk.recipes.recordings import collect

    settings = settings_from("tiny", config, assignments, aligner__name=aligner)
    unreadable: dict[str, str] = {}
    corpus: Manifest | Path = manifest
    if manifest.is_dir():
        found = collect(manifest, settings.alignment)
        corpus, unreadable = found.manifest(manifest.name), found.failures
    with bar() as progress:
        done = align_corpus(
            corpus,
            settings,
            out=table,
            store=store,
            workers=workers,
            shard=shard,
            retry_failed=retry_failed,
            trust_remote_code=trust_remote_code,
            progress=progress,
        )
    if json:
        print_json({**done.json(), "failures": {**unreadable, **done.failures}})
    else:
        given = f", {done.n_given} bring their own" if done.n_given else ""
        who = f"{done.n_made} of {counted(done.n_utterances, 'utterance')} aligned by {done.aligner}{given}"
        out.print(f"{who}; {f'written: {done.out}' if done.out else f'stored in {done.store}'}", soft_wrap=True)
    for reason, ids in done.absent.items():
        named = ", ".join(ids[:3]) + (", ..." if len(ids) > 3 else "")
        err.print(f"{len(ids)} without, {reason}: {named}", soft_wrap=True)
    for name, message in done.warnings.items():
        err.print(f"warning: {said_of(name, message)}", soft_wrap=True)
    some_failed({**unreadable, **done.failures})
    if done.absent:
        raise typer.Exit(3)
