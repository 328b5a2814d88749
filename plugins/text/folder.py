"""A frozen transformers text encoder in a folder: what plugins `hf` and `minilm` share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from msftk.consent import consent
from msftk.errors import InputError
from msftk.interfaces import TextEncoder, TokenVectors
from msftk.types import Float32
from msftk_plugins.weights import check_weights, loaded


class FolderEncoder(TextEncoder):
    """Texts -> [n, dim] by a transformers model in `folder`; torch and the model are loaded at the first text.

    Of a model with a decoder (T5, BART) the encoder reads. Threads may share it; one at a time is served.

    `pooling`: "mean" over real tokens, or "cls", the first token. `layer`: -1 is the last hidden layer.
    `precision`: "float32" or "bfloat16", of the weights and what is computed by them.
    """

    needs_torch: ClassVar[bool] = True

    def __init__(
        self,
        folder: Path,
        *,
        pooling: str = "mean",
        layer: int = -1,
        max_length: int = 512,
        precision: str = "float32",
    ) -> None:
        check_weights(folder)
        self.folder = folder
        self.pooling = pooling
        self.layer = layer
        self.max_length = max_length
        self.precision = precision
        self._lock = threading.RLock()
        self.remote_code = consent().remote_code  # of who builds it: other threads may load the model

    @property
    def dim(self) -> int:  # type: ignore[override]  # asking loads the model
        with self._lock:
            return int(self._model.config.hidden_size)

    def encode(self, texts: Sequence[str]) -> Float32:
        """[n, dim] float32; padding changes a vector by less than 1e-5 (in float32)."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        hidden, tokens = self._hidden(texts)
        pooled = hidden[:, 0] if self.pooling == "cls" else mean_over_tokens(hidden, tokens["attention_mask"])
        vectors: Float32 = pooled.cpu().numpy()
        return vectors

    def tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Those of real tokens; the marks that the model puts around a text have empty spans.

        Raises InputError where the tokenizer cannot tell which characters a token stands for.
        """
        if not texts:
            return []
        if not self._tokenizer.is_fast:
            raise InputError(f"{self.folder}: its tokenizer tells no characters of its tokens. Save a fast tokenizer.")
        hidden, tokens = self._hidden(texts)
        states, real = hidden.cpu().numpy(), tokens["attention_mask"].cpu().numpy().astype(bool)
        spans = tokens["offset_mapping"].cpu().numpy().astype(np.int32)
        return [TokenVectors(states[row][real[row]], spans[row][real[row]]) for row in range(len(texts))]

    def write_without_torch(self, folder: Path) -> Mapping[str, object] | None:
        """Of a model with a fast tokenizer."""
        from msftk_plugins.text.to_onnx import write_encoder

        with self._lock:
            if not self._tokenizer.is_fast:
                return None
            sha256 = write_encoder(self._model, self._tokenizer, self.layer, folder)
            kept = {"dim": self.dim, "pooling": self.pooling, "max_length": self._limit}
        return {"name": "onnx", "sha256": sha256, **kept}

    def _hidden(self, texts: Sequence[str]) -> tuple[Any, Any]:
        """Hidden states [n, token, dim] float32 of the layer, and what the tokenizer told."""
        import torch

        with self._lock, torch.inference_mode():
            told = {"padding": True, "truncation": True, "max_length": self._limit, "return_tensors": "pt"}
            tokens = self._tokenizer(list(texts), **told, return_offsets_mapping=self._tokenizer.is_fast)
            tokens = tokens.to(self._model.device)
            states = self._read({name: value for name, value in tokens.items() if name != "offset_mapping"})
            hidden = states.last_hidden_state if self.layer == -1 else states.hidden_states[self.layer]
            return hidden.float(), tokens

    def _read(self, tokens: Any) -> Any:
        try:
            return self._model(**tokens, output_hidden_states=self.layer != -1)
        except (TypeError, ValueError, AttributeError) as error:  # of a model that wants pictures or sound
            raise InputError(
                f"{self.folder}: {type(self._model).__name__} reads no texts ({error}). Give a text encoder."
            ) from error

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return self._loaded(
            lambda: AutoTokenizer.from_pretrained(
                self.folder, local_files_only=True, trust_remote_code=self.remote_code
            )
        )

    @cached_property
    def _model(self) -> Any:
        import torch
        from transformers import AutoModel

        with torch.random.fork_rng(devices=[]):  # an unused pooler is filled at random: keep the caller's random state
            model = self._loaded(
                lambda: AutoModel.from_pretrained(
                    self.folder,
                    use_safetensors=True,
                    local_files_only=True,
                    trust_remote_code=self.remote_code,
                    dtype=getattr(torch, self.precision),
                )
            )
        if model.config.is_encoder_decoder:  # T5, BART: the decoder writes, the encoder reads
            model = model.get_encoder()
        if self.layer != -1 and not -model.config.num_hidden_layers - 1 <= self.layer <= model.config.num_hidden_layers:
            raise InputError(
                f"text.layer is {self.layer}: {self.folder} has hidden layers 0 to {model.config.num_hidden_layers}. "
                "Give one of them, or -1 for the last."
            )
        return model.eval().requires_grad_(False).to("cuda" if torch.cuda.is_available() else "cpu")

    @cached_property
    def _limit(self) -> int:
        """Most tokens of a text: as asked, as the tokenizer says, and as positions are there."""
        positions = getattr(self._model.config, "max_position_embeddings", self.max_length)
        table = getattr(getattr(self._model, "embeddings", None), "position_embeddings", None)
        if (padding := getattr(table, "padding_idx", None)) is not None:
            positions -= padding + 1  # RoBERTa counts positions from behind the padding index
        return int(min(self.max_length, self._tokenizer.model_max_length, positions))

    def _loaded(self, load: Callable[[], Any]) -> Any:
        return loaded(self.folder, "a text encoder", load)


def mean_over_tokens(hidden: Any, attention_mask: Any) -> Any:
    """Mean over real tokens: hidden [batch, token, dim], attention_mask [batch, token] -> [batch, dim]."""
    weight = attention_mask.unsqueeze(-1).to(hidden.dtype)  # [batch, token, 1]
    return (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)
