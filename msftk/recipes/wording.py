"""How figures are written and scores are called, alike in the terminal and on every page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msftk.counting import counted
from msftk.types import ATTRIBUTES, RatingScale

SCORES = {
    "pearson": "Pearson r",
    "bias": "bias",
    "scale_ratio": "scale ratio",
    "rmse": "RMSE",
    "ccc_within_category": "CCC within category",
    "person": "CCC of one person",
    "peer": "CCC of the peer",
    "way": "way from peer to person",
    "uar": "UAR",
    "macro_f1": "macro-F1",
    "covered": "ratings inside intervals",
    "interval_width": "width of intervals",
}
YARDSTICKS = ("person", "peer", "way")  # of the scores: what a CCC is measured by


FEW_CLUSTERS = 10  # fewer speakers hardly stand for all
FEWEST, FLAT = 10, 0.1  # that many predictions, with less than this share of the ratings' spread: about equal
FLAT_ON_SCALE = 0.01  # the same without ratings, as a share of the rating scale


def fixed(value: float | None, places: int = 2, *, signed: bool = False) -> str:
    """A number with fixed places, never "-0.00"; a dash where it is undefined (None, NaN)."""
    if value is None or value != value:
        return "–"
    rounded = round(value, places) + 0.0  # -0.0 + 0.0 is 0.0
    return f"{rounded:{'+' if signed else ''}.{places}f}"


def interval(bounds: tuple[float | None, float | None], places: int = 2) -> str:
    """ "[low, high]", or nothing where it is undefined."""
    low, high = (fixed(bound, places) for bound in bounds)
    return "" if "–" in (low, high) else f"[{low}, {high}]"


def mean_and_spread(each: Sequence[float], places: int = 3) -> str:
    """ "mean ± sd" (sample standard deviation) of several, or the one.

    >>> mean_and_spread([0.25, 0.75]), mean_and_spread([0.5])
    ('0.500 ± 0.354', '0.500')
    """
    mean = sum(each) / len(each)
    squares = sum((one - mean) ** 2 for one in each)
    spread = f" ± {fixed((squares / (len(each) - 1)) ** 0.5, places)}" if len(each) > 1 else ""
    return f"{fixed(mean, places)}{spread}"


def p_text(p: float) -> str:
    """ "= 0.012", or "< 0.001"."""
    return "< 0.001" if p < 0.001 else f"= {fixed(p, 3)}"


def said_of(name: str, message: str) -> str:
    """The message with whom it is about in front, once: many messages begin with the file that they are about."""
    return message if message.startswith(f"{name}:") else f"{name}: {message}"


def percent(share: float | None) -> str:
    """A share as whole per cent; a dash where it is undefined."""
    return "–" if share is None or share != share else f"{fixed(100 * share, 0)} %"


def sound_notes(lengths_s: Iterable[float], troubles: Iterable[tuple[str, str]], seconds_kept: float) -> list[str]:
    """What holds for some recordings of a job, each said once with how many: longer than what is heard, and troubles.

    `lengths_s` in seconds; `troubles` (name, message): something that is there and cannot be used, or is surely wrong.
    """
    n_longer = sum(length_s > seconds_kept for length_s in lengths_s)
    return [*longer_note(n_longer, seconds_kept, "what follows is not heard"), *said_once(troubles)]


def said_once(troubles: Iterable[tuple[str, str]]) -> list[str]:
    """(name, message): each message once, with its name or how many have it."""
    alike: dict[str, list[str]] = {}
    for name, message in troubles:
        alike.setdefault(message, []).append(name)
    return [trouble(message, names[0], len(names)) for message, names in alike.items()]


def trouble(message: str, first: str, n: int) -> str:
    """The message with the name of the one that has it, or how many have it."""
    return said_of(first if n == 1 else counted(n, "recording"), message)


def longer_note(n: int, seconds_kept: float, becomes: str) -> list[str]:
    """How many are longer than what is heard at once, and what becomes of them."""
    return [f"{n} longer than {seconds_kept:g} s: {becomes}"] if n else []


def learned_nothing(attributes: Iterable[str]) -> str:
    """What is to be said where predictions do not follow what is heard."""
    return (
        f"predictions of {', '.join(attributes)} are about equal, so nothing of that was learned. "
        "Train more epochs (training.epochs), or with a higher training.learning_rate"
    )


def flat_notes(n: int, spreads: Sequence[float], scale: RatingScale) -> list[str]:
    """The same of `n` predictions without ratings, where there are enough of them to tell.

    `spreads`: their standard deviation by attribute, in the order of ATTRIBUTES.
    """
    least = FLAT_ON_SCALE * (scale.high - scale.low)
    flat = [attribute for attribute, spread in zip(ATTRIBUTES, spreads, strict=True) if spread < least]
    return [learned_nothing(flat)] if flat and n >= FEWEST else []


def notes(evaluations: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What a reader must know beside the numbers, each said once with the splits that it holds for.

    `evaluations`: split -> `Evaluation.json()`.
    """
    holds: dict[str, list[str]] = {}
    for split, scored in evaluations.items():
        for note in _notes(scored):
            holds.setdefault(note, []).append(split)
    return [f"{', '.join(splits)}: {note}" for note, splits in holds.items()]


def _notes(scored: Mapping[str, Any]) -> Iterable[str]:
    sure, missing, ratio = scored["protocol"]["interval"], scored["missing"], scored["scores"]["scale_ratio"]
    flat = [name for name, own in ratio.items() if own is not None and own < FLAT]
    if flat and scored["n"] >= FEWEST and "model" not in scored["protocol"]:  # a published one was not trained here
        yield learned_nothing(flat)
    if sure["clusters"] < FEW_CLUSTERS:
        yield f"{counted(sure['clusters'], sure['over'])}: the interval holds for others as far as these are like them"
    yield from scored["protocol"].get("notes", ())
    if sure["unknown"]:
        yield f"{len(sure['unknown'])} without {sure['over']}, each its own cluster"
    if missing["utterances"]:
        yield f"{missing['utterances']} without prediction"
    for attribute, n in missing["ratings"].items():
        if n:
            yield f"{n} without rated {attribute}"
    for source, reasons in missing["sources"].items():
        for reason, n in reasons.items():
            yield f"{source} absent in {n} ({reason})"
