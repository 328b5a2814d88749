"""Plugins: found, clashing, broken, misspelled, unknown."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from msftk.errors import InputError, UnknownNameError
from msftk.hookspecs import hookimpl
from msftk.registry import Registry, registry

OURS = EntryPoint("msftk", "msftk_plugins.hooks", "msftk")


def stranger(name: str, **hooks: Callable[..., None]) -> EntryPoint:
    module = types.ModuleType(name)
    for hook, function in hooks.items():
        setattr(module, hook, hookimpl(function))
    sys.modules[name] = module
    return EntryPoint(name, name, "msftk")


def test_every_built_in_plugin_imports_and_documents_itself() -> None:
    assert registry().broken == []
    for plugin in registry().plugins():
        component = plugin.load()
        assert component.__doc__, plugin
        assert component.Options.model_config["extra"] == "forbid", plugin


def test_unknown_name_lists_the_nearest_and_the_installed() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown fusion 'fm_moe'\. Did you mean 'fm-moe'\? Installed: .*film"):
        registry().get("fusion", "fm_moe")


def test_unknown_option_lists_the_nearest_with_its_path() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown option 'fusion\.hiden'\. Did you mean 'hidden'\? Known here:"):
        registry().options("fusion", "fm-moe", {"hiden": 3})


def test_wrong_option_value_names_path_and_value() -> None:
    with pytest.raises(InputError, match=r"fusion\.hidden is 'many': Input should be a valid integer"):
        registry().options("fusion", "fm-moe", {"hidden": "many"})


def test_a_name_registered_twice_is_an_error_that_names_both_packages() -> None:
    def register_fusions(register: Callable[..., None]) -> None:
        register("film", "elsewhere:Film")

    found = Registry([OURS, stranger("another_film", register_fusions=register_fusions)])
    message = (
        r"fusion 'film' is registered twice, by msftk_plugins\.hooks and by another_film\. Uninstall one of them\."
    )
    with pytest.raises(InputError, match=message):
        found.get("fusion", "film")
    assert [b.package for b in found.broken] == ["another_film"]
    assert found.get("fusion", "concat").name == "concat"


def test_a_plugin_that_fails_to_import_is_listed_while_the_rest_works() -> None:
    found = Registry([OURS, EntryPoint("gone", "package_that_is_not_there", "msftk")])
    assert "package_that_is_not_there" in found.broken[0].error
    assert found.get("fusion", "fm-moe")


def test_a_misspelled_hook_is_listed() -> None:
    def register_fusion(register: Callable[..., None]) -> None:
        register("x", "x:X")

    found = Registry([OURS, stranger("misspelled", register_fusion=register_fusion)])
    assert "unknown hook 'register_fusion'. Did you mean 'register_fusions'?" in found.broken[0].error
    assert "x" not in found.names("fusion")


def test_a_module_without_any_hook_is_listed() -> None:
    found = Registry([OURS, stranger("hookless")])
    assert "no hook in hookless: expected, under @hookimpl, one of register_corpora" in found.broken[0].error


def test_a_hook_module_that_ends_the_program_is_listed() -> None:
    def register_fusions(register: Callable[..., None]) -> None:
        raise SystemExit("goodbye")

    found = Registry([OURS, stranger("quitter", register_fusions=register_fusions)])
    assert found.broken[0].error == "SystemExit: goodbye"
    assert found.get("fusion", "fm-moe")


def test_a_component_that_fails_while_it_is_imported_names_the_package(tmp_path: Path, monkeypatch) -> None:
    def register_fusions(register: Callable[..., None]) -> None:
        register("torn", "torn_module:Torn")

    (tmp_path / "torn_module.py").write_text("class Torn(\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = Registry([stranger("torn", register_fusions=register_fusions)])
    with pytest.raises(InputError, match=r"fusion 'torn' of package torn cannot be imported from .* SyntaxError"):
        found.get("fusion", "torn").load()


def test_a_component_without_options_names_the_package() -> None:
    def register_fusions(register: Callable[..., None]) -> None:
        register("bare", "msftk.types:Tier")

    found = Registry([stranger("barely", register_fusions=register_fusions)])
    with pytest.raises(
        InputError, match=r"fusion 'bare' of package barely: msftk\.types:Tier has no Options\. Give it"
    ):
        found.options("fusion", "bare", {})


def test_a_class_that_is_not_there_names_the_package() -> None:
    def register_fusions(register: Callable[..., None]) -> None:
        register("ghost", "msftk.types:Ghost")

    found = Registry([stranger("ghostly", register_fusions=register_fusions)])
    with pytest.raises(
        InputError, match=r"fusion 'ghost' of package ghostly cannot be imported from msftk\.types:Ghost"
    ):
        found.get("fusion", "ghost").load()


def test_the_first_with_an_ability_is_found_past_those_that_do_not_load() -> None:
    def register_fusions(register: Callable[..., None]) -> None:
        register("a-broken-one", "nowhere:Fusion")

    def register_heads(register: Callable[..., None]) -> None:
        register("broken", "nowhere:Head")

    found = Registry([OURS, stranger("broken_parts", register_fusions=register_fusions, register_heads=register_heads)])
    assert found.first("fusion", "reads_acoustics", False).name == "semantics-only"
    assert [plugin.name for plugin, _ in found.loaded("head")] == [
        plugin.name for plugin, _ in Registry([OURS]).loaded("head")
    ]
    with pytest.raises(UnknownNameError, match=r"no head with results_version = 9 is installed"):
        found.first("head", "results_version", 9)
