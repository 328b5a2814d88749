"""`msftk merge`: a run's encoder as a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msftk.cli.console import out
from msftk.cli.options import AllowDownload, TrustRemoteCode


def merge(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder that msftk train wrote.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder to write, which is not there yet.")],
    value: Annotated[
        str | None, typer.Option("--value", help="Of adaptation.by: whose adapters, e.g. a language.")
    ] = None,
    trust_remote_code: TrustRemoteCode = False,
    allow_download: AllowDownload = False,
) -> None:
    """Write a run's pretrained encoder with what it learned (LoRA, last-k, full) in its weights: a plain model folder.

    It is config.json and model.safetensors, as transformers and acoustic.model read them; no adapter is left in it.

    Example: msftk merge runs/lora --out wavlm-merged
    """
    from msftk.recipes.merge import merge as recipe

    consent = {"trust_remote_code": trust_remote_code, "allow_download": allow_download}
    out.print(str(recipe(run, folder, value, **consent)), soft_wrap=True)
