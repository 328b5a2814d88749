from __future__ import annotations

from msftk.runs.prediction import source_subsets


def test_every_subset_of_up_to_four_sources_fewest_first() -> None:
    assert source_subsets(("gs", "les")) == {"none": (), "gs": ("gs",), "les": ("les",), "gs,les": ("gs", "les")}
    assert len(source_subsets("abcd")) == 16
    assert source_subsets(()) == {}


def test_of_five_sources_none_each_alone_all_but_one_and_all() -> None:
    subsets = source_subsets("abcde")
    assert len(subsets) == 1 + 5 + 5 + 1
    assert subsets["a,b,c,d,e"] == tuple("abcde")
