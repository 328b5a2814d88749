"""Equations 3-7 of the paper, attentive statistics and the head, a second time: plain NumPy, one utterance, float64.

Weights are handed in by the names that the PyTorch modules give them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Weights = Mapping[str, np.ndarray]


def linear(x: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    bias = weights.get(f"{name}.bias", 0.0)
    return np.array([np.sum(row * x) for row in weights[f"{name}.weight"]]) + bias


def layer_norm(x: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    return standardised(x) * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def standardised(x: np.ndarray) -> np.ndarray:
    """Mean 0, variance 1: how every source's vector enters the network."""
    return (x - x.mean()) / np.sqrt(x.var() + 1e-5)


def relu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, 0.0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def softmax(x: np.ndarray) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum(axis=0)


def attentive_statistics(frames: np.ndarray, weights: Weights) -> np.ndarray:
    """frames [time, dim], none of them padding -> [2 dim]."""
    scores = np.array([linear(np.tanh(linear(h, weights, "hidden")), weights, "score")[0] for h in frames])
    w = softmax(scores)[:, None]
    mean = (w * frames).sum(axis=0)
    variance = (w * (frames - mean) ** 2).sum(axis=0)
    return np.concatenate([mean, np.sqrt(np.maximum(variance, 1e-5))])


def gated(h_local: np.ndarray, h_global: np.ndarray, weights: Weights, name: str = "gate") -> np.ndarray:
    """Eqs. 3-4."""
    g = sigmoid(linear(np.concatenate([h_local, h_global]), weights, name))
    return g * h_local + (1 - g) * h_global


def gated_many(vectors: np.ndarray, weights: Weights) -> np.ndarray:
    """Our form of Eqs. 3-4 for vectors [n, dim], n > 2: a softmax over sources for each dimension."""
    logits = linear(vectors.reshape(-1), weights, "gate").reshape(len(vectors), -1)
    return (softmax(logits) * vectors).sum(axis=0)


def attended(vectors: np.ndarray, weights: Weights) -> np.ndarray:
    """Intra-modal attention: the vectors [n, dim] weighted by softmax(v . tanh(W h + b))."""
    scores = np.array([linear(np.tanh(linear(h, weights, "hidden")), weights, "score")[0] for h in vectors])
    return sum(w * h for w, h in zip(softmax(scores), vectors, strict=True))


def gated_groups(transcript: np.ndarray | None, extended: np.ndarray | None, weights: Weights) -> np.ndarray:
    """Two groups under one gate, the narrower "extended" projected first; one alone passes through normed."""
    h_text = None if transcript is None else layer_norm(transcript, weights, "norms.transcript")
    if extended is None:
        return h_text
    h_extended = linear(layer_norm(extended, weights, "norms.extended"), weights, "projections.extended")
    return h_extended if h_text is None else gated(h_text, h_extended, weights, "gate.gate")


def film(h_audio: np.ndarray, h_sem: np.ndarray, weights: Weights, name: str = "") -> np.ndarray:
    """Eqs. 5-6; the scale is 1 + the MLP's output."""
    answer = linear(relu(linear(h_sem, weights, f"{name}mlp.0")), weights, f"{name}mlp.3")
    offset, shift = np.split(answer, 2)
    return (1 + offset) * h_audio + shift


def heard_by_meaning(frames: np.ndarray, h_sem: np.ndarray, weights: Weights, heads: int) -> np.ndarray:
    """Cross-attention: h_sem (joined) asks frames [time, dim]; what each head hears, projected together."""
    queries = np.split(linear(h_sem, weights, "query"), heads)
    keys = [np.split(linear(h, weights, "key"), heads) for h in frames]
    values = [np.split(linear(h, weights, "value"), heads) for h in frames]
    heard = []
    for head in range(heads):
        scores = np.array([key[head] @ queries[head] for key in keys]) / np.sqrt(len(queries[head]))
        heard.append(sum(w * value[head] for w, value in zip(softmax(scores), values, strict=True)))
    return linear(np.concatenate(heard), weights, "out")


def frames_told_meaning(frames: np.ndarray, h_sem: np.ndarray, weights: Weights, heads: int) -> np.ndarray:
    """Cross-attention: each frame of [time, dim] asks h_sem (joined), against a key of score 0 that holds nothing."""
    keys, values = (np.split(linear(h_sem, weights, name), heads) for name in ("key", "value"))
    told = []
    for h in frames:
        found = []
        for query, key, value in zip(np.split(linear(h, weights, "query"), heads), keys, values, strict=True):
            share, _ = softmax(np.array([query @ key / np.sqrt(len(key)), 0.0]))
            found.append(share * value)
        told.append(h + linear(np.concatenate(found), weights, "out"))
    return np.array(told)


def fm_moe(
    h_audio: np.ndarray, groups: Mapping[str, np.ndarray | None], weights: Weights, *, cumulative: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Experts [expert, dim] and routing [attribute, expert]; a group that is absent is None and gets no weight.

    `cumulative`: expert C reads h_sem beside ES, zeros where it is absent. With a router among the weights, routing
    moves with the utterance.
    """
    inputs = [h_audio]
    for place, (name, h_sem) in enumerate(groups.items()):
        if h_sem is None:
            inputs.append(h_audio)
            continue
        read = ("transcript", "extended") if cumulative and name == "extended" else (name,)
        condition = joined({one: groups[one] for one in read}, weights, f"joins.{place}.")
        inputs.append(film(h_audio, condition, weights, f"films.{place}."))
    experts = [relu(linear(x, weights, f"experts.{place}.0")) for place, x in enumerate(inputs)]
    here = np.array([True, *(h_sem is not None for h_sem in groups.values())])
    logits = weights["routing_logits"]
    if "router.weight" in weights:
        read_by_router = np.concatenate([h_audio, joined(groups, weights, "router_join.")])
        logits = logits + linear(read_by_router, weights, "router").reshape(logits.shape)
    routing = [np.where(here, np.exp(pi), 0) / np.exp(pi)[here].sum() for pi in logits]
    return np.array(experts), np.array(routing)


def joined(groups: Mapping[str, np.ndarray | None], weights: Weights, name: str = "") -> np.ndarray:
    """Groups side by side, each normed; zeros where one is absent."""
    parts = []
    for group, h in groups.items():
        norm = f"{name}norms.{group}"
        parts.append(np.zeros(len(weights[f"{norm}.bias"])) if h is None else layer_norm(h, weights, norm))
    return np.concatenate(parts)


def head(expert: np.ndarray, weights: Weights, attribute: str) -> float:
    name = f"regressions.{attribute}."
    hidden = relu(layer_norm(linear(expert, weights, f"{name}0"), weights, f"{name}1"))
    return float(linear(hidden, weights, f"{name}4")[0])


def mixture(values: np.ndarray, routing: np.ndarray) -> list[float]:
    """Eq. 7: values [expert, attribute], routing [attribute, expert] -> one value an attribute."""
    n_experts, n_attributes = values.shape
    return [sum(routing[d, k] * values[k, d] for k in range(n_experts)) for d in range(n_attributes)]
