"""Gated attention in one kernel (Triton): bias, dropout and weights stay in registers, none is written out."""

from __future__ import annotations

from typing import Any

import torch
import triton
from torch import Tensor
from torch.library import triton_op, wrap_triton

from msftk_plugins.acoustic.wavlm import tiles

TILE_HALF, TILE_FLOAT = 64, 32  # rows and columns of scores that fit the registers
LARGEST_SEED = 2**31 - 1


def positions(table: Tensor) -> Tensor:
    """[head, 2 n - 1] by distance: read as it is."""
    return table.float().contiguous()


def mask(n_frames: Tensor, n: int) -> Tensor:
    """n_frames [batch] -> the same, int32: what is padded stands at the end."""
    return n_frames.int()


def attend(
    query: Tensor, key: Tensor, value: Tensor, gate: Tensor, positions: Tensor, n_frames: Tensor, dropout: float
) -> Tensor:
    """query, key, value [batch, time, head, dim], gate [batch, time, head] -> [batch, time, head, dim]."""
    seed = torch.randint(LARGEST_SEED, (1,), device=query.device) if dropout else n_frames.new_zeros(1).long()
    parts = (part.contiguous() for part in (query, key, value, gate.float()))
    attended: Tensor = _attention(*parts, positions, n_frames, seed, dropout)[0]
    return attended


@triton_op("msftk::gated_attention", mutates_args={})
def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    gate: Tensor,
    table: Tensor,
    n_frames: Tensor,
    seed: Tensor,
    dropout: float,
) -> tuple[Tensor, Tensor]:
    """Beside the answer: log2 of each row's sum of exponentials, [batch, head, time] float32."""
    batch, time, head, _ = query.shape
    out = torch.empty_like(query)
    log_sums = torch.empty((batch, head, time), dtype=torch.float32, device=query.device)
    sizes = _sizes(query, dropout)
    grid = (triton.cdiv(time, sizes["TILE"]), batch * head)
    given = (query, key, value, gate, table, n_frames, seed)
    _launched(tiles.answer)[grid](*given, out, log_sums, time, **sizes)
    return out, log_sums


@triton_op("msftk::gated_attention_backward", mutates_args={})
def _backward(
    slope: Tensor,
    out: Tensor,
    log_sums: Tensor,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    gate: Tensor,
    table: Tensor,
    n_frames: Tensor,
    seed: Tensor,
    dropout: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Gradients of query, key, value, gate and table. Sums run in a fixed order: the same bits each time."""
    batch, time, head, _ = query.shape
    of_query, of_key, of_value, of_gate = (torch.empty_like(x) for x in (query, key, value, gate))
    sizes = _sizes(query, dropout)
    inner, n_tiles = torch.empty_like(log_sums), triton.cdiv(time, sizes["TILE"])
    by_tile = torch.zeros((batch, head, n_tiles, 2 * time - 1), dtype=torch.float32, device=query.device)
    grid = (n_tiles, batch * head)
    given = (query, key, value, gate, table, n_frames, seed)
    _launched(tiles.of_queries)[grid](*given, slope, out, log_sums, inner, of_query, of_gate, by_tile, time, **sizes)
    _launched(tiles.of_keys)[grid](*given, slope, log_sums, inner, of_key, of_value, time, **sizes)
    return of_query, of_key, of_value, of_gate, by_tile.sum((0, 2))


def _launched(kernel: Any) -> Any:
    """A kernel as torch.compile can see into it; Triton's interpreter has kernels of another class."""
    return wrap_triton(kernel) if isinstance(kernel, triton.JITFunction) else kernel


def _sizes(query: Tensor, dropout: float) -> dict[str, Any]:
    head, dim = query.shape[2:]
    tile = TILE_FLOAT if query.dtype == torch.float32 else TILE_HALF
    width = max(16, triton.next_power_of_2(dim))  # the least that tl.dot takes
    known = {"HEADS": head, "DIM": dim, "WIDTH": width, "TILE": tile, "DROP": dropout, "SCALE": dim**-0.5}
    return {**known, "num_warps": 4, "num_stages": 1}  # one stage: more tiles at a time are worth more than loads ahead


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    ctx.save_for_backward(*output, *inputs[:-1])
    ctx.dropout = inputs[-1]


def _slopes(ctx: Any, slope: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    return *_backward(slope.contiguous(), *ctx.saved_tensors, ctx.dropout), None, None, None


_attention.register_autograd(_slopes, setup_context=_keep)
