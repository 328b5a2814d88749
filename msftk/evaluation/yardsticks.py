"""What a CCC is measured by: how one person does against the others, how a peer does, and how far between them."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence

import numpy as np

from msftk.counting import counted
from msftk.errors import InputError
from msftk.evaluation.attributes import Numbers, ccc_by_attribute
from msftk.evaluation.ccc import ccc
from msftk.evaluation.predictions import Predictions
from msftk.types import ATTRIBUTES, Float64, Utterance

MIN_RATED = 10  # utterances a person must share with others before their CCC counts; fewer is mostly chance


def yardsticks(
    own: Numbers, truth: Float64, utterances: Sequence[Utterance], peer: Predictions | None = None
) -> dict[str, Numbers]:
    """ "person": CCC of one person, by attribute; with a peer also "peer", its CCC, and "way": (own - peer) / (person -
    peer), the share of the way from the peer to a person that `own` CCC has come.

    Args:
        truth: [n, attribute] ratings of `utterances`, on the scale of `peer`.
    Returns:
        NaN for a person where nobody's ratings are known, and for the way where a person does no better than the peer.
    Raises:
        InputError: the peer says nothing of some of `utterances`.

    >>> list(yardsticks({}, np.empty((0, 3)), []))
    ['person']
    """
    people = person(utterances)
    if peer is None:
        return {"person": people}
    its = peer.of([one.id for one in utterances])
    if lacking := [one.id for one in utterances if one.id not in set(its.ids)]:
        raise InputError(
            f"the peer has no prediction of {counted(len(lacking), 'utterance')} that is scored, first {lacking[0]}. "
            "Only on the same utterances can the two be compared: give it all of them."
        )
    of_peer = ccc_by_attribute(its.values, truth)
    far = {a: people[a] - of_peer[a] for a in ATTRIBUTES}
    way = {a: (own[a] - of_peer[a]) / far[a] if far[a] > 0 else math.nan for a in ATTRIBUTES}
    return {"person": people, "peer": {a: of_peer[a] for a in ATTRIBUTES}, "way": way}


def person(utterances: Sequence[Utterance]) -> dict[str, float]:
    """How well one person does: CCC of a rater against the mean of the others on the same utterances, mean over raters.

    A rater counts who shares at least 10 utterances with others. Not an upper limit: a mean of many is steadier than
    one person, and a system fitted to it can pass this figure.

    Returns:
        attribute -> CCC, NaN where no rater counts.

    >>> from msftk.types import RaterRating
    >>> rated = [
    ...     Utterance(str(i), None, rater_ratings=tuple(RaterRating(name, {"valence": i}) for name in ("ann", "bob")))
    ...     for i in range(MIN_RATED)
    ... ]
    >>> person(rated)
    {'valence': 1.0, 'arousal': nan, 'dominance': nan}
    """
    pairs = {attribute: _Pairs() for attribute in ATTRIBUTES}
    for utterance in utterances:
        everyone = tuple(utterance.rater_ratings or ())
        for attribute, found in pairs.items():
            found.add({r.rater: r.ratings[attribute] for r in everyone if attribute in r.ratings})
    return {attribute: found.mean_ccc() for attribute, found in pairs.items()}


class _Pairs:
    """Rater -> each of their ratings, and the mean of the others' on the same utterance."""

    def __init__(self) -> None:
        self.own: dict[str, array[float]] = {}
        self.others: dict[str, array[float]] = {}

    def add(self, given: Mapping[str, float]) -> None:
        """The ratings of one utterance, by rater."""
        total = sum(given.values())
        for rater, value in given.items() if len(given) > 1 else ():
            self.own.setdefault(rater, array("d")).append(value)
            self.others.setdefault(rater, array("d")).append((total - value) / (len(given) - 1))

    def mean_ccc(self) -> float:
        values = [
            ccc(self.own[rater], self.others[rater]) for rater in sorted(self.own) if len(self.own[rater]) >= MIN_RATED
        ]
        defined = [value for value in values if not np.isnan(value)]
        return float(np.mean(defined)) if defined else float("nan")
