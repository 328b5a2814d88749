"""`msftk emphasis`: the stressed words of one recording on screen, or those of a corpus as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from msftk.cli.console import bar, err, number_table, out, print_json, some_failed
from msftk.cli.options import Aligner, Json, PhoneTier, Set, Shard, Store, WordTier, Workers, settings_from
from msftk.counting import counted
from msftk.errors import InputError
from msftk.recipes.wording import fixed, said_of

if TYPE_CHECKING:
    from msftk.settings import Settings
    from msftk.store.manifest import Manifest
    from msftk.types import Emphasis

LOWEST, HIGHEST = (128, 134, 150), (240, 60, 30)  # colours of the lowest and highest score: grey to red, on any ground


def emphasis(
    audio: Annotated[Path, typer.Argument(metavar="AUDIO|DIR|M.parquet", help="A recording, a folder, or a manifest.")],
    alignment: Annotated[
        Path | None,
        typer.Argument(help="Its alignment, e.g. a TextGrid or words.csv (default: what lies beside it)."),
    ] = None,
    table: Annotated[Path | None, typer.Option("--out", help="Write a row a word: .csv, .jsonl or .parquet.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw log-F0, energy and words (png, svg, pdf).")] = None,
    transcript: Annotated[
        str | None,
        typer.Option("--transcript", help="What is said in AUDIO, to align it by (default: STEM.txt beside it)."),
    ] = None,
    aligner: Aligner = None,
    word_tier: WordTier = None,
    phone_tier: PhoneTier = None,
    json: Json = False,
    assignments: Set = None,
    store: Store = None,
    workers: Workers = None,
    shard: Shard = None,
) -> None:
    """Show which words are stressed (LEMf): pitch, energy and phone duration of each word, and the emphasis segment.

    Example: msftk emphasis speech.wav speech.TextGrid --plot stress.png
    """
    from msftk.recipes.table_file import check_out

    settings = settings_from(
        "tiny",
        None,
        assignments,
        alignment__word_tier=word_tier,
        alignment__phone_tier=phone_tier,
        aligner__name=aligner,
    )
    if table is not None:
        check_out(table)
    if audio.is_dir() or audio.suffix.lower() == ".parquet":
        what, whose = ("a folder", "beside its recordings lie") if audio.is_dir() else ("a manifest", "it names")
        if alignment or plot or transcript:
            raise InputError(
                f"{audio}: {what}: {whose} the alignments. Leave ALIGNMENT, --transcript and --plot to one recording."
            )
        if table is None:
            raise InputError(f"{audio}: {what}. Name the table to write, e.g. --out stress.csv.")
        _corpus(audio, table, settings, store, workers, shard, json)
        return
    if shard:
        raise InputError(f"--shard {shard}: of one recording there are no parts. Give a folder or a manifest.")
    from msftk.recipes.emphasis import emphasise_file

    named = {"word_tier": word_tier, "phone_tier": phone_tier}
    tiers = {option: tier for option, tier in named.items() if tier is not None}
    found = emphasise_file(audio, alignment, settings, tiers, transcript)
    if plot:
        found.plot(plot)
        err.print(f"drawn: {plot}", soft_wrap=True)
    if table:
        found.write_table(table)
        err.print(f"written: {table}", soft_wrap=True)
    if json:
        print_json(found.json())
    else:
        _show(found.id, found.emphasis, found.aligner)


def _corpus(
    place: Path,
    table: Path,
    settings: Settings,
    store: Path | None,
    workers: int | None,
    shard: str | None,
    json: bool,
) -> None:
    """Of a folder, or of a manifest."""
    from msftk.recipes.emphasis_corpus import emphasise_corpus
    from msftk.recipes.recordings import collect

    unreadable: dict[str, str] = {}
    corpus: Manifest | Path = place
    if place.is_dir():
        found = collect(place, settings.alignment)
        corpus, unreadable = found.manifest(place.name), found.failures
    with bar() as progress:
        done = emphasise_corpus(
            corpus, table, settings=settings, store=store, workers=workers, shard=shard, progress=progress
        )
    failures = {**unreadable, **done.failures}
    if json:
        reasons = {reason: len(ids) for reason, ids in done.absent.items()}
        counts = {"utterances": done.n_utterances, "words": done.n_words, "absent": sum(reasons.values())}
        timing = {"audio_s": round(done.audio_s, 3), "wall_s": round(done.wall_s, 3), "found": done.n_found}
        why = {"reasons": reasons, "warnings": done.warnings, "failed": failures}
        print_json({"out": str(done.path), **counts, "aligned": done.aligned, **timing, **why})
    else:
        words, utterances = counted(done.n_words, "word"), counted(done.n_utterances, "utterance")
        out.print(f"{done.path}: {words} of {utterances}", soft_wrap=True)
        earlier = f", {counted(done.n_found, 'utterance')} found done" if done.n_found else ""
        speed = f"{done.audio_s / done.wall_s:.0f} times real time"
        err.print(f"{done.audio_s:.0f} s of audio in {done.wall_s:.1f} s, {speed}{earlier}", soft_wrap=True)
    for aligner, n in done.aligned.items():
        err.print(f"{n} aligned by {aligner}", soft_wrap=True)
    for reason, ids in done.absent.items():
        named = ", ".join(ids[:3]) + (", ..." if len(ids) > 3 else "")
        err.print(f"{len(ids)} left out, {reason}: {named}", soft_wrap=True)
    for name, message in done.warnings.items():
        err.print(f"warning: {said_of(name, message)}", soft_wrap=True)
    some_failed(failures)


def _show(name: str, found: Emphasis, aligner: str) -> None:
    """The sentence in colours, its segment in brackets and its top word between asterisks; then a table."""
    prosody, score = found.prosody, found.score
    styles = word_styles(found)
    sentence = Text()
    for i, word in enumerate(prosody.words):
        sentence.append("[" if i == found.first else "", style="bold")
        sentence.append(f"*{word}*" if i == found.top else word, style=styles[i] + (" bold" if i == found.top else ""))
        sentence.append("]" if i == found.last else "", style="bold")
        sentence.append(" " if i + 1 < len(score) else "")
    table = number_table("word", "start s", "z pitch", "z energy", "z duration", "score")
    for i, word in enumerate(prosody.words):
        mark = "* " if i == found.top else "| " if found.first <= i <= found.last else "  "
        table.add_row(
            Text(mark + word, style=styles[i]),
            fixed(prosody.start_s[i]),
            fixed(prosody.z_pitch[i], signed=True) if prosody.voiced[i] else "unvoiced",
            fixed(prosody.z_energy[i], signed=True),
            fixed(prosody.z_duration[i], signed=True) + ("~" if prosody.guessed_duration[i] else ""),
            Text(fixed(score[i], signed=True), style=styles[i]),
        )
    out.print(Text(name, style="bold"))
    out.print(sentence)
    out.print()
    out.print(table)
    legend = "[ ] emphasis segment, * highest score"
    if prosody.guessed_duration.any():
        legend += ", ~ no phones: word duration / letters"
    if aligner:
        legend += f"; aligned by {aligner}"
    out.print(Text(legend, style="dim"))


def word_styles(found: Emphasis) -> list[str]:
    """A colour a word, between those of the sentence's lowest and highest score."""
    lowest = float(found.score.min())
    span = max(float(found.score.max()) - lowest, 1e-9)
    shares = [(float(score) - lowest) / span for score in found.score]
    return [
        "rgb({},{},{})".format(*(round(a + share * (b - a)) for a, b in zip(LOWEST, HIGHEST, strict=True)))
        for share in shares
    ]
