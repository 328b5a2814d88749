"""The store as a whole: a flipped bit anywhere in it is made again and never returned."""

from __future__ import annotations

import random
import shutil
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_corpus import tiny_settings

from msftk.errors import InputError, VersionError
from msftk.preparation.extract import extract
from msftk.recipes.extract import extract_corpus
from msftk.recipes.store import clear_store, list_store, verify_store
from msftk.store.features import Store
from msftk.store.manifest import Manifest, write_manifest

FLIPS = 6  # a file


def contents(corpus: Manifest, root: Path) -> list[Any]:
    prepared = extract(corpus.utterances, tiny_settings(), Store(root), with_f0=True, workers=1)
    found: list[Any] = [prepared.f0_hz(u.id).tobytes() for u in corpus.utterances]
    for source in prepared.dims:
        for u in corpus.utterances:
            found.append((prepared.text(source, u.id), getattr(prepared.vector(source, u.id), "tobytes", bytes)()))
    return found


def test_a_flipped_bit_in_any_file_is_made_again_and_never_returned(tmp_path: Path, tone_corpus: Manifest) -> None:
    corpus, chance = replace(tone_corpus, utterances=tone_corpus.utterances[:2]), random.Random(0)
    whole = contents(corpus, tmp_path / "whole")
    files = sorted(file.relative_to(tmp_path / "whole") for file in (tmp_path / "whole").rglob("*") if file.is_file())
    assert {file.name for file in files} >= {"store.json", "producer.json", "index.jsonl", "records.jsonl"}
    for number, file in enumerate(files):
        for flip in range(FLIPS):
            root = tmp_path / f"{number}-{flip}"
            shutil.copytree(tmp_path / "whole", root)
            content = bytearray((root / file).read_bytes())
            if not content:
                continue
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            (root / file).write_bytes(content)
            with suppress(VersionError) if file.suffix == ".json" else nullcontext():  # or it is refused
                assert contents(corpus, root) == whole, f"{file}, flip {flip}"
            shutil.rmtree(root)


def test_a_corpus_and_its_store_from_the_first_entry_to_the_last(tmp_path: Path, tone_corpus: Manifest) -> None:
    write_manifest(tone_corpus, tmp_path / "m.parquet")
    extract_corpus(tmp_path / "m.parquet", tiny_settings(), store=tmp_path / "store")
    root, found = list_store(tmp_path / "store")
    assert root == tmp_path / "store"
    assert all(holding.users == (tmp_path / "m.parquet",) for holding in found)
    assert sum(verdict.n_read for verdict in verify_store(root)) == sum(holding.n_entries for holding in found) > 90
    assert clear_store(root, remove=True).n_bytes == 0
    (tmp_path / "m.parquet").unlink()
    assert clear_store(root).n_bytes == sum(holding.n_bytes for holding in found)
    assert len(list_store(root)[1]) == len(found)  # told, not done
    clear_store(root, remove=True)
    assert list_store(root)[1] == []


def test_no_store_and_one_of_another_version_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no feature store there"):
        list_store(tmp_path)
    (tmp_path / "store.json").write_text('{"format_version": 99}')
    with pytest.raises(VersionError, match="store format version 99, this msftk reads version 1"):
        verify_store(tmp_path)
