"""Layers of settings: order, presets, round trip, and the errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from msftk.assignments import presets, read_toml
from msftk.errors import InputError, UnknownNameError
from msftk.registry import Plugin
from msftk.settings import Component, check_settings, load_settings, settings_toml


def test_later_layers_win(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("[training]\nepochs = 2\nbatch = 2\nseed = 2\nclip_norm = 2.0\n")
    settings = load_settings(
        "tiny",
        file,
        ["training.seed=4", "training.clip_norm=4"],
        {"training.clip_norm": 5.0, "training.epochs": None},
        {"MSFTK_TRAINING__BATCH": "3", "MSFTK_TRAINING__SEED": "3", "MSFTK_STORE": "/not/a/setting"},
    )
    training = settings.training
    assert (training.epochs, training.batch, training.seed, training.clip_norm) == (2, 3, 4, 5.0)


def test_another_component_name_drops_the_former_ones_options() -> None:
    settings = load_settings("paper", assignments=["text.name=hashing"])
    assert settings.text.options == {}


def test_option_belongs_to_the_component_that_is_named_beside_it_in_any_order() -> None:
    for settings in (
        load_settings(assignments=["fusion.film_at=frames"], flags={"fusion.name": "film"}),
        load_settings(assignments=["fusion.film_at=frames", "fusion.name=film"]),
        load_settings(assignments=["fusion.name=film", "fusion.film_at=frames"]),
        load_settings(environment={"MSFTK_FUSION__FILM_AT": "frames", "MSFTK_FUSION__NAME": "film"}),
    ):
        assert (settings.fusion.name, settings.fusion.options) == ("film", {"film_at": "frames"})


@pytest.mark.parametrize("preset", presets())
def test_settings_survive_the_way_through_toml(preset: str, tmp_path: Path) -> None:
    settings = load_settings(preset)
    file = tmp_path / "settings.toml"
    file.write_text(settings_toml(settings))
    assert check_settings(read_toml(file)) == settings


def test_a_list_of_components_takes_names_and_tables(tmp_path: Path) -> None:
    file = tmp_path / "given.toml"
    file.write_text('[[targets]]\nname = "vad"\n[[targets]]\nname = "gender"\n')
    names = ["vad", "gender"]
    for settings in (
        load_settings(file=file, environment={}),
        load_settings(assignments=['targets=["vad",{name="gender"}]'], environment={}),
        load_settings(assignments=["targets=vad, gender"], environment={}),
        load_settings(environment={"MSFTK_TARGETS": '["vad", "gender"]'}),
    ):
        assert [one.name for one in settings.targets] == names
        assert settings.model_dump(mode="json")["targets"] == names  # names alone are written as ever
    with pytest.raises(InputError, match=r"targets\.1\.name is .*Field required"):
        load_settings(assignments=['targets=["vad",{nme="gender"}]'], environment={})


def test_tables_within_lists_survive_the_way_through_toml(tmp_path: Path) -> None:
    given = {"name": "any", "a b": [1.5, float("inf")], "none": None, "deep": {"is": True}}
    file = tmp_path / "settings.toml"
    file.write_text(settings_toml(load_settings(environment={}).model_copy(update={"targets": (Component(**given),)})))
    del given["none"]
    assert read_toml(file)["targets"] == [given]


def test_infinity_and_any_letter_survive_the_way_through_toml(tmp_path: Path) -> None:
    settings = load_settings(assignments=["training.clip_norm=inf", "text.name=hf", "text.model=😀"])
    file = tmp_path / "settings.toml"
    file.write_text(settings_toml(settings), encoding="utf-8")
    assert check_settings(read_toml(file)) == settings


def test_paper_is_32_in_micro_batches_of_8() -> None:
    paper = load_settings("paper").training
    literal = load_settings("paper-128").training
    assert (paper.batch, paper.micro_batch, paper.ccc_scope) == (32, 8, "micro")
    assert (literal.batch, literal.micro_batch) == (128, 32)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("fusion.hiden=3", r"unknown option 'fusion\.hiden'\. Did you mean 'hidden'\?"),
        ("fusion.name=fm_moe", r"unknown fusion 'fm_moe'\. Did you mean 'fm-moe'\?"),
        ("training.epoch=3", r"unknown option 'training\.epoch'\. Did you mean 'epochs'\?"),
        ("training.epochs=0", r"training\.epochs is 0: Input should be greater than or equal to 1"),
        ("fusoin.hidden=3", r"unknown option 'fusoin'\. Did you mean 'fusion'\?"),
        ("fusion", r"--set fusion: expected section\.option=value"),
    ],
)
def test_a_wrong_setting_is_named_by_its_path(assignment: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_settings("tiny", assignments=[assignment])


def test_options_that_nobody_gave_are_left_to_where_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    load = Plugin.load
    monkeypatch.setattr(Plugin, "load", lambda plugin: loaded.append(plugin.name) or load(plugin))
    load_settings(environment={})
    assert loaded == []
    load_settings(assignments=["fusion.hidden=8"], environment={"MSFTK_F0__NAME": "dio"})
    assert loaded == ["dio", "fm-moe"]


def test_unknown_preset_and_source_are_named() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown preset 'papre'\. Did you mean 'paper'\?"):
        load_settings("papre")
    with pytest.raises(UnknownNameError, match=r"unknown semantic-source 'lse'\. Did you mean 'les'\?"):
        load_settings(flags={"semantics": ("gs", "lse")})


def test_a_missing_or_broken_toml_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml: cannot be read"):
        load_settings(file=tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[training\n")
    with pytest.raises(InputError, match=r"bad\.toml: not valid TOML: .*line 1"):
        load_settings(file=tmp_path / "bad.toml")


@pytest.mark.parametrize("value", ["9" * 5_000, "[" * 50_000], ids=["digits", "depth"])
def test_numbers_and_depths_beyond_the_parser_are_no_toml(tmp_path: Path, value: str) -> None:
    (tmp_path / "bad.toml").write_text(f"[training]\nlearning_rate = {value}\n")
    with pytest.raises(InputError, match=r"bad\.toml: not valid TOML"):
        load_settings(file=tmp_path / "bad.toml")
    with pytest.raises(InputError, match=r"training\.epochs"):
        load_settings(assignments=[f"training.epochs={value}"])


@pytest.mark.parametrize(
    "assignment", ["training.learning_rate=inf", "training.weight_decay=1e400", "data.seconds_kept=nan"]
)
def test_a_number_without_end_is_refused(assignment: str) -> None:
    with pytest.raises(InputError, match=assignment.partition("=")[0]):
        load_settings(assignments=[assignment], environment={})
