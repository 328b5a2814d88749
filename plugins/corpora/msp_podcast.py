"""MSP-Podcast 1.8 to 1.12 as its tree stands on disk, in every spelling met so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from msftk import interfaces
from msftk.errors import InputError
from msftk.files import read_text
from msftk.interfaces import CorpusReading
from msftk.speech.alignment_files import alignments_under, the_only
from msftk.speech.audio_file import AUDIO_SUFFIXES
from msftk.store.manifest import split_name
from msftk.tables import Row
from msftk.types import RaterRating, Utterance
from msftk_plugins.corpora.msp_labels import CATEGORIES, SCALE, read_consensus, read_partition, read_raters, stem_of

COLUMNS = {"valence": "EmoVal", "arousal": "EmoAct", "dominance": "EmoDom"}
LABEL_FOLDERS = ("Labels", "Labels/Labels", ".")
LABEL_FILES = ("labels_consensus.csv", "labels_concensus.csv", "labels_consensus.json", "labels_concensus.json")
AUDIO_FOLDERS = ("Audios", "Audio")
TEXT_FOLDERS = ("Transcripts", "ForceAligned")  # which a release may lack
PARTITION_FILES = ("Partition.txt", "Partitions.txt")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Tree:
    """What is where beside the labels, by file stem."""

    audio: Mapping[str, Sequence[Path]]
    transcripts: Mapping[str, Sequence[Path]]
    alignments: Mapping[str, Sequence[Path]]
    partition: Mapping[str, str]
    raters: Mapping[str, tuple[RaterRating, ...]]
    unread: list[str]  # transcripts and alignments that a turn is kept without

    def utterance(self, stem: str, row: Row) -> Utterance:
        """Raises InputError if the audio is missing or there twice, or a rating is wrong."""
        audio = self.audio.get(stem, ())
        if not audio:
            raise InputError(f"{row.place}: no audio file of '{stem}'. Add it to the corpus, or remove the row.")
        if len(audio) > 1:
            names = ", ".join(path.name for path in audio)
            raise InputError(f"{row.place}: several audio files of '{stem}': {names}. Keep one of them.")
        ratings = row.ratings(COLUMNS, SCALE)
        return Utterance(
            id=stem,
            audio=audio[0],
            speaker=row.name("SpkrID"),
            gender=(row.name("Gender") or "").lower() or None,
            language="en",
            transcript=self._or_without(_transcript, self.transcripts.get(stem, ())),
            alignment=self._or_without(lambda paths: the_only(stem, paths), self.alignments.get(stem, ())),
            split=split_name(row.text("Split_Set") or self.partition.get(stem)),
            ratings=ratings or None,
            rater_ratings=self.raters.get(stem),
            category=CATEGORIES.get(row.text("EmoClass") or ""),
        )

    def _or_without(self, read: Callable[[Sequence[Path]], Value | None], paths: Sequence[Path]) -> Value | None:
        """A rated turn is not lost for a file beside it."""
        try:
            return read(paths)
        except InputError as error:
            self.unread.append(str(error))
            return None


class MspPodcast(interfaces.Corpus):
    """Labels (csv or json), audio, transcripts, alignments, raters and partitions of MSP-Podcast; ratings from 1 to 7.

    A turn without transcript or alignment is kept, also one of the partition without labels (Test3); a turn without
    audio, with a rating that is no number or off the scale, or named twice is a problem.
    """

    class Options(interfaces.Options):
        pass

    def __init__(self, options: MspPodcast.Options) -> None:
        self.options = options

    def read(self, root: Path) -> CorpusReading:
        if not root.is_dir():
            raise InputError(f"{root}: no such folder. Give the folder that holds Labels and Audios.")
        labels = _first(root, [f"{folder}/{file}" for folder in LABEL_FOLDERS for file in LABEL_FILES], "labels")
        audio = _first(root, AUDIO_FOLDERS, "audio")
        raters = labels.with_name("labels.txt")
        partition = next((root / name for name in PARTITION_FILES if (root / name).is_file()), None)
        problems: list[str] = []
        rows = read_consensus(labels, problems)
        transcripts, alignments = (_find(root, [name]) for name in TEXT_FOLDERS)
        tree = Tree(
            _by_stem(audio, AUDIO_SUFFIXES),
            _by_stem(transcripts, [".txt"]),
            alignments_under(alignments) if alignments else {},
            read_partition(partition) if partition else {},
            read_raters(raters, problems) if raters.is_file() else {},
            [],
        )
        utterances = _utterances(tree, rows, partition, problems)
        facts = {"labels": str(labels.relative_to(root)), "audio": audio.name}
        facts |= {"raters": str(raters.relative_to(root))} if tree.raters else {}
        facts |= {"partition": partition.name} if partition else {}
        if missing := [name for name in TEXT_FOLDERS if _find(root, [name]) is None]:
            facts["missing"] = f"{' and '.join(missing)} (found: {_inside(root)})"
        if n_unnamed := len(
            tree.audio.keys() - tree.partition.keys() - {stem_of(row.text("FileName") or "") for row in rows}
        ):
            facts["audio without a row"] = str(n_unnamed)
        if tree.unread:
            facts["kept without a file that cannot be read"] = f"{len(tree.unread)}, the first: {tree.unread[0]}"
        return CorpusReading("msp-podcast", utterances, SCALE, facts | _counts(utterances, rows), problems)


def _utterances(tree: Tree, rows: Sequence[Row], partition: Path | None, problems: list[str]) -> list[Utterance]:
    utterances: list[Utterance] = []
    seen: dict[str, str] = {}
    named = [(row.text("FileName") or "", row) for row in rows]
    unlabelled = [(stem, Row(f"{partition}: {stem}", {})) for stem in tree.partition]
    for name, row in [*named, *unlabelled]:
        stem = stem_of(name)
        if stem in seen:
            if row.cells:
                problems.append(f"{row.place}: '{name}' stands there twice (first: {seen[stem]}). Remove one row.")
            continue
        seen[stem] = row.place
        try:
            utterances.append(tree.utterance(stem, row))
        except InputError as error:
            problems.append(str(error))
    return utterances


def _first(root: Path, names: Sequence[str], what: str) -> Path:
    """The first of `names` that exists under root, in any case, as on the disks of macOS and Windows."""
    found = _find(root, names)
    if found is None:
        raise InputError(
            f"{root}: no {what} (looked for {', '.join(names)}; found: {_inside(root)}). Give the top folder of "
            "MSP-Podcast."
        )
    return found


def _find(root: Path, names: Sequence[str]) -> Path | None:
    return next(filter(None, (_below(root, name.split("/")) for name in names)), None)


def _below(folder: Path, parts: Sequence[str]) -> Path | None:
    for part in parts:
        if not folder.is_dir():
            return None
        beside = {path.name.lower(): path for path in sorted(folder.iterdir())}
        inner = folder if part == "." else beside.get(part.lower())
        if inner is None:
            return None
        folder = inner
    return folder


def _inside(root: Path) -> str:
    return ", ".join(sorted(path.name for path in root.iterdir() if not path.name.startswith("."))) or "nothing"


def _by_stem(folder: Path | None, endings: Sequence[str]) -> dict[str, list[Path]]:
    """Files with one of these endings, by stem; "._*" are leavings of macOS. No folder holds nothing."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()) if folder else ():
        if path.suffix.lower() in endings and not path.name.startswith("."):
            found.setdefault(path.stem, []).append(path)
    return found


def _transcript(paths: Sequence[Path]) -> str | None:
    """Raises InputError for one in another encoding."""
    return " ".join(read_text(paths[0]).split()) or None if paths else None


def _counts(utterances: Sequence[Utterance], rows: Sequence[Row]) -> dict[str, str]:
    """Which split spellings were found, and how many turns lack something."""
    splits = sorted({split for row in rows if (split := row.text("Split_Set"))})
    lacks = {
        "without transcript": sum(u.transcript is None for u in utterances),
        "without alignment": sum(u.alignment is None for u in utterances),
        "without speaker": sum(u.speaker is None for u in utterances),
        "without ratings": sum(u.ratings is None for u in utterances),
        "without agreed category": sum(u.category is None for u in utterances),
    }
    return ({"splits": ", ".join(splits)} if splits else {}) | {name: str(n) for name, n in lacks.items()}
