"""Triton kernels of gated attention: an answer a tile of queries, and the gradients, tile by tile, without atomics.

After FlashAttention-2 (Dao 2023). Tensors are contiguous: query, key, value [batch, time, head, dim], gate [batch,
time, head], table [head, 2 time - 1]; log_sums and inner [batch, head, time]. Scores are powers of two, for exp2.
"""

import triton
import triton.language as tl

LOG2_E = tl.constexpr(1.4426950408889634)


@triton.jit
def _mixed(x):
    """A 32-bit integer -> one that looks random (Wellons' lowbias32)."""
    x = (x ^ (x >> 16)) * 0x7FEB352D
    x = (x ^ (x >> 15)) * 0x846CA68B
    return x ^ (x >> 16)


@triton.jit
def _row_seeds(seed, pair, rows, time):
    """A random number for each row of each head, from which those of its weights are made."""
    place = (pair * time + rows).to(tl.uint32)
    return _mixed(place ^ tl.load(seed).to(tl.uint32))


@triton.jit
def _kept(row_seeds, cols, DROP: tl.constexpr):
    """Which weights dropout keeps; the same in every kernel, whatever the tile."""
    drawn = _mixed(row_seeds + cols.to(tl.uint32) * 0x9E3779B9)
    return (drawn >> 8).to(tl.float32) >= DROP * 16777216.0  # 24 bits are what float32 holds


@triton.jit
def answer(
    query, key, value, gate, table, n_frames, seed, out, log_sums, time,
    HEADS: tl.constexpr, DIM: tl.constexpr, WIDTH: tl.constexpr, TILE: tl.constexpr,
    DROP: tl.constexpr, SCALE: tl.constexpr,
):  # fmt: skip
    pair = tl.program_id(1)  # of utterance and head
    utterance, head = pair // HEADS, pair % HEADS
    rows = tl.program_id(0) * TILE + tl.arange(0, TILE)
    dims = tl.arange(0, WIDTH)
    first = (utterance.to(tl.int64) * time * HEADS + head) * DIM
    at_rows = first + rows[:, None] * (HEADS * DIM) + dims[None, :]
    here = (rows[:, None] < time) & (dims[None, :] < DIM)
    q = tl.load(query + at_rows, mask=here, other=0.0)
    gates = tl.load(gate + (utterance * time + rows) * HEADS + head, mask=rows < time, other=0.0) * LOG2_E
    seeds = _row_seeds(seed, pair, rows, time)
    n = tl.load(n_frames + utterance)
    highest = tl.full([TILE], float("-inf"), tl.float32)
    total = tl.zeros([TILE], tl.float32)
    mixed = tl.zeros([TILE, WIDTH], tl.float32)
    for start in range(0, n, TILE):
        cols = start + tl.arange(0, TILE)
        at_cols = first + cols[:, None] * (HEADS * DIM) + dims[None, :]
        heard = (cols[:, None] < n) & (dims[None, :] < DIM)
        k = tl.load(key + at_cols, mask=heard, other=0.0)
        v = tl.load(value + at_cols, mask=heard, other=0.0)
        both = (rows[:, None] < time) & (cols[None, :] < n)
        bias = tl.load(table + head * (2 * time - 1) + cols[None, :] - rows[:, None] + time - 1, mask=both, other=0.0)
        scores = tl.dot(q, tl.trans(k), input_precision="ieee") * (SCALE * LOG2_E) + gates[:, None] * bias
        scores = tl.where(cols[None, :] < n, scores, float("-inf"))
        higher = tl.maximum(highest, tl.max(scores, 1))
        fade = tl.exp2(highest - higher)
        weights = tl.exp2(scores - higher[:, None])
        total = total * fade + tl.sum(weights, 1)
        if DROP > 0.0:
            weights = tl.where(_kept(seeds[:, None], cols[None, :], DROP), weights, 0.0)
        mixed = mixed * fade[:, None] + tl.dot(weights.to(v.dtype), v, input_precision="ieee")
        highest = higher
    mixed = mixed / (total * (1.0 - DROP))[:, None]
    tl.store(out + at_rows, mixed.to(q.dtype), mask=here)
    tl.store(log_sums + pair * time + rows, highest + tl.log2(total), mask=rows < time)


