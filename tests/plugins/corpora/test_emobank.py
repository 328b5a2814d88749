from __future__ import annotations

from pathlib import Path

import pytest

from msftk.errors import InputError
from msftk.recipes.prepare import prepare
from msftk.registry import registry
from msftk.store.manifest import read_manifest
from msftk.testing import check_corpus
from msftk.types import RatingScale

TABLE = """id,split,V,A,D,text
a_1,train,3.0,3.1,3.2,"He said ""no"", twice."
a_2,dev,4.5,2,3,Good.
a_3,test,6,2,3,Off the scale.
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "emobank.csv").write_text(TABLE)
    return tmp_path


def test_texts_have_ratings_and_no_audio(root: Path) -> None:
    reading = registry().create("corpus", "emobank").read(root)
    first, second = reading.utterances
    assert reading.scale == RatingScale(1, 5)
    assert (first.id, first.audio, first.split, first.language) == ("a_1", None, "train", "en")
    assert first.transcript == 'He said "no", twice.'
    assert second.ratings == {"valence": 4.5, "arousal": 2, "dominance": 3}
    assert reading.facts["form"] == "text without audio"
    assert reading.problems[0].startswith(f"{root}/corpus/emobank.csv:4: V is 6, outside the rating scale 1 to 5.")
    check_corpus("emobank", root)


def test_manifest_keeps_texts_without_audio(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.parquet"
    result = prepare("emobank", root / "corpus" / "emobank.csv", out)
    assert read_manifest(out) == result.manifest
    assert [u.audio for u in result.manifest.utterances] == [None, None]
    assert result.counts[0].hours == 0


def test_folder_without_the_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no emobank\.csv or corpus/emobank\.csv\. Give the folder that holds it"):
        registry().create("corpus", "emobank").read(tmp_path)
