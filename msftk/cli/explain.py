"""`msftk explain`: why a recording is predicted as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msftk.cli.console import err, out, print_json
from msftk.cli.options import (
    Aligner,
    AllowDownload,
    AllowSending,
    Describer,
    Device,
    Json,
    PhoneTier,
    PublishedModel,
    Set,
    Store,
    Transcriber,
    TrustRemoteCode,
    WordTier,
    loading,
    options_anew,
)
from msftk.counting import counted
from msftk.errors import InputError


def explain(
    places: Annotated[
        list[str], typer.Argument(metavar="RUN AUDIO|ID", help="Run folder (or --model), and a file or an utterance.")
    ],
    models: PublishedModel = None,
    page: Annotated[Path | None, typer.Option("--out", metavar="PAGE.html", help="Page to write.")] = None,
    start_s: Annotated[
        float | None, typer.Option("--start", metavar="SECONDS", help="Explain a part of the recording: from here on.")
    ] = None,
    end_s: Annotated[float | None, typer.Option("--end", metavar="SECONDS", help="Explain it up to here.")] = None,
    transcriber: Transcriber = None,
    aligner: Aligner = None,
    describer: Describer = None,
    word_tier: WordTier = None,
    phone_tier: PhoneTier = None,
    assignments: Set = None,
    device: Device = "auto",
    trust_remote_code: TrustRemoteCode = False,
    allow_download: AllowDownload = False,
    allow_sending: AllowSending = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Explain a prediction on one page: words and their stress, experts, sources, and what another stress would change.

    ID is an utterance of the run's own corpus.

    Example: msftk explain runs/first speech.wav --out page.html
    """
    from msftk.recipes.explain import explain as explained
    from msftk.recipes.explain_page import PAGES, write_page
    from msftk.recipes.named_runs import named_runs
    from msftk.recipes.predict import load
    from msftk.recipes.table_file import check_out

    anew = options_anew(
        assignments,
        word_tier=word_tier,
        phone_tier=phone_tier,
        transcriber=transcriber,
        aligner=aligner,
        describer=describer,
    )
    if page is None and not json:
        raise InputError("nothing to write. Name a page by --out page.html, or take --json.")
    if page is not None:
        check_out(page, PAGES)
    runs, recordings = named_runs(places, models)
    if len(recordings) != 1:
        raise InputError(
            f"{counted(len(recordings), 'recording')} to explain: expected one. Name one audio file, or an utterance."
        )
    run = load(runs, **loading(models, device, trust_remote_code, allow_download, allow_sending, assignments))
    found = explained(run, recordings[0], start_s=start_s, end_s=end_s, store=store, **anew)
    if page is not None:
        write_page(found, page)
    if json:
        print_json(found.json())
    else:
        out.print(f"{page}", soft_wrap=True)
        for what, why in found.why_not.items():
            err.print(f"without {what}: {why}", soft_wrap=True)
    for note in found.notes:
        err.print(note, style="yellow", soft_wrap=True)
