"""Any transformers text encoder, by the id of a public model or by its folder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field

from msftk import interfaces
from msftk.errors import InputError
from msftk.hub import why_not_fetched
from msftk_plugins.text.folder import READ, FolderEncoder, check_weights, folder_digest


class HfTextEncoder(FolderEncoder):
    """A frozen transformers encoder such as RoBERTa (paper Sec. 2.2: RoBERTa-large), weights from safetensors only.

    A model id is looked up in the Hugging Face cache, and fetched if it is not there, the call allows it (settings of a
    run that was received do not) and HF_HUB_OFFLINE is not set.
    """

    class Options(interfaces.Options):
        model: interfaces.Place = Field("FacebookAI/roberta-large", description="model id, or a folder")
        revision: str | None = Field(None, description="branch, tag or commit of a model id")
        pooling: Literal["mean", "cls"] = Field("mean", description="mean over real tokens, or the first token")
        layer: int = Field(-1, description="hidden layer, -1 the last, 0 the embeddings")
        max_length: int = Field(512, ge=4, description="tokens kept of a text")

    def __init__(self, options: HfTextEncoder.Options) -> None:
        self.options = options
        super().__init__(
            model_folder(options.model, options.revision),
            pooling=options.pooling,
            layer=options.layer,
            max_length=options.max_length,
        )

    def identity(self) -> Mapping[str, str]:
        """The model by content: `model` and `revision` say where it lies, and two places may hold the same."""
        return {"model": f"sha256:{self._digest}", "revision": ""}

    @cached_property
    def _digest(self) -> str:
        return str(folder_digest(self.folder))


def model_folder(model: str, revision: str | None) -> Path:
    """The folder that holds `model`: the one named, or a snapshot in the Hugging Face cache, fetched if need be.

    Raises InputError where there is neither.
    """
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        try:
            folder = Path(snapshot_download(model, revision=revision, local_files_only=True))
            check_weights(folder)
            return folder
        except (LocalEntryNotFoundError, InputError):  # not fetched, or only in part
            if reason := why_not_fetched(model):
                raise InputError(
                    f"text model '{model}' is not in the Hugging Face cache, and {reason} Without it --set "
                    "text.name=minilm works."
                ) from None
            return Path(snapshot_download(model, revision=revision, allow_patterns=list(READ)))
    except HFValidationError as error:
        raise InputError(f"text.model is '{model}': no such folder, and no model id (owner/name).") from error
    except InputError:
        raise
    except Exception as error:  # no network, no such model, gated: the hub raises many kinds
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"text model '{model}' is not in the Hugging Face cache and cannot be fetched: {reason} Name another, or a "
            "folder, by --set text.model=MODEL, or choose --set text.name=minilm."
        ) from error
