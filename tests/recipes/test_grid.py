"""Grids: those that are shipped say what the paper's tables say, and a wrong one is told by file, row and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from msftk.errors import InputError, UnknownNameError
from msftk.recipes.grid import check_grid, grids, read_grid, settings_of

TWO = [{"name": "a"}, {"name": "b"}]


def test_the_grid_of_the_paper_is_table_2_with_both_readings_of_its_doubled_row_and_controls() -> None:
    grid = read_grid("paper")
    assert grids() == ["iemocap", "paper"]
    settings = settings_of(grid, "tiny", None, ())
    table = [row for row in grid.row if not row.part]
    assert [row.published[3] for row in table] == [0.659, 0.653, 0.646, 0.672, 0.671, 0.670, 0.677, 0.681, 0.681, 0.692]
    shown = {row.name: (settings[row.name].semantics, settings[row.name].fusion.name) for row in table[1:]}
    assert shown["gs-attention"] == (("gs",), "cross-attention")
    assert (shown["gs-les-es-film"], shown["gs-les-es-moe"]) == (
        (("gs", "les", "es"), "film"),
        (("gs", "les", "es"), "fm-moe"),
    )
    assert [settings[name].intra.name for name in ("gs-les-attention", "gs-les-gated")] == ["attention", "gated"]
    assert settings["les-random-word"].emphasis.name == "random-word"
    assert settings["les-of-another"].data.exchanged == ("les",)
    for row in table:  # the paper's mean is that of its three, rounded, but for one row, which says so
        if "mean of its three" in row.note:
            continue
        assert sum(row.published[:3]) / 3 == pytest.approx(row.published[3], abs=0.0011)


def test_each_row_is_held_against_the_one_above_or_the_one_it_names() -> None:
    grid = read_grid("paper")
    above = {row.name: grid.above(row) for row in grid.row}
    assert above["baseline"] is None
    assert above["gs-film"] == "gs-attention"
    assert above["les-last-content-word"] == "gs-les-gated"
    assert above["gs-alone"] is None  # the first of another part
    few = grid.only(["les-random-word", "gs-film", "baseline"])
    assert few.names == ["baseline", "gs-film", "les-random-word"]
    assert [few.above(row) for row in few.row] == [None, "baseline", None]


def test_settings_of_all_rows_lie_below_what_a_row_sets() -> None:
    settings = settings_of(
        read_grid("paper"), "tiny", None, ["emphasis.weight_pitch=2", "acoustic.name=functionals", "training.epochs=3"]
    )
    assert {one.acoustic.name for one in settings.values()} == {"functionals"}
    assert {one.training.epochs for one in settings.values()} == {3}
    assert settings["les"].emphasis.options == {"weight_pitch": 2}
    assert settings["les-random-word"].emphasis.options == {}


@pytest.mark.parametrize("given", ["fusion.hidden=64", "fusion.name=film", "intra.gate=vector", "data.exchanged=gs"])
def test_what_the_rows_choose_cannot_be_given_for_all(given: str) -> None:
    path = given.partition("=")[0]
    with pytest.raises(InputError, match=f"^{path} is given for all rows, and the rows of this grid choose it"):
        settings_of(read_grid("paper"), "tiny", None, [given])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"row": [{"name": "a", "fusoin": {"name": "x"}}, *TWO]},
            r"my.toml, row 'a': unknown key 'fusoin'. Did you mean 'fusion'\?",
        ),
        ({"row": [{"name": "a", "publishd": [1]}, *TWO]}, r"unknown key 'publishd'. Did you mean 'published'\?"),
        ({"rows": TWO, "row": TWO}, r"my.toml: unknown key 'rows'. Did you mean 'row'\?"),
        ({"row": [{"name": "a", "preset": "paper"}, *TWO]}, "unknown key 'preset'"),
        ({"row": [*TWO, {"name": "a"}]}, "my.toml: two rows are called 'a'"),
        ({"row": [{"name": "../a"}, *TWO]}, "row '../a': name is '../a'"),
        ({"row": [*TWO, {"name": "c", "against": "bb"}]}, r"unknown row 'bb'. Did you mean 'b'\?"),
        ({"row": [*TWO, {"name": "c", "published": [1, 2]}]}, r"row 'c': published is \[1, 2\]"),
        ({"row": TWO[:1]}, "at least 2"),
        ({"row": 3}, "row is 3"),
        ({"row": ["a", "b"]}, "row is 'a'"),
        ({"row": TWO, "published": {"corpus": "x"}}, "split is "),
    ],
)
def test_a_wrong_grid_is_told_by_place_and_remedy(values: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_grid(values, "my.toml")


def test_a_row_whose_settings_are_wrong_is_named() -> None:
    grid = check_grid({"row": [*TWO, {"name": "c", "fusion": {"name": "flim"}}]}, "my.toml")
    with pytest.raises(UnknownNameError, match=r"row 'c': unknown fusion 'flim'. Did you mean 'film'\?"):
        settings_of(grid, "tiny", None, ())
    with pytest.raises(UnknownNameError, match=r"unknown row 'cc'. Did you mean 'c'\?"):
        grid.only(["cc"])


def test_a_grid_is_named_or_a_file(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown grid 'papr'. Did you mean 'paper'\?"):
        read_grid("papr")
    file = tmp_path / "mine.toml"
    with pytest.raises(InputError, match=r"mine\.toml: cannot be read"):
        read_grid(str(file))
    file.write_text('[[row]]\nname = "a"\n[[row]]\nname = "b"\nsemantics = ["gs"]\nfusion.name = "film"\n')
    assert settings_of(read_grid(str(file)), "tiny", None, ())["b"].fusion.name == "film"
    file.write_text("row = [")
    with pytest.raises(InputError, match="not valid TOML"):
        read_grid(str(file))