@triton.jit
def of_queries(
    query, key, value, gate, table, n_frames, seed, slope, out, log_sums, inner, of_query, of_gate, by_tile, time,
    HEADS: tl.constexpr, DIM: tl.constexpr, WIDTH: tl.constexpr, TILE: tl.constexpr,
    DROP: tl.constexpr, SCALE: tl.constexpr,
):  # fmt: skip
    """Gradients of a tile of queries, of their gates, and what they add to the table's; also each row's slope . out."""
    pair = tl.program_id(1)
    utterance, head = pair // HEADS, pair % HEADS
    local = tl.arange(0, TILE)
    top = tl.program_id(0) * TILE
    rows = top + local
    dims = tl.arange(0, WIDTH)
    first = (utterance.to(tl.int64) * time * HEADS + head) * DIM
    at_rows = first + rows[:, None] * (HEADS * DIM) + dims[None, :]
    here = (rows[:, None] < time) & (dims[None, :] < DIM)
    q = tl.load(query + at_rows, mask=here, other=0.0)
    g = tl.load(slope + at_rows, mask=here, other=0.0)
    answer = tl.load(out + at_rows, mask=here, other=0.0)
    inners = tl.sum(g.to(tl.float32) * answer.to(tl.float32), 1)
    tl.store(inner + pair * time + rows, inners, mask=rows < time)
    at_gates = (utterance * time + rows) * HEADS + head
    gates = tl.load(gate + at_gates, mask=rows < time, other=0.0)
    sums = tl.load(log_sums + pair * time + rows, mask=rows < time, other=0.0)
    seeds = _row_seeds(seed, pair, rows, time)
    n = tl.load(n_frames + utterance)
    dq = tl.zeros([TILE, WIDTH], tl.float32)
    dgate = tl.zeros([TILE], tl.float32)
    diagonals = by_tile + (pair.to(tl.int64) * tl.num_programs(0) + tl.program_id(0)) * (2 * time - 1)
    turned = (local[:, None] + local[None, :]) % TILE  # row i shifted by i: diagonals become columns
    above = local[:, None] + local[None, :] < TILE
    carried = tl.zeros([TILE], tl.float32)
    places = local + time - 1 - top - TILE  # of the diagonals that end left of the first tile
    for start in range(0, n, TILE):
        cols = start + local
        at_cols = first + cols[:, None] * (HEADS * DIM) + dims[None, :]
        heard = (cols[:, None] < n) & (dims[None, :] < DIM)
        k = tl.load(key + at_cols, mask=heard, other=0.0)
        v = tl.load(value + at_cols, mask=heard, other=0.0)
        both = (rows[:, None] < time) & (cols[None, :] < n)
        bias = tl.load(table + head * (2 * time - 1) + cols[None, :] - rows[:, None] + time - 1, mask=both, other=0.0)
        scores = tl.dot(q, tl.trans(k), input_precision="ieee") * (SCALE * LOG2_E) + (gates * LOG2_E)[:, None] * bias
        weights = tl.where(both, tl.exp2(scores - sums[:, None]), 0.0)
        of_weights = tl.dot(g, tl.trans(v), input_precision="ieee")
        if DROP > 0.0:
            of_weights = tl.where(_kept(seeds[:, None], cols[None, :], DROP), of_weights / (1.0 - DROP), 0.0)
        of_scores = weights * (of_weights - inners[:, None])
        dgate += tl.sum(of_scores * bias, 1)
        dq += tl.dot(of_scores.to(k.dtype), k, input_precision="ieee")
        columns = tl.gather(of_scores * gates[:, None], turned, 1)
        left = carried + tl.sum(tl.where(above, 0.0, columns), 0)
        reach = places + start
        tl.store(diagonals + reach, left, mask=(reach >= 0) & (reach < 2 * time - 1))
        carried = tl.sum(tl.where(above, columns, 0.0), 0)
    reach = places + tl.cdiv(n, TILE) * TILE
    tl.store(diagonals + reach, carried, mask=(reach >= 0) & (reach < 2 * time - 1))
    tl.store(of_query + at_rows, (dq * SCALE).to(q.dtype), mask=here)
    tl.store(of_gate + at_gates, dgate, mask=rows < time)


