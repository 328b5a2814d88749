"""A text encoder as `msftk export` writes it: a graph and a tokenizer, without torch."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from msftk import interfaces
from msftk.errors import InputError
from msftk.extras import from_extra
from msftk.files import sha256_file
from msftk.interfaces import TokenVectors
from msftk.types import Float32

GRAPH, TOKENIZER = "encoder.onnx", "tokenizer.json"
INPUTS = ("input_ids", "attention_mask")


class OnnxText(interfaces.TextEncoder):
    """A frozen text encoder in a folder that `msftk export` wrote; onnxruntime runs it at the first text.

    It gives the vectors of the encoder that it was written from, to 1e-5. Threads may share it.
    """

    class Options(interfaces.Options):
        folder: interfaces.Place = Field("", description="encoder.onnx and tokenizer.json, as msftk export wrote them")
        sha256: str = Field("", description="of encoder.onnx: another file is refused")
        dim: int = Field(384, ge=1, description="size of the vectors")
        pooling: str = Field("mean", description="mean over real tokens, or cls, the first token")
        length_one: bool = Field(False, description="whether vectors are divided by their length")
        max_length: int = Field(512, ge=1, description="tokens kept of a text")

    def __init__(self, options: OnnxText.Options) -> None:
        self.options, self.dim, self.folder = options, options.dim, Path(options.folder)
        self._lock = threading.Lock()
        for name in (GRAPH, TOKENIZER):
            if not (self.folder / name).is_file():
                raise InputError(
                    f"{self.folder}: no {name}, which stands there beside an exported model. Copy the whole folder, or "
                    "export the run again."
                )

    def encode(self, texts: Sequence[str]) -> Float32:
        """[n, dim] float32."""
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        return np.stack([self._vector(one) for one in texts])

    def tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Those of real tokens; the marks that the model puts around a text have empty spans."""
        return [TokenVectors(*self._hidden(one)) for one in texts]

    def pooled(self, vectors: Float32) -> Float32:
        mean: Float32 = vectors.mean(0)
        return mean / max(float(np.linalg.norm(mean)), 1e-12) if self.options.length_one else mean

    def identity(self) -> Mapping[str, str]:
        return {"model": f"sha256:{self.options.sha256}", "folder": "", "sha256": ""}

    def _vector(self, text: str) -> Float32:
        hidden, _ = self._hidden(text)
        return self.pooled(hidden[:1] if self.options.pooling == "cls" else hidden)

    def _hidden(self, text: str) -> tuple[Float32, Any]:
        """[token, dim] of one text, and where each stands in it; alone, so that nothing is padded."""
        with self._lock:
            tokens = self._tokenizer.encode(text)
        if not tokens.ids:  # of a tokenizer that puts no marks around a text
            return np.zeros((1, self.dim), np.float32), np.zeros((1, 2), np.int32)
        feed = {INPUTS[0]: np.array([tokens.ids]), INPUTS[1]: np.ones((1, len(tokens.ids)), np.int64)}
        (hidden,) = self._session.run(None, feed)
        return hidden[0], np.array(tokens.offsets, np.int32).reshape(-1, 2)

    @cached_property
    def _tokenizer(self) -> Any:
        with from_extra("onnx", "text encoder 'onnx'"):
            from tokenizers import Tokenizer
        tokenizer = Tokenizer.from_file(str(self.folder / TOKENIZER))
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.options.max_length)
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        with from_extra("onnx", "text encoder 'onnx'"):
            import onnxruntime
        if sha256_file(self.folder / GRAPH) != self.options.sha256:
            raise InputError(f"{self.folder / GRAPH}: belongs to another export (the sha256 differs). Export again.")
        return onnxruntime.InferenceSession(self.folder / GRAPH, providers=["CPUExecutionProvider"])
