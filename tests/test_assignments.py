"""What settings are given as: texts with a path, environment variables, tables, and how one is laid over another."""

from __future__ import annotations

from pathlib import Path

import pytest

from msftk.assignments import assigned, environment_pairs, gathered, lay, read_preset, read_toml
from msftk.errors import InputError, UnknownNameError


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("fusion.hidden=256", ("fusion.hidden", 256)),
        ("fusion.name = film", ("fusion.name", "film")),
        ("training.clip_norm=inf", ("training.clip_norm", float("inf"))),
        ("data.clip_predictions=true", ("data.clip_predictions", True)),
        ('semantics=["gs", "les"]', ("semantics", ["gs", "les"])),
        ("text.revision=2024-01-31", ("text.revision", "2024-01-31")),
        ("acoustic.model=a=b", ("acoustic.model", "a=b")),
        ("words=", ("words", "")),
    ],
)
def test_a_text_is_a_path_and_a_toml_value_or_else_a_string(text: str, pair: tuple[str, object]) -> None:
    assert assigned(text) == pair


@pytest.mark.parametrize("text", ["fusion", "=3", " =3"])
def test_a_text_without_path_or_value_is_refused_with_the_form_of_its_command(text: str) -> None:
    with pytest.raises(InputError, match=f"--set {text}: expected section.option=value, e.g. fusion.hidden=256"):
        assigned(text)
    with pytest.raises(InputError, match=f"--set {text}: expected option=value"):
        assigned(text, "option=value")


def test_of_one_path_the_last_value_counts() -> None:
    assert gathered([("a.b", 1), ("a.c.d", 2), ("a.b", 3), ("e", 4)]) == {"a": {"b": 3, "c": {"d": 2}}, "e": 4}


def test_only_names_with_two_underscores_are_settings() -> None:
    environment = {"MSFTK_FUSION__HIDDEN": "8", "MSFTK_STORE": "/x", "HOME": "/y", "MSFTK_FUSION__NAME": "film"}
    assert environment_pairs(environment) == [("fusion.hidden", 8), ("fusion.name", "film")]


def test_another_name_drops_the_options_of_the_former_and_the_changed_sections_are_told() -> None:
    merged = {"fusion": {"name": "film", "hidden": 8}, "emphasis": {"name": "lemf"}}
    changed = lay(merged, {"fusion": {"name": "concat"}, "emphasis": {"f0": "dio"}})
    assert merged == {"fusion": {"name": "concat"}, "emphasis": {"name": "lemf"}, "f0": {"name": "dio"}}
    assert {"fusion", "f0"} <= set(changed)
    lay(merged, {"fusion": {"group_merge": "gated"}})
    assert merged["fusion"] == {"name": "concat", "group_merge": "gated"}


def test_a_preset_holds_what_it_extends() -> None:
    assert read_preset("paper-128")["training"] == {
        **read_preset("paper-32")["training"],
        "batch": 128,
        "micro_batch": 32,
    }
    with pytest.raises(UnknownNameError, match=r"unknown preset 'papre'\. Did you mean 'paper'\?"):
        read_preset("papre")


def test_a_toml_file_may_have_a_mark_and_a_broken_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_bytes(b'\xef\xbb\xbf[fusion]\nname = "film"\n')
    assert read_toml(tmp_path / "s.toml") == {"fusion": {"name": "film"}}
    (tmp_path / "s.toml").write_bytes(b'[fusion]\nname = "\xff"\n')
    with pytest.raises(InputError, match=r"s\.toml:2: byte 0xff is not UTF-8"):
        read_toml(tmp_path / "s.toml")
