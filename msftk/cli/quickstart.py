"""`msftk quickstart`: the whole road once, on the bundled data."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from msftk.cli.console import bar, number_table, out
from msftk.cli.emphasis import word_styles
from msftk.cli.options import Store, settings_from
from msftk.cli.scores import print_ccc, print_experts
from msftk.recipes.wording import fixed
from msftk.types import ATTRIBUTES

if TYPE_CHECKING:
    from msftk.recipes.emphasis import Recording
    from msftk.recipes.predict_result import PredictResult
    from msftk.types import Emphasis

READINGS = ("confbridge-begin-glorious-a", "confbridge-begin-glorious-b", "confbridge-begin-glorious-c")

WITHOUT_MODEL = "text.name=hashing"
PLANTED = ": a planted effect comes back (valence = stressed word)"
MEANINGLESS = """\
Here words are hashed: sound is learnt, meaning is not, so valence on test1 stays near 0. Install it, remove {run} and \
begin again to see what meaning adds."""

NEXT = """\
msftk report {run} --out report.html
msftk prepare csv FILE.csv --scale 1..7 --out M.parquet   (or: msp-podcast ROOT)
msftk train M.parquet                    (preset tiny: on a CPU, offline)
msftk train M.parquet --preset paper     (WavLM-large, RoBERTa-large)"""


def quickstart(
    run: Annotated[Path, typer.Option("--out", help="Run folder.")] = Path("runs/quickstart"),
    store: Store = None,
) -> None:
    """Train on the bundled demo corpus, then listen to three real readings of one sentence.

    Example: msftk quickstart
    """
    from msftk.recipes.quickstart import quickstart as run_quickstart
    from msftk.recipes.quickstart import runnable

    settings, lacking = runnable(settings_from("tiny", None, None), settings_from("tiny", None, [WITHOUT_MODEL]))
    if lacking:
        out.print(f"{lacking} {MEANINGLESS.format(run=run)}\n", style="yellow", soft_wrap=True)
    _step(
        f"msftk train --fusion {settings.fusion.name} --semantics {','.join(settings.semantics)}"
        f"{f' --set {WITHOUT_MODEL}' if lacking else ''} --out {run}",
        "The demo corpus: 186 synthetic utterances, planted ratings; splits share no speaker and no stressed word.",
    )
    with bar() as progress:
        done = run_quickstart(run, settings, READINGS, store=store, progress=progress)
    if not done.trained_now:
        out.print(f"{run} is trained already (remove it to train again)")
    print_ccc(done.evaluations)
    print_experts(done.evaluations["test1"], "What each expert does on test1:")
    out.print(
        f"Small and synthetic (40 test utterances, 2 voices){'' if lacking else PLANTED}.\n"
        "It says nothing about how well human emotion is recognised.\n",
        style="yellow",
        soft_wrap=True,
    )
    _step(
        f"msftk emphasis {READINGS[0]}.flac words.csv   (and b, c)",
        "Real recordings, one sentence read three times; which words are stressed?",
    )
    out.print(_side_by_side(done.readings))
    _step(f"msftk predict {run} {READINGS[0]}.flac ...", "")
    out.print(_predictions(done.predictions))
    out.print("illustration: trained on synthetic speech, not an emotion estimate\n", style="yellow")
    out.print("Go on with your own corpus and real encoders:", style="bold")
    for line in NEXT.format(run=run).splitlines():
        out.print(f"  {line}", soft_wrap=True)


def _step(command: str, about: str) -> None:
    out.print(f"$ {command}", style="bold", soft_wrap=True)
    if about:
        out.print(about, soft_wrap=True)


def _side_by_side(readings: tuple[Recording, ...]) -> Table:
    """A column a reading: every word with its score, stressed ones in colour, the top word between asterisks."""
    table = Table(*(f"reading {one.id[-1]}" for one in readings), box=None)
    for row in zip_longest(*(_stressed(one.emphasis) for one in readings), fillvalue=Text()):
        table.add_row(*row)
    return table


def _stressed(found: Emphasis) -> list[Text]:
    words = zip(found.prosody.words, found.score, word_styles(found), strict=True)
    return [
        Text(f"{'*' if place == found.top else ' '} {word} {fixed(float(score), 1, signed=True)}", style=style)
        for place, (word, score, style) in enumerate(words)
    ]


def _predictions(result: PredictResult) -> Table:
    table = number_table("reading", *ATTRIBUTES)
    for one in result:
        table.add_row(one.id, *(fixed(one.values[attribute]) for attribute in ATTRIBUTES))
    return table
