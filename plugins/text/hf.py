"""Any transformers text encoder, by the id of a public model or by its folder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Literal

from pydantic import Field

from msftk import interfaces
from msftk_plugins.text.folder import FolderEncoder
from msftk_plugins.weights import best_precision, folder_digest, model_folder

OTHERWISE = "Without it --set text.name=minilm works."


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
        precision: Literal["auto", "float32", "bfloat16"] = Field(
            "auto", description="of the computation; auto: bfloat16 where a GPU has it, else float32"
        )

    def __init__(self, options: HfTextEncoder.Options) -> None:
        self.options = options
        super().__init__(
            model_folder(options.model, options.revision, "text", OTHERWISE),
            pooling=options.pooling,
            layer=options.layer,
            max_length=options.max_length,
            precision=best_precision() if options.precision == "auto" else options.precision,
        )

    def identity(self) -> Mapping[str, str]:
        """The model by content: `model` and `revision` say where it lies, and two places may hold the same. What was
        computed in one precision is not taken for another's."""
        return {"model": f"sha256:{self._digest}", "revision": "", "precision": self.precision}

    @cached_property
    def _digest(self) -> str:
        return str(folder_digest(self.folder))
