"""`msftk export`: a run as a file that runs without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msftk.cli.console import err, out
from msftk.cli.options import AllowDownload, TrustRemoteCode


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder that msftk train wrote.")],
    onnx: Annotated[Path, typer.Option("--onnx", metavar="model.onnx", help="File to write; its card beside it.")],
    value: Annotated[
        str | None, typer.Option("--value", help="Of adaptation.by: whose adapters, e.g. a language.")
    ] = None,
    trust_remote_code: TrustRemoteCode = False,
    allow_download: AllowDownload = False,
) -> None:
    """Write a run as one ONNX file: sound (and semantic vectors) in, valence, arousal and dominance out, without torch.

    model.json beside it tells names, sizes and scale. msftk predict model.onnx AUDIO uses it (extra [onnx]).

    Example: msftk export runs/quickstart --onnx model.onnx
    """
    from msftk.recipes.export import export as recipe

    err.print("exporting takes about half a minute", style="dim")
    made = recipe(run, onnx, value, trust_remote_code=trust_remote_code, allow_download=allow_download)
    files = [f"{made.model} (opset {made.card.opset})", str(made.card_file)]
    if made.card.text_folder:
        files.append(str(made.model.parent / made.card.text_folder))
    out.print(", ".join(files), soft_wrap=True)
