"""The engine that runs preparation, and what the work is that it is given.

Work is an object that is called with an item. It holds plain values (settings, the place of a store, what to make), so
that an engine may send it to another process, and builds what it needs there, when it is first called. Its attribute
`wants` says of what there can be many at once: "cpu-kernel" (as many as cores), "model" (one), "network" (many).
"""

from __future__ import annotations

from msftk.errors import InputError
from msftk.interfaces import Engine
from msftk.registry import registry
from msftk.settings import Component, Settings


def make_engine(chosen: Component | None = None, workers: int | None = None) -> Engine:
    """The engine of that name, else the default one; `workers`, if given, goes before its option.

    Raises InputError where `workers` is given and the engine has no such option.
    """
    chosen = chosen or Settings.model_fields["engine"].default
    options = dict(chosen.options)
    if workers is not None:
        if "workers" not in registry().get("engine", chosen.name).load().Options.model_fields:
            raise InputError(
                f"engine '{chosen.name}' does not let the number of its workers be chosen. Leave --workers out."
            )
        options["workers"] = workers
    engine: Engine = registry().create("engine", chosen.name, options)
    return engine
