"""`msftk serve`: a run, or a published model, behind HTTP."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from msftk.cli.console import err
from msftk.cli.options import (
    Aligner,
    AllowDownload,
    AllowSending,
    Combine,
    Describer,
    Device,
    Interval,
    PhoneTier,
    PublishedModel,
    Set,
    Transcriber,
    TrustRemoteCode,
    WordTier,
    check_combine,
    loading,
    options_anew,
)
from msftk.errors import InputError

TOKEN = "MSFTK_SERVE_TOKEN"


def serve(
    places: Annotated[list[str] | None, typer.Argument(metavar="RUN", help="Run folder (or --model).")] = None,
    models: PublishedModel = None,
    combine: Combine = None,
    host: Annotated[
        str, typer.Option("--host", help=f"Address to listen on; beyond this machine only with a token in {TOKEN}.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any that is free.")] = 8000,
    max_mb: Annotated[float, typer.Option("--max-mb", min=0.001, help="Largest body of a request.")] = 64,
    max_s: Annotated[float, typer.Option("--max-seconds", min=0.1, help="Longest recording.")] = 600,
    timeout_s: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds until an answer.")] = 60,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Recordings that are predicted together.")] = 16,
    gather_ms: Annotated[float, typer.Option("--gather", min=0, help="Milliseconds to wait for others that come.")] = 5,
    requests: Annotated[int, typer.Option("--requests", min=1, help="Requests under way at once.")] = 256,
    clip: Annotated[
        bool | None, typer.Option("--clip/--no-clip", help="Cut to the scale (default: as the run).")
    ] = None,
    interval: Interval = None,
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
) -> None:
    """Serve predictions over HTTP: POST a recording to /predict, or open the address in a browser.

    Requests that come together are predicted together. Nothing that is sent is kept.

    Example: msftk serve runs/quickstart
    Example: msftk serve --model audeering-dim --port 8080
    """
    from msftk.recipes.named_runs import named_runs
    from msftk.recipes.predict import load
    from msftk.serve.answers import Answers
    from msftk.serve.app import make_app
    from msftk.serve.limits import Limits
    from msftk.serve.listening import address, is_local, listen, run_server

    token = os.environ.get(TOKEN) or None
    if token is None and not is_local(host):
        raise InputError(f"--host {host}: others could reach it. Set a token in the environment, {TOKEN}.")
    anew = options_anew(
        assignments,
        word_tier=word_tier,
        phone_tier=phone_tier,
        transcriber=transcriber,
        aligner=aligner,
        describer=describer,
    )
    runs, others = named_runs(places or [], models)
    if others:
        raise InputError(f"{others[0]}: not a finished run. Recordings are sent to the server when it runs.")
    check_combine(combine, [*runs, *(models or ())])
    listener = listen(host, port)
    run = load(runs, **loading(models, device, trust_remote_code, allow_download, allow_sending, assignments))
    answers = Answers(run, anew, clip=clip, interval=interval)
    answers.warm()
    app = make_app(answers, Limits(max_mb, max_s, timeout_s, batch, gather_ms, requests), token)
    err.print(f"serving on {address(listener)} (Ctrl-C ends it)", soft_wrap=True)
    run_server(app, listener)
