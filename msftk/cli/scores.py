"""How scores are printed: CCC with intervals, the figures beside it, experts' shares, and what was missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msftk.cli.console import number_table, out, print_apart
from msftk.recipes.wording import SCORES, YARDSTICKS, fixed, interval, notes, percent
from msftk.types import ATTRIBUTES

if TYPE_CHECKING:
    from msftk.evaluation.evaluation import Evaluation


def _rows(*evaluations: Evaluation) -> tuple[str, ...]:
    """What any of them scores, and the mean."""
    return (*(a for a in ATTRIBUTES if any(a in one.attributes for one in evaluations)), "mean")


def print_ccc(evaluations: Mapping[str, Evaluation]) -> None:
    """One column a split: CCC with its 95 % interval, and whether the split selected the model; then the notes.

    Of a run of folds a second table has their mean and spread.
    """
    table = number_table("CCC [95 %]", *(f"{split} ({scored.role})" for split, scored in evaluations.items()))
    for row in _rows(*evaluations.values()):
        table.add_row(row, *(f"{fixed(e.ccc[row])} {interval(e.ci95[row])}".rstrip() for e in evaluations.values()))
    table.add_row("utterances", *(str(scored.n) for scored in evaluations.values()))
    out.print(table)
    if folds := {split: scored.folds for split, scored in evaluations.items() if scored.folds}:
        table = number_table(f"mean ± sd of {max(len(f.ccc) for f in folds.values())} folds", *folds)
        for row in _rows(*evaluations.values()):
            table.add_row(row, *(f"{fixed(f.mean[row])} ± {fixed(f.spread[row])}" for f in folds.values()))
        print_apart(table)
    for note in notes({split: scored.json() for split, scored in evaluations.items()}):
        out.print(f"  {note}", style="dim", soft_wrap=True)


def print_yardsticks(scored: Evaluation) -> None:
    """Beside each CCC how one person does, how a peer does, and the way between; nothing where neither is known."""
    known = [name for name in YARDSTICKS if any(x == x for x in scored.scores.get(name, {}).values())]
    if not known:
        return
    table = number_table("measured by", "CCC", *(SCORES[name] for name in known))
    for a in scored.attributes:
        cells = ((percent if name == "way" else fixed)(scored.scores[name][a]) for name in known)
        table.add_row(a, fixed(scored.ccc[a]), *cells)
    print_apart(table)


def print_figures(scored: Evaluation) -> None:
    """Pearson, bias, scale ratio, RMSE, CCC within category, by attribute."""
    table = number_table("other figures", *scored.attributes)
    for name, own in scored.scores.items():
        if name not in YARDSTICKS:
            table.add_row(SCORES[name], *(fixed(own[a]) for a in scored.attributes))
    print_apart(table)


def print_slices(scored: Evaluation) -> None:
    """A table for each thing that the split was sliced by: how many, and CCC over its interval."""
    for by, parts in scored.slices.items():
        table = number_table(f"by {by}", "n", *_rows(scored))
        for name, part in parts.items():
            cells = (f"{fixed(part.ccc[row])}\n{interval(part.ci95[row])}".rstrip() for row in _rows(scored))
            table.add_row(name, str(part.n), *cells)
        print_apart(table)


def print_experts(scored: Evaluation, heading: str = "") -> None:
    """Each expert's share of the prediction's variance and the CCC lost without it; nothing where one stands alone."""
    names = list(next(iter(scored.experts.share.values())))
    if len(names) < 2:
        return
    table = number_table("share of variance (CCC lost without)", *scored.attributes)
    for name in names:
        cells = (
            f"{percent(scored.experts.share[a][name])} ({fixed(scored.experts.ccc_loss_without[a][name])})"
            for a in scored.attributes
        )
        table.add_row(name, *cells)
    print_apart(table, heading)
    if note := scored.experts.note(scored.attributes):
        out.print(note, soft_wrap=True)


def print_by_sources(scored: Evaluation) -> None:
    """CCC with only some semantic sources switched on in prediction; nothing where the run reads none."""
    if not scored.by_sources:
        return
    table = number_table("CCC with only these sources", *_rows(scored))
    for sources, ccc in scored.by_sources.items():
        table.add_row(sources, *(fixed(ccc[row]) for row in _rows(scored)))
    print_apart(table)


def print_targets(scored: Evaluation) -> None:
    """Scores of what is predicted beside the ratings, and of classes what was said of each; nothing where a run has no
    other target."""
    for target, scores in scored.targets.items():
        table = number_table(target, "score")
        for name, value in scores.items():
            table.add_row(SCORES.get(name, name), fixed(value))
        print_apart(table)
        if counts := scored.confusion.get(target):
            table = number_table(f"{target}, rated (said)", *(f"({one})" for one in counts), "utterances", "recall")
            for own, said in counts.items():
                n = sum(said.values())
                table.add_row(own, *map(str, said.values()), str(n), fixed(said[own] / n if n else None))
            print_apart(table)


def card_line(scored: Evaluation) -> str:
    """The head of the protocol card: corpus, scale, and how the predictions came about."""
    card = scored.protocol
    corpus = f"corpus {card['corpus']}, scale {card['scale'][0]:g}..{card['scale'][1]:g}"
    if "predictions" in card:
        return f"{corpus}, predictions of {card['predictions']}; the whole card: --json"
    heard = f"first {card['seconds_kept']:g} s heard" if card["seconds_kept"] else "no sound heard"
    seed = "" if card["seed"] is None else f"seed {card['seed']}, "  # a published model tells none
    return (
        f"{corpus}, {seed}{heard}, clipping {'on' if card['clipping'] else 'off'}, "
        f"chosen by {card['selection']['by']}; the whole card: --json"
    )


def ratings_warning(scored: Evaluation) -> str:
    """The corpus' own warning about its ratings, e.g. "planted on synthetic speech", or ""."""
    evaluated = scored.protocol.get("evaluated_on", scored.protocol)
    return str(evaluated["corpus_facts"].get("ratings", ""))
