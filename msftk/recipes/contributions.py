"""What the parts of a model add to one prediction, and what it would be without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from msftk.evaluation.predictions import Predictions
from msftk.recipes.predict_result import values_of
from msftk.types import ATTRIBUTES

Values = dict[str, float]  # attribute -> on the rating scale


def parts_of(predictions: Predictions) -> dict[str, Values]:
    """Attribute -> expert -> its part (Eq. 7); nothing of a head that reads the experts' mix."""
    found = {
        attribute: dict(zip(predictions.expert_names, predictions.contributions[0, :, a].tolist(), strict=True))
        for a, attribute in enumerate(ATTRIBUTES)
        if attribute in predictions.attributes
    }
    return {a: own for a, own in found.items() if np.isfinite(list(own.values())).all()}


def gates_of(predictions: Predictions, members: Mapping[str, tuple[str, ...]]) -> dict[str, dict[str, float]]:
    """Group -> source -> its weight (Eq. 4), of groups that have a gate; 0 for an absent source."""
    told = {source: float(np.nan_to_num(shares[0])) for source, shares in predictions.gates.items()}
    found = {group: {source: told[source] for source in own if source in told} for group, own in members.items()}
    return {group: own for group, own in found.items() if own}


def without_each(predictions: Predictions, sources: Sequence[str], present: Sequence[str]) -> dict[str, Values]:
    """Source that is present -> the prediction where it is taken away."""
    found: dict[str, Values] = {}
    for source in present:
        name = ",".join(other for other in sources if other != source) or "none"
        if name in predictions.by_sources:
            (found[source],) = values_of(replace(predictions, values=predictions.by_sources[name]))
    return found
