"""Predictions of any number of recordings, written as they are made; a job that was killed goes on."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from msftk import __version__
from msftk.errors import InputError
from msftk.files import lock
from msftk.progress import Progress, ProgressCallback, silent
from msftk.recipes.growing_table import GrowingTable
from msftk.recipes.predict import How, Run
from msftk.recipes.recordings import Input, Item, Listing, in_parts
from msftk.recipes.table_file import check_out
from msftk.recipes.told import Told
from msftk.store.keys import digest
from msftk.store.manifest import Manifest
from msftk.types import RatingScale, Utterance

Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class PredictedTable:
    """A table that was written: of `n` recordings, `n_found` of them by an earlier job that was cut off, in `n_rows`
    rows. `failures`, `absent`, `warning`, `notes`: as those of `PredictResult`."""

    path: Path
    scale: RatingScale
    n: int
    n_rows: int
    n_found: int
    failures: Mapping[str, str]
    absent: Mapping[str, Mapping[str, int]]
    warning: str
    notes: tuple[str, ...]


def predict_table(
    run: Run,
    inputs: Input | Iterable[Input],
    out: str | Path,
    *,
    progress: ProgressCallback = silent,
    **how: Unpack[How],
) -> PredictedTable:
    """Predicts files, folders and manifests of any size into the table `out`, in their order; as `Run.predict`.

    What is held does not grow with their number. Some hundred recordings at a time are predicted, and their rows are
    then on the disk, in a folder beside `out`; a job that was interrupted or killed is gone on with by the same call,
    which predicts what is new or not done. With `window_s` there is a row a window. The table takes its name when it is
    whole.

    Raises:
        InputError: as `Run.predict`; `out` is no place for a table.
        MsftkError: another job writes `out`, or the disk is full; what is done is kept.
    """
    out = Path(out)
    check_out(out)
    listing = Listing(inputs)
    with lock(out, "Wait for it to end, or choose another place with --out."):
        table = GrowingTable(out, digest([__version__, *_identity(run, listing, how)])[:16])
        return _Job(run, listing, table, progress, how).done()


class _Job:
    """What was done so far, by earlier jobs and by this one."""

    def __init__(self, run: Run, listing: Listing, table: GrowingTable, progress: ProgressCallback, how: How) -> None:
        self.run, self.listing, self.table, self.progress, self.how = run, listing, table, progress, how
        self.told, self.failures, self.n_rows = Told(), dict[str, str](), 0
        self.waiting: list[tuple[Item, ...]] = []
        known: list[Keys] = [np.zeros(0, np.uint64)]
        for part in table.parts():
            known.append(np.array(part["keys"], np.uint64))
            self._count(Told.of_json(part["told"]), part["failures"], part["rows"])
        self.known = np.concatenate(known)
        self.n_found, self.n_done = self.told.n, len(self.known)
        self.n_told = self.n_done

    def done(self) -> PredictedTable:
        import pyarrow as pa

        over_time = self.how.get("window_s") is not None
        empty = pa.table({"id": pa.array([], pa.string())})
        for heard in self.run.hear_parts(self.listing, self._new(), progress=self._report, **self.how):
            found = heard.part()
            rows = pa.table(found.over_time.columns() if over_time else found.columns())
            done = keys(self.waiting.pop(0))
            failures = {_utf8(name): _utf8(message) for name, message in found.failures.items()}
            kept = {"keys": done.tolist(), "told": heard.told.json(), "failures": failures, "rows": len(rows)}
            self.table.append(rows, kept)
            self._count(heard.told, failures, len(rows))
            self.n_done += len(done)
            self._tell(self.n_done)
            empty = rows.slice(0, 0)
        if len(self.listing) == 1 and not self.told.n:
            self.table.drop()
            raise InputError(next(iter(self.failures.values())))
        self.table.finish(empty)
        told, ensemble = self.told, self.run.ensemble
        return PredictedTable(
            self.table.out,
            ensemble.scale,
            told.n,
            self.n_rows,
            self.n_found,
            self.failures,
            told.absent,
            ensemble.ratings,
            told.notes(ensemble.models, ensemble.scale, self.run.longest_s(self.how.get("window_s"))),
        )

    def _new(self) -> Iterator[tuple[Item, ...]]:
        """Parts of the listing, without what is known; each waits until it is heard."""
        for part in in_parts(self.listing):
            fresh = np.isin(keys(part), self.known, invert=True)
            if fresh.any():
                self.waiting.append(tuple(one for one, is_new in zip(part, fresh, strict=True) if is_new))
                yield self.waiting[-1]

    def _count(self, told: Told, failures: Mapping[str, str], n_rows: int) -> None:
        self.told.add(told)
        self.failures |= failures
        self.n_rows += n_rows

    def _report(self, told: Progress) -> None:
        """What is predicted of a part counts as so many of its recordings."""
        if told.stage == "predicting" and told.total:
            self._tell(self.n_done + round(told.done / told.total * len(self.waiting[0])))

    def _tell(self, n_done: int) -> None:
        self.n_told = max(self.n_told, n_done)  # several models predict a part one after another
        note = f"{len(self.failures)} failed" if self.failures else ""
        self.progress(Progress("recordings", self.n_told, len(self.listing), note))


def keys(items: Sequence[Item]) -> Keys:
    """A number that stands for each recording: of its path, or of its id."""
    names = (
        str(one.absolute()) if isinstance(one, Path) else f"\0{one.id if isinstance(one, Utterance) else one.name}"
        for one in items
    )
    hashed = (hashlib.blake2b(name.encode(errors="surrogateescape"), digest_size=8).digest() for name in names)
    return np.frombuffer(b"".join(hashed), np.uint64)


def _identity(run: Run, listing: Listing, how: How) -> Iterator[object]:
    """What makes one job go on with another's rows: the same models, options and inputs; sound in memory never."""
    yield run.ensemble.identity()
    yield {name: one for name, one in how.items() if name not in ("store", "workers")}
    for one in listing.inputs:
        if isinstance(one, Manifest):
            hashed = hashlib.sha256()
            for utterance in one.utterances:
                hashed.update(repr(utterance).encode(errors="surrogateescape"))
            yield hashed.hexdigest()
        elif isinstance(one, Path):
            yield str(one.absolute())
        else:
            yield repr(one) if isinstance(one, Utterance) else secrets.token_hex(16)


def _utf8(text: str) -> str:
    """What a file name holds beside UTF-8 stands escaped."""
    return text.encode(errors="backslashreplace").decode()
