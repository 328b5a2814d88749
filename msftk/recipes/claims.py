"""What a comparison lets one say, and what not, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msftk.counting import counted
from msftk.evaluation.comparison import Comparison, Difference
from msftk.evaluation.paired_targets import TargetDifference
from msftk.recipes.wording import FEW_CLUSTERS, SCORES, fixed, interval, p_text

ALPHA = 0.05


def claims(comparison: Comparison, family: str) -> list[str]:
    """Sentences for each difference of that family: one of CCC, and one of each target beside the ratings."""
    said = []
    for one in comparison.differences:
        if one.family == family:
            said.append(_of(one, one, {a: a for a in comparison.attributes}))
            for target, own in one.targets.items():
                said.append(_of(one, own, {score: f"{SCORES.get(score, score)} of {target}" for score in own.by}))
    return said


def _of(pair: Difference, difference: Difference | TargetDifference, names: Mapping[str, str]) -> str:
    """In what one system is better or worse than the other beyond chance, and of what nothing is known.

    `names`: attribute or score -> how it is called.
    """
    reach = {a: interval((difference.by[a].low, difference.by[a].high), 3) for a in names}
    sure = {a: difference.holm[a] < ALPHA for a in names}  # an undefined p is not
    parts = []
    for verb, sign in (("scores higher than", 1), ("scores lower than", -1)):
        own = [a for a in names if sure[a] and sign * difference.by[a].value > 0]
        if own:
            amounts = [
                f"{names[a]} by {fixed(abs(difference.by[a].value), 3)} {reach[a]} (p {p_text(difference.holm[a])})"
                for a in own
            ]
            parts.append(f"{pair.system} {verb} {pair.other} in {', '.join(amounts)}")
    if unknown := [f"{name} {reach[a]}".rstrip() for a, name in names.items() if not sure[a]]:
        both = f"No difference between {pair.system} and {pair.other}"
        parts.append(f"{'no difference' if parts else both} can be claimed in {', '.join(unknown)}")
    return "; ".join(parts) + "."


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
    for one in comparison.differences:
        first, second = (comparison.systems[name].targets_mean for name in (one.system, one.other))
        for target in first.keys() & second.keys() - one.targets.keys():
            yield f"{one.system} and {one.other} tell different classes of {target}: not compared in these."
    if comparison.facts.get("left_out"):
        yield f"{counted(comparison.facts['left_out'], 'utterance')} not predicted by all left out."
    if ratings := comparison.facts.get("ratings"):
        yield f"Ratings are {ratings}: nothing here is about human emotion."
