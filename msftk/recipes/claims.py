"""What a comparison lets one say, and what not, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msftk.counting import counted
from msftk.evaluation.comparison import Comparison, Difference
from msftk.recipes.wording import FEW_CLUSTERS, fixed, interval

ALPHA = 0.05


def claims(comparison: Comparison, family: str) -> list[str]:
    """A sentence for each difference of that family, and then how far any of it reaches."""
    chosen = [one for one in comparison.differences if one.family == family]
    return [*(_of(one, comparison.attributes) for one in chosen), *scope(comparison)]


def _of(difference: Difference, attributes: Sequence[str]) -> str:
    """In which attributes one system is better or worse than the other beyond chance, and of which nothing is known."""
    sure = {a: difference.holm[a] < ALPHA for a in attributes}  # an undefined p is not
    parts = []
    for verb, sign in (("scores higher than", 1), ("scores lower than", -1)):
        own = [_amount(difference, a) for a in attributes if sure[a] and sign * difference.by[a].value > 0]
        if own:
            parts.append(f"{difference.system} {verb} {difference.other} in {', '.join(own)}")
    if unknown := [f"{a} {_reach(difference, a)}".rstrip() for a in attributes if not sure[a]]:
        whom = "" if parts else f" between {difference.system} and {difference.other}"
        parts.append(f"no difference{whom} can be claimed in {', '.join(unknown)}")
    return "; ".join(parts) + "."


def _amount(difference: Difference, attribute: str) -> str:
    size = fixed(abs(difference.by[attribute].value), 3)
    return f"{attribute} by {size} {_reach(difference, attribute)} (p {p_text(difference.holm[attribute])})"


def _reach(difference: Difference, attribute: str) -> str:
    one = difference.by[attribute]
    return interval((one.low, one.high), 3)


def p_text(p: float) -> str:
    """ "= 0.012", or "< 0.001"."""
    return "< 0.001" if p < 0.001 else f"= {fixed(p, 3)}"


def scope(comparison: Comparison) -> Iterator[str]:
    """How far the numbers reach: to whom, to which seeds, and what they were chosen by."""
    single = [name for name, own in comparison.systems.items() if len(own.runs) == 1]
    if len(single) == len(comparison.systems):
        yield "One run a system: all of this is about these checkpoints; another seed may turn it round."
    elif single:
        yield f"One run of {', '.join(single)}: of that checkpoint alone; another seed may turn it round."
    yield (
        f"Intervals: {counted(comparison.n, 'utterance')} of {counted(comparison.clusters, comparison.over)}, who are "
        f"drawn anew {comparison.draws:,} times, the same for all systems; the spread of seeds is added where a system "
        "has several. p: after Holm, over all differences of one kind."
    )
    if comparison.clusters < FEW_CLUSTERS:
        yield f"{counted(comparison.clusters, comparison.over)}: it holds for others as far as these are like them."
    if comparison.facts.get("role") == "selected on":
        yield "dev chose these checkpoints, so every score on it is optimistic: claim from a held-out split."
    if comparison.facts.get("left_out"):
        yield f"{counted(comparison.facts['left_out'], 'utterance')} not predicted by all left out."
    if ratings := comparison.facts.get("ratings"):
        yield f"Ratings are {ratings}: nothing here is about human emotion."