@triton.jit
def of_keys(
    query, key, value, gate, table, n_frames, seed, slope, log_sums, inner, of_key, of_value, time,
    HEADS: tl.constexpr, DIM: tl.constexpr, WIDTH: tl.constexpr, TILE: tl.constexpr,
    DROP: tl.constexpr, SCALE: tl.constexpr,
):  # fmt: skip
    """Gradients of a tile of keys and values; here rows are keys and columns queries."""
    pair = tl.program_id(1)
    utterance, head = pair // HEADS, pair % HEADS
    cols = tl.program_id(0) * TILE + tl.arange(0, TILE)
    dims = tl.arange(0, WIDTH)
    first = (utterance.to(tl.int64) * time * HEADS + head) * DIM
    at_cols = first + cols[:, None] * (HEADS * DIM) + dims[None, :]
    n = tl.load(n_frames + utterance)
    heard = (cols[:, None] < n) & (dims[None, :] < DIM)
    k = tl.load(key + at_cols, mask=heard, other=0.0)
    v = tl.load(value + at_cols, mask=heard, other=0.0)
    dk = tl.zeros([TILE, WIDTH], tl.float32)
    dv = tl.zeros([TILE, WIDTH], tl.float32)
    for start in range(0, tl.where(tl.program_id(0) * TILE < n, time, 0), TILE):
        rows = start + tl.arange(0, TILE)
        at_rows = first + rows[:, None] * (HEADS * DIM) + dims[None, :]
        here = (rows[:, None] < time) & (dims[None, :] < DIM)
        q = tl.load(query + at_rows, mask=here, other=0.0)
        g = tl.load(slope + at_rows, mask=here, other=0.0)
        gates = tl.load(gate + (utterance * time + rows) * HEADS + head, mask=rows < time, other=0.0) * LOG2_E
        sums = tl.load(log_sums + pair * time + rows, mask=rows < time, other=0.0)
        inners = tl.load(inner + pair * time + rows, mask=rows < time, other=0.0)
        both = (rows[None, :] < time) & (cols[:, None] < n)
        bias = tl.load(table + head * (2 * time - 1) + cols[:, None] - rows[None, :] + time - 1, mask=both, other=0.0)
        scores = tl.dot(k, tl.trans(q), input_precision="ieee") * (SCALE * LOG2_E) + gates[None, :] * bias
        weights = tl.where(both, tl.exp2(scores - sums[None, :]), 0.0)
        of_weights = tl.dot(v, tl.trans(g), input_precision="ieee")
        heeded = weights
        if DROP > 0.0:
            kept = _kept(_row_seeds(seed, pair, rows, time)[None, :], cols[:, None], DROP)
            heeded = tl.where(kept, weights / (1.0 - DROP), 0.0)
            of_weights = tl.where(kept, of_weights / (1.0 - DROP), 0.0)
        dv += tl.dot(heeded.to(g.dtype), g, input_precision="ieee")
        of_scores = weights * (of_weights - inners[None, :])
        dk += tl.dot(of_scores.to(q.dtype), q, input_precision="ieee")
    here = (cols[:, None] < time) & (dims[None, :] < DIM)
    tl.store(of_key + at_cols, (dk * SCALE).to(k.dtype), mask=here)
    tl.store(of_value + at_cols, dv.to(v.dtype), mask=here)
