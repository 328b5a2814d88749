"""Which plugins are installed, and how a name becomes a component."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy
from pydantic import ValidationError

from msftk.adoption import adopt
from msftk.errors import InputError, UnknownNameError, did_you_mean
from msftk.hookspecs import KINDS, Kind, hooks_of
from msftk.interfaces import Options

GROUP = "msftk"  # entry-point group


@dataclass(frozen=True)
class Plugin:
    """One registered component: `target` is "package.module:Class", `package` the distribution that brought it."""

    kind: Kind
    name: str
    target: str
    help: str
    package: str

    def load(self) -> type[Any]:
        """Imports the class and adopts it into its kind. Raises InputError that names the package if that fails."""
        module, _, attribute = self.target.partition(":")
        try:
            loaded: type[Any] = getattr(importlib.import_module(module), attribute)
        except Exception as error:  # a stranger's module may hold anything, a syntax error too
            raise InputError(
                f"{self.kind.name} '{self.name}' of package {self.package} cannot be imported from {self.target}: "
                f"{type(error).__name__}: {error}. Repair or reinstall that package."
            ) from error
        if not hasattr(loaded, "Options"):
            raise InputError(
                f"{self.kind.name} '{self.name}' of package {self.package}: {self.target} has no Options. "
                "Give it a model that inherits from msftk.interfaces.Options."
            )
        if isinstance(loaded, type):
            adopt(loaded, self.kind.base)
        return loaded


@dataclass(frozen=True)
class Broken:
    """A plugin package, or one of its names, that could not be taken, and why."""

    package: str
    error: str


class Registry:
    """All plugins of a set of entry points. A broken one is listed in `broken` while the rest works."""

    def __init__(self, found: Iterable[EntryPoint], kinds: Sequence[Kind] = KINDS) -> None:
        self.kinds = kinds
        self._hooks = [kind.hook for kind in kinds]
        self._plugins: dict[tuple[str, str], Plugin] = {}
        self._clashes: dict[tuple[str, str], str] = {}
        self.broken: list[Broken] = []
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hooks_of(kinds))
        for entry_point in sorted(found, key=lambda e: (not e.value.startswith("msftk_plugins."), e.name)):
            package = f"{entry_point.dist.name} {entry_point.dist.version}" if entry_point.dist else entry_point.value
            try:
                self.add(entry_point.load(), package)
            except (Exception, SystemExit) as error:  # a stranger's package may fail in any way; msftk must go on
                self.broken.append(Broken(package, f"{type(error).__name__}: {error}"))

    def add(self, module: Any, package: str) -> None:
        """Takes a hook module, also one that no installed package names: a script's or a notebook's."""
        self._manager.register(module)
        try:
            self._manager.check_pending()  # pluggy lets a misspelled hook name pass until asked
        except pluggy.PluginValidationError as error:
            self._manager.unregister(module)
            raise UnknownNameError(self._misspelled(module)) from error
        callers = self._manager.get_hookcallers(module)
        if not callers:
            raise InputError(
                f"no hook in {module.__name__}: expected, under @hookimpl, one of {', '.join(self._hooks)}."
            )
        for caller in callers:
            kind = next(kind for kind in self.kinds if kind.hook == caller.name)

            def register(name: str, target: str, help: str = "", kind: Kind = kind) -> None:
                self._add(Plugin(kind, name, target, help, package))

            others = [plugin for plugin in self._manager.get_plugins() if plugin is not module]
            self._manager.subset_hook_caller(caller.name, others)(register=register)

    def _misspelled(self, module: Any) -> str:
        wrong = [n for n in vars(module) if self._manager.parse_hookimpl_opts(module, n) and n not in self._hooks]
        near = did_you_mean(wrong[0], self._hooks).strip()
        return f"unknown hook '{wrong[0]}'. {near or 'Known: ' + ', '.join(self._hooks)}"

    def _add(self, plugin: Plugin) -> None:
        key = (plugin.kind.name, plugin.name)
        first = self._plugins.setdefault(key, plugin)
        if first is not plugin:
            clash = (
                f"{plugin.kind.name} '{plugin.name}' is registered twice, by {first.package} and by {plugin.package}. "
                "Uninstall one of them."
            )
            self._clashes[key] = clash
            self.broken.append(Broken(plugin.package, clash))

    def plugins(self, kind: str | None = None) -> list[Plugin]:
        """Registered plugins of a kind (or of all), in the order of the kinds, then by name."""
        chosen = (plugin for plugin in self._plugins.values() if kind in (None, plugin.kind.name))
        return sorted(chosen, key=lambda plugin: (self.kinds.index(plugin.kind), plugin.name))

    def names(self, kind: str) -> list[str]:
        return [plugin.name for plugin in self.plugins(kind)]

    def get(self, kind: str, name: str) -> Plugin:
        """Raises UnknownNameError with the nearest names, InputError where two packages claim the name."""
        if clash := self._clashes.get((kind, name)):
            raise InputError(clash)
        if plugin := self._plugins.get((kind, name)):
            return plugin
        broken = "".join(f" Package {b.package} did not load: {b.error}." for b in self.broken)
        raise UnknownNameError(
            f"unknown {kind} '{name}'. {did_you_mean(name, self.names(kind))}"
            f"Installed: {', '.join(self.names(kind)) or 'none'}.{broken}"
        )

    def loaded(self, kind: str) -> Iterator[tuple[Plugin, type[Any]]]:
        """Plugins of a kind and their classes, in the order of registration, without those that cannot be loaded."""
        for plugin in self._plugins.values():
            if plugin.kind.name == kind:
                with suppress(InputError):
                    yield plugin, plugin.load()

    def first(self, kind: str, ability: str, value: object) -> Plugin:
        """The first of a kind, in the order of registration, whose `ability` is `value`: reads_acoustics, False.

        Raises UnknownNameError if there is none.
        """
        for plugin, component in self.loaded(kind):
            if getattr(component, ability) == value:
                return plugin
        raise UnknownNameError(f"no {kind} with {ability} = {value} is installed. Install a plugin that has it.")

    def options(self, kind: str, name: str, values: Mapping[str, object]) -> Options:
        """Checks option values against the component's `Options`; an error names the path and the nearest names."""
        plugin = self.get(kind, name)
        model: type[Options] = plugin.load().Options
        try:
            return model.model_validate(dict(values))
        except ValidationError as error:
            listed = f"{plugin.kind.listed}.{name}" if plugin.kind.listed else kind
            raise option_error(error, plugin.kind.section or listed, model.model_fields) from error

    def create(self, kind: str, name: str, values: Mapping[str, object] | None = None, **sizes: Any) -> Any:
        """Builds component `name` with its options; `sizes` are what the kind's contract adds (dims, groups)."""
        options = self.options(kind, name, values or {})
        plugin = self.get(kind, name)
        component = plugin.load()(options, **sizes)
        adopt(type(component), plugin.kind.base)  # what a function built, as `FeatureRule` does, is adopted here
        return component


def option_error(error: ValidationError, section: str, known: Iterable[str]) -> InputError:
    """One line for the first thing that pydantic refused, in msftk's words: path, what was found, what would do."""
    first = error.errors()[0]
    path = ".".join([section, *(str(part) for part in first["loc"])]).lstrip(".")
    if first["type"] == "extra_forbidden":
        name = str(first["loc"][-1])
        return UnknownNameError(
            f"unknown option '{path}'. {did_you_mean(name, known)}Known here: {', '.join(sorted(known)) or 'none'}."
        )
    why = first["msg"].removeprefix("Value error, ")  # of a validator of our own
    return InputError(f"{path} is {first.get('input')!r}: {why}. Correct it in the settings file or by --set.")


@cache
def registry() -> Registry:
    """The registry of every installed package, read once a process."""
    return Registry(entry_points(group=GROUP))
