"""What the network reads of several utterances at once: padded acoustic input, and each source's vector if present."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from msftk.types import Float32


@dataclass(frozen=True)
class Batch:
    """Utterances side by side.

    `inputs` [batch, n, ...] as the acoustic encoder's `prepare` made them, zero after `lengths` [batch] int64;
    `vectors` source -> [batch, dim] float32; `present` source -> [batch] bool; `values`: of the manifest column that
    the encoder reads, where it reads one. Where a source is absent its vector is never read.
    """

    inputs: Tensor
    lengths: Tensor
    vectors: Mapping[str, Tensor]
    present: Mapping[str, Tensor]
    ids: tuple[str, ...]
    values: tuple[str | None, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def to(self, device: torch.device | str) -> Batch:
        """On `device`; nothing waits for the copy where the batch is `pinned`."""
        if self.inputs.device == torch.device(device):
            return self  # asking every tensor would let a thread that reads ahead in between, each time
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pinned(self) -> Batch:
        """In memory that a GPU copies from by itself."""
        return self._each(Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        return replace(
            self,
            inputs=change(self.inputs),
            lengths=change(self.lengths),
            vectors={source: change(vector) for source, vector in self.vectors.items()},
            present={source: change(present) for source, present in self.present.items()},
        )

    def with_only(self, sources: Collection[str]) -> Batch:
        """The same utterances with every other source absent."""
        present = {
            source: here if source in sources else torch.zeros_like(here) for source, here in self.present.items()
        }
        return replace(self, present=present)


def make_batch(
    ids: Sequence[str],
    prepared: Sequence[Tensor],
    vectors: Mapping[str, Sequence[Float32 | None]],
    source_dims: Mapping[str, int],
    values: Sequence[str | None] = (),
) -> Batch:
    """Pads utterances and stacks their vectors; the same for training, evaluation and prediction.

    Args:
        ids: n utterances.
        prepared: n acoustic inputs, each [n_i, ...].
        vectors: source -> n vectors [dim], None where the utterance does not have that source.
        source_dims: source -> dim, for every source that the network was built with.
        values: of the manifest column that the acoustic encoder reads, one an utterance.
    """
    stacked, present = {}, {}
    for source, dim in source_dims.items():
        rows = vectors[source]
        filled = [np.zeros(dim, np.float32) if row is None else row for row in rows]
        stacked[source] = torch.from_numpy(np.stack(filled).astype(np.float32, copy=False))
        present[source] = torch.tensor([row is not None for row in rows], dtype=torch.bool)
    lengths = [one.shape[0] for one in prepared]
    return Batch(
        inputs=_padded(prepared, lengths),
        lengths=torch.tensor(lengths, dtype=torch.int64),
        vectors=stacked,
        present=present,
        ids=tuple(ids),
        values=tuple(values),
    )


def _padded(prepared: Sequence[Tensor], lengths: Sequence[int]) -> Tensor:
    """Side by side, zero after each one's end; those of one length take a third of the time."""
    return torch.stack(tuple(prepared)) if len(set(lengths)) == 1 else pad_sequence(list(prepared), batch_first=True)
