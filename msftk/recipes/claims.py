"""What a comparison lets one say, and what not, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msftk.counting import counted
from msftk.evaluation.comparison import Comparison, Difference
from msftk.recipes.wording import FEW_CLUSTERS, fixed, interval, p_text

ALPHA = 0.05


def claims(comparison: Comparison, family: str) -> list[str]:
    """A sentence for each difference of that family."""
    return [_of(one, comparison.attributes) for one in comparison.differences if one.family == family]


def _of(difference: Difference, attributes: Sequence[str]) -> str:
    """In which attributes one system is better or worse than the other beyond chance, and of which nothing is known."""
    sure = {a: difference.holm[a] < ALPHA for a in attributes}  # an undefined p is not
    parts = []
    for verb, sign in (("scores higher than", 1), ("scores lower than", -1)):
        own = [_amount(difference, a) for a in attributes if sure[a] and sign * difference.by[a].value > 0]
        if own:
            parts.append(f"{difference.system} {verb} {difference.other} in {', '.join(own)}")
    if unknown := [f"{a} {_reach(difference, a)}".rstrip() for a in attributes if not sure[a]]:
        pair = f"No difference between {difference.system} and {difference.other}"
        parts.append(f"{'no difference' if parts else pair} can be claimed in {', '.join(unknown)}")
    return "; ".join(parts) + "."


def _amount(difference: Difference, attribute: str) -> str:
    size = fixed(abs(difference.by[attribute].value), 3)
    return f"{attribute} by {size} {_reach(difference, attribute)} (p {p_text(difference.holm[attribute])})"


def _reach(difference: Difference, attribute: str) -> str:
    one = difference.by[attribute]
    return interval((one.low, one.high), 3)


def scope(comparison: Comparison) -> list[str]:
    """How far the numbers reach: to whom, to which seeds, and what they were chosen by."""
    return list(_scope(comparison))


def _scope(comparison: Comparison) -> Iterator[str]:
    single = [name for name, own in comparison.systems.items() if len(own.runs) == 1]
    if len(single) == len(comparison.systems):
        yield "One run a system: all of this is about these checkpoints; another seed may turn it round."
    elif single:
        yield f"One run of {', '.join(single)}: of that checkpoint alone; another seed may turn it round."
    people = counted(comparison.clusters, comparison.over)
    if comparison.clusters > 1:
        yield (
            f"Intervals: {counted(comparison.n, 'utterance')} of {people}, drawn anew {comparison.draws:,} times, "
            "the same for all systems; the spread of seeds is added where a system has several. "
            "p: after Holm, over all differences of one kind; an interval is of its difference alone."
        )
    else:
        yield f"{people} alone: no interval, no p, and nothing can be claimed."
    if 1 < comparison.clusters < FEW_CLUSTERS:
        yield f"{people}: it holds for others as far as these are like them."
    if comparison.facts.get("role") == "selected on":
        yield "dev chose these checkpoints, so every score on it is optimistic: claim from a held-out split."
    if comparison.facts.get("left_out"):
        yield f"{counted(comparison.facts['left_out'], 'utterance')} not predicted by all left out."
    if ratings := comparison.facts.get("ratings"):
        yield f"Ratings are {ratings}: nothing here is about human emotion."
