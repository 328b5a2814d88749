"""MSP-Podcast 1.8 to 1.12 as its tree stands on disk, in every spelling met so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msftk import interfaces
from msftk.errors import InputError
from msftk.interfaces import CorpusReading
from msftk.store.manifest import split_name
from msftk.tables import Row
from msftk.types import RaterRating, Utterance
from msftk_plugins.corpora.msp_labels import SCALE, read_consensus, read_partition, read_raters

COLUMNS = {"valence": "EmoVal", "arousal": "EmoAct", "dominance": "EmoDom"}
LABEL_FOLDERS = ("Labels", "Labels/Labels", ".")
LABEL_FILES = ("labels_consensus.csv", "labels_concensus.csv", "labels_consensus.json", "labels_concensus.json")
AUDIO_FOLDERS = ("Audios", "Audio")
PARTITION_FILES = ("Partition.txt", "Partitions.txt")
CATEGORIES = {  # X, no agreement, is absent
    "A": "angry",
    "S": "sad",
    "H": "happy",
    "U": "surprise",
    "F": "fear",
    "D": "disgust",
    "C": "contempt",
    "N": "neutral",
    "O": "other",
}


@dataclass(frozen=True, slots=True)
class Tree:
    """What is where beside the labels, by file stem."""

    audio: Mapping[str, Path]
    transcripts: Mapping[str, Path]
    alignments: Mapping[str, Path]
    partition: Mapping[str, str]
    raters: Mapping[str, tuple[RaterRating, ...]]

    def utterance(self, stem: str, row: Row) -> Utterance:
        """Raises InputError if the audio is missing or a rating is wrong."""
        if stem not in self.audio:
            raise InputError(f"{row.place}: no audio file of '{stem}'. Add it to the corpus, or remove the row.")
        ratings = row.ratings(COLUMNS, SCALE)
        return Utterance(
            id=stem,
            audio=self.audio[stem],
            speaker=_known(row.text("SpkrID")),
            gender=(_known(row.text("Gender")) or "").lower() or None,
            language="en",
            transcript=_transcript(self.transcripts.get(stem)),
            alignment=self.alignments.get(stem),
            split=split_name(row.text("Split_Set") or self.partition.get(stem)),
            ratings=ratings or None,
            rater_ratings=self.raters.get(stem),
            category=CATEGORIES.get(row.text("EmoClass") or ""),
        )


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
        tree = Tree(
            _by_stem(audio),
            _by_stem(root / "Transcripts"),
            _by_stem(root / "ForceAligned"),
            read_partition(partition) if partition else {},
            read_raters(raters, problems) if raters.is_file() else {},
        )
        utterances = _utterances(tree, rows, partition, problems)
        facts = {"labels": str(labels.relative_to(root)), "audio": audio.name}
        facts |= {"raters": str(raters.relative_to(root))} if tree.raters else {}
        facts |= {"partition": partition.name} if partition else {}
        return CorpusReading("msp-podcast", utterances, SCALE, facts | _counts(utterances, rows), problems)


def _utterances(tree: Tree, rows: Sequence[Row], partition: Path | None, problems: list[str]) -> list[Utterance]:
    utterances: list[Utterance] = []
    seen: dict[str, str] = {}
    named = [(row.text("FileName") or "", row) for row in rows]
    unlabelled = [(stem, Row(f"{partition}: {stem}", {})) for stem in tree.partition]
    for name, row in [*named, *unlabelled]:
        stem = name.removesuffix(".wav")
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
    """The first of `names` that exists under root; macOS and Windows disks may ignore case, Linux does not."""
    for name in names:
        if (root / name).exists():
            return root / name
    inside = ", ".join(sorted(path.name for path in root.iterdir() if not path.name.startswith("."))) or "nothing"
    raise InputError(
        f"{root}: no {what} (looked for {', '.join(names)}; found: {inside}). Give the top folder of MSP-Podcast."
    )


def _by_stem(folder: Path) -> dict[str, Path]:
    """Files by stem; "._*" are leavings of macOS. A folder that does not exist holds nothing."""
    if not folder.is_dir():
        return {}
    return {path.stem: path for path in sorted(folder.iterdir()) if not path.name.startswith(".")}


def _known(text: str | None) -> str | None:
    return None if text is None or text.lower() == "unknown" else text


def _transcript(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return " ".join(path.read_text(encoding="utf-8-sig").split()) or None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}). Save the transcript as UTF-8.") from error


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
