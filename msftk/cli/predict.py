"""`msftk predict`: valence, arousal and dominance of recordings."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from msftk.cli.console import bar, err, number_table, out, print_json, some_failed
from msftk.cli.options import (
    Aligner,
    AllowDownload,
    AllowSending,
    Combine,
    Describer,
    Device,
    Interval,
    Json,
    PhoneTier,
    PublishedModel,
    Set,
    Store,
    Transcriber,
    TrustRemoteCode,
    WordTier,
    Workers,
    check_combine,
    loading,
    options_anew,
)
from msftk.counting import counted
from msftk.errors import InputError
from msftk.recipes.wording import fixed

if TYPE_CHECKING:
    from msftk.recipes.predict import How
    from msftk.recipes.predict_result import Prediction, PredictResult
    from msftk.recipes.predict_table import PredictedTable


def predict(
    places: Annotated[
        list[str],
        typer.Argument(metavar="RUN... AUDIO...|DIR|M.parquet|-", help="Run folder (or --model), and what to predict."),
    ],
    models: PublishedModel = None,
    table: Annotated[Path | None, typer.Option("--out", help="Write .csv, .jsonl or .parquet.")] = None,
    split: Annotated[str | None, typer.Option("--split", help="Of a manifest: these utterances alone.")] = None,
    submission: Annotated[
        Path | None, typer.Option("--submission", metavar="F.csv", help="Write what the MSP-Podcast challenge takes.")
    ] = None,
    clip: Annotated[
        bool | None, typer.Option("--clip/--no-clip", help="Cut to the scale (default: as the run).")
    ] = None,
    combine: Combine = None,
    window: Annotated[
        float | None, typer.Option("--window", metavar="SECONDS", help="V/A/D over time: a row for each so many.")
    ] = None,
    hop: Annotated[
        float | None, typer.Option("--hop", metavar="SECONDS", help="A window each so many (default: --window).")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw V/A/D over time of one recording (png, svg, pdf).")
    ] = None,
    transcriber: Transcriber = None,
    aligner: Aligner = None,
    describer: Describer = None,
    interval: Interval = None,
    word_tier: WordTier = None,
    phone_tier: PhoneTier = None,
    assignments: Set = None,
    device: Device = "auto",
    trust_remote_code: TrustRemoteCode = False,
    allow_download: AllowDownload = False,
    allow_sending: AllowSending = False,
    store: Store = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Predict valence, arousal and dominance of audio files, folders or a manifest; "-" reads a recording from stdin.

    Audio alone works. STEM.txt (transcript) and STEM.TextGrid, or words.csv and phones.csv, beside it are used too.
    What is longer than the model hears at once is heard in windows, and predicted by their mean.

    Example: msftk predict runs/quickstart recordings/ --out ratings.csv
    Example: msftk predict --model audeering-dim speech.wav
    """
    from msftk.recipes.named_runs import named_runs
    from msftk.recipes.predict import load
    from msftk.recipes.predict_table import predict_table
    from msftk.recipes.recordings import Listing, of_split
    from msftk.recipes.table_file import check_out, write_table

    anew = options_anew(
        assignments,
        word_tier=word_tier,
        phone_tier=phone_tier,
        transcriber=transcriber,
        aligner=aligner,
        describer=describer,
    )
    if table is not None:
        check_out(table)
    if submission is not None:
        check_out(submission, (".csv",))
    if plot is not None:
        check_out(plot, (".png", ".svg", ".pdf"))
    runs, recordings = named_runs(places, models)
    if not recordings:
        raise InputError("nothing to predict. Name audio files, a folder of them, or a manifest (.parquet).")
    check_combine(combine, [*runs, *(models or ())])
    given: list[Any] = [_piped() if one == "-" else one for one in recordings]
    if split is not None:
        given = [of_split(given, split)]
    if plot is not None and (n := len(Listing(given))) > 1:
        raise InputError(f"--plot {plot}: a picture of one recording, and here are {n}. Name one.")
    loaded = load(runs, **loading(models, device, trust_remote_code, allow_download, allow_sending, assignments))
    how: How = {
        **anew,
        "store": store,
        "clip": clip,
        "window_s": window,
        "hop_s": hop,
        "interval": interval,
        "workers": workers,
    }
    if table is not None and not json and submission is None and plot is None:
        with bar() as progress:
            written = predict_table(loaded, given, table, progress=progress, **how)
        _tell_written(written, over_time=window is not None)
        _tell(written.absent, written.notes, written.warning)
        some_failed(written.failures)
        return
    with bar() as progress:
        result = loaded.predict(given, progress=progress, **how)
    if table is not None:
        write_table(result.columns() if window is None else result.over_time.columns(), table)
        err.print(f"written: {table}", soft_wrap=True)
    if submission is not None:
        write_table(result.challenge(), submission)
    if plot is not None:
        result.over_time.plot(plot)
        err.print(f"drawn: {plot}", soft_wrap=True)
    if json:
        print_json(result.json(over_time=window is not None))
    elif submission is not None:
        out.print(f"{counted(len(result), 'row')} for the challenge in {submission}", soft_wrap=True)
    elif table is None:
        _show(result, over_time=window is not None)
    _tell(result.absent, result.notes, result.warning)
    some_failed(result.failures)


def _tell_written(written: PredictedTable, *, over_time: bool) -> None:
    said = counted(written.n, "recording" if over_time else "prediction")
    if over_time:
        said = f"{counted(written.n_rows, 'window')} of {said}"
    out.print(f"{said} on the scale {written.scale} in {written.path}", soft_wrap=True)
    if written.n_found:
        err.print(f"{written.n_found} of them were predicted by an earlier job, which was cut off", soft_wrap=True)


def _tell(absent: Mapping[str, Mapping[str, int]], notes: Sequence[str], warning: str) -> None:
    """What a reader must know beside the numbers."""
    for source, reasons in absent.items():
        err.print(f"without {source}: " + ", ".join(f"{n} ({reason})" for reason, n in reasons.items()))
    for note in notes:
        err.print(note, style="yellow", soft_wrap=True)
    if warning:
        planted = f"the model was trained on ratings that are {warning}: not an emotion estimate"
        err.print(planted, style="yellow", soft_wrap=True)


def _show(result: PredictResult, *, over_time: bool) -> None:
    """A row a recording, or a row a window of it."""
    attributes = result.predictions.attributes
    out.print(f"on the scale {result.predictions.scale}", style="italic")
    if not over_time:
        drawn = number_table("id", *attributes)
        for one in result:
            drawn.add_row(one.id, *(_cell(one, attribute) for attribute in attributes))
    else:
        drawn = number_table("id", "start s", "end s", *attributes)
        for one in result:
            for own in one.windows:
                values = (own.start_s, own.end_s, *(own.values[attribute] for attribute in attributes))
                drawn.add_row(one.id, *map(fixed, values))
    out.print(drawn)


def _cell(one: Prediction, attribute: str) -> str:
    """The value, and its bounds where there are any."""
    value, low, high = one.values[attribute], one.others.get(f"{attribute}_low"), one.others.get(f"{attribute}_high")
    return (
        f"{fixed(value)} [{fixed(low)}, {fixed(high)}]"
        if isinstance(low, float) and isinstance(high, float)
        else fixed(value)
    )


def _piped() -> BinaryIO:
    from msftk.recipes.sound_in_memory import standard_input

    return standard_input(sys.stdin.buffer)
