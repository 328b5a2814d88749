"""Writes a transformers text encoder as a graph and a tokenizer, which text encoder `onnx` reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from msftk.files import sha256_file
from msftk.models.to_onnx import to_onnx
from msftk_plugins.text.onnx import GRAPH, INPUTS, TOKENIZER

EXAMPLE = ["one text of some words", "another"]


class Hidden(nn.Module):
    """Token ids -> hidden states of one layer."""

    def __init__(self, model: Any, layer: int) -> None:
        super().__init__()
        self.model, self.layer = model, layer

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """[batch, token] both -> [batch, token, dim] float32."""
        told = {"input_ids": input_ids, "attention_mask": attention_mask}
        states = self.model(**told, output_hidden_states=self.layer != -1)
        hidden: Tensor = states.last_hidden_state if self.layer == -1 else states.hidden_states[self.layer]
        return hidden.float()


def write_encoder(model: Any, tokenizer: Any, layer: int, folder: Path) -> str:
    """Writes both files into `folder`, which is there, and returns the graph's sha256."""
    tokens = tokenizer(EXAMPLE, padding=True, return_tensors="pt")
    free = {0: "batch", 1: "token"}
    to_onnx(
        Hidden(model.to(device="cpu", dtype=torch.float32), layer),
        folder / GRAPH,
        {name: tokens[name] for name in INPUTS},
        dict.fromkeys(INPUTS, free),
        INPUTS,
        ["hidden"],
    )
    tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
    sha256: str = sha256_file(folder / GRAPH)
    return sha256
