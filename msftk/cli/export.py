"""`msftk export`: a run as a file that runs without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msftk.cli.console import err, out
from msftk.cli.options import AllowDownload, PublishedModel, TrustRemoteCode
from msftk.errors import InputError


def export(
    onnx: Annotated[Path, typer.Option("--onnx", metavar="model.onnx", help="File to write; its card beside it.")],
    run: Annotated[Path | None, typer.Argument(metavar="RUN", help="Run folder (or --model).")] = None,
    models: PublishedModel = None,
    value: Annotated[
        str | None, typer.Option("--value", help="Of adaptation.by: whose adapters, e.g. a language.")
    ] = None,
    trust_remote_code: TrustRemoteCode = False,
    allow_download: AllowDownload = False,
) -> None:
    """Write a run, or a published model, as one ONNX file: sound (and semantic vectors) in, valence, arousal and
    dominance out, without torch.

    model.json beside it tells names, sizes and scale. msftk predict model.onnx AUDIO uses it (extra [onnx]).

    Example: msftk export runs/quickstart --onnx model.onnx
    Example: msftk export --model audeering-dim --onnx model.onnx
    """
    from msftk.recipes.export import export as recipe

    if models is not None and len(models) > 1:
        raise InputError(f"--model {models[1]}: a second model. Export one at a time.")
    err.print("exporting takes about half a minute", style="dim")
    made = recipe(
        run,
        onnx,
        value,
        model=models[0] if models else None,
        trust_remote_code=trust_remote_code,
        allow_download=allow_download,
    )
    first, *others = made.files
    told = f"{first} (opset {made.card.opset}, {made.n_bytes / 1e6:.1f} MB)"
    out.print(", ".join([told, *map(str, others)]), soft_wrap=True)
    if made.card.published is not None:
        err.print(
            f"licence of {made.card.published.name}: {made.card.published.licence}", style="yellow", soft_wrap=True
        )
