"""Writes the pretrained encoder of a run, with what it learned in its weights, as a model folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp

from msftk.consent import Consent, consenting
from msftk.errors import InputError
from msftk.files import check_folder, unwritable
from msftk.runs.model import load_model


def merge(
    run: str | Path,
    out: str | Path,
    value: str | None = None,
    *,
    trust_remote_code: bool = False,
    allow_download: bool = False,
) -> Path:
    """The encoder of `run` as the folder `out`, which is there whole or not at all; returns it.

    `value`: of the column that adapters learned by. `trust_remote_code`, `allow_download`: as in `predict`.

    Raises:
        InputError: `out` is there; no such run; its encoder is no pretrained model, or has learned nothing; no such
            value; the pretrained model cannot be read.
    """
    folder = Path(out)
    if folder.exists():
        raise InputError(f"{folder}: is there already. Choose another place with --out.")
    check_folder(folder.parent)
    with consenting(Consent(trust_remote_code, allow_download)):
        acoustic = load_model(Path(run)).network.acoustic
        scratch = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            acoustic.write_model(scratch, value)
            scratch.chmod(0o755)
            scratch.rename(folder)
        except OSError as error:
            raise unwritable(folder, error) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return folder
