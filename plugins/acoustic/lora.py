"""Low-rank adapters (Hu et al. 2022) on a frozen encoder, by peft: one for all, or one for each value of a column."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from msftk.errors import InputError
from msftk.extras import from_extra
from msftk.interfaces import EncoderPlan
from msftk_plugins.acoustic.adapted import AdaptedEncoder

EVERYBODY = "all"  # stands for every value where no column is read


class LoraEncoder(AdaptedEncoder):
    """A frozen encoder, with weight + scale * B A in place of the weight of each chosen projection.

    With a `column`, adapters learn one a value; an utterance of a value that training did not meet, or of none, is
    heard by the pretrained model as it is.

    Args:
        settings: what peft's LoraConfig takes: r, lora_alpha, lora_dropout.
        projections: names of the linear layers within a block that get an adapter.
    """

    def __init__(
        self,
        plan: EncoderPlan,
        config: str | None,
        settings: dict[str, Any],
        projections: Sequence[str],
        column: str = "",
    ) -> None:
        super().__init__(plan, config)
        self.settings, self.column = settings, column
        self.names = self._chosen(plan, projections)
        self.values: list[str] = []
        self.met: set[str] = set()
        self.learn_only(())
        if not column or self.trained:
            self._make(self.trained.get("values", [EVERYBODY]))

    def fit_values(self, values: Iterable[str | None]) -> None:
        """An adapter for each value that there is."""
        found = sorted({value for value in values if value is not None})
        if not found:
            raise InputError(
                f"the manifest's column '{self.column}' is empty in the training part, and adaptation.by asks for it. "
                "Fill it, or leave adaptation.by out: one adapter for all."
            )
        self._make(found)

    def forward(self, inputs: Tensor, lengths: Tensor, values: Sequence[str | None] = ()) -> tuple[Tensor, Tensor]:
        """inputs [batch, n, ...], lengths [batch], values of the column -> frames [batch, time, dim], valid."""
        of_row = [value if value in self.values else None for value in values] or [EVERYBODY] * len(inputs)
        rows_of = {value: [k for k, own in enumerate(of_row) if own == value] for value in dict.fromkeys(of_row)}
        self.met |= {value for value in rows_of if value is not None and self.training}
        heard: dict[int, tuple[Tensor, Tensor]] = {}
        for value, rows in rows_of.items():
            with self.adapted_to(value):
                frames, valid = self.encoder(*self._part(inputs, lengths, rows))
            if len(rows) == len(inputs):
                return frames, valid
            heard |= {row: (frames[k], valid[k]) for k, row in enumerate(rows)}
        in_order = [heard[row] for row in range(len(inputs))]
        return (
            pad_sequence([frames for frames, _ in in_order], batch_first=True),
            pad_sequence([valid for _, valid in in_order], batch_first=True),
        )

    @contextmanager
    def adapted_to(self, value: str | None) -> Iterator[None]:
        """Inside, the adapter of that value is heard; of None, the pretrained model as it is."""
        for layer in self._layers(self.encoder):
            layer.enable_adapters(value is not None)
            if value is not None:
                layer.set_adapter([self._adapter(value)])
        self._learn_all()  # peft lets only those learn that are heard
        try:
            yield
        finally:
            for layer in self._layers(self.encoder):
                layer.enable_adapters(True)
            self._learn_all()

    def merged(self, value: str | None = None) -> Any:
        """The encoder of `plan` with the adapter in its weights: no peft is needed to run it."""
        value = value if self.column else EVERYBODY
        if value not in self.values:
            raise InputError(
                f"adapters learned by {self.column}, and --value is {value or 'not given'}. "
                f"Choose one of {', '.join(self.values)}."
            )
        encoder = deepcopy(self.encoder)
        for name in self.names:
            layer = encoder.get_submodule(name)
            layer.merge(adapter_names=[self._adapter(value)])
            parent, _, last = name.rpartition(".")
            setattr(encoder.get_submodule(parent), last, layer.get_base_layer())
        return encoder

    def in_graph(self, value: str | None = None) -> Any:
        return self.merged(value).in_graph(None if self.column else value)

    def write_model(self, folder: Path, value: str | None = None) -> None:
        self.merged(value).write_model(folder, None if self.column else value)

    def config_json(self) -> str:
        return json.dumps({"identity": self.source, "values": self.values}, sort_keys=True)

    def must_learn(self) -> Iterable[str]:
        """The adapters; of a column's values that were met, the factor that learns in the first step they are met."""
        own, factor = {self._adapter(value) for value in self.met}, "lora_B" if self.column else "lora_"
        return [name for name, _ in self.named_parameters() if factor in name and name.split(".")[-2] in own]

    def _make(self, values: Sequence[str]) -> None:
        with from_extra("lora", "adaptation 'lora'"):
            from peft import LoraConfig, inject_adapter_in_model
        self.values = list(values)
        weights = {name for name, own in self.encoder.named_parameters() if own.requires_grad}
        for value in values:
            chosen = LoraConfig(**self.settings, target_modules=list(self.names), bias="none")
            inject_adapter_in_model(chosen, self.encoder, self._adapter(value))
            del self.encoder.peft_config  # peft's note of it, which it would warn of at the next value
        for name, own in self.encoder.named_parameters():
            own.requires_grad_(name in weights or "lora_" in name)

    def _adapter(self, value: str) -> str:
        """A name that a module may have."""
        return f"adapter{self.values.index(value)}"

    def _learn_all(self) -> None:
        for layer in self._layers(self.encoder):
            for own in (*layer.lora_A.parameters(), *layer.lora_B.parameters()):
                own.requires_grad_(True)

    def _layers(self, encoder: Any) -> list[Any]:
        return [encoder.get_submodule(name) for name in self.names]

    def _chosen(self, plan: EncoderPlan, projections: Sequence[str]) -> tuple[str, ...]:
        """Their full names in the encoder."""
        within = {id(part) for block in self.encoder.blocks for part in block.modules()}
        found = tuple(
            name
            for name, part in self.encoder.named_modules()
            if id(part) in within and isinstance(part, nn.Linear) and name.rpartition(".")[2] in projections
        )
        if not found:
            linear = {n.rpartition(".")[2] for n, part in self.encoder.named_modules() if isinstance(part, nn.Linear)}
            raise InputError(
                f"acoustic encoder '{plan.kind.__name__}' has no layers {', '.join(projections)} that adapters could "
                f"be put on. It has: {', '.join(sorted(linear))}. Take another encoder, or adaptation.name=last-k."
            )
        return found

    def _part(self, inputs: Tensor, lengths: Tensor, rows: list[int]) -> tuple[Tensor, Tensor]:
        """These rows, no longer than their longest: an adapter's frames do not depend on what stands beside."""
        if len(rows) == len(inputs):
            return inputs, lengths
        place = torch.tensor(rows, device=inputs.device)
        own = lengths[place]
        return inputs[place][:, : int(own.max())], own
