"""The engine that runs preparation, and what the work is that it is given.

Work is an object that is called with an item. It holds plain values (settings, the place of a store, what to make), so
that an engine may send it to another process, and builds what it needs there, when it is first called. Its attribute
`wants` says of what there can be many at once: "cpu-kernel" (as many as cores), "model" (one), "network" (many).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from msftk.errors import InputError
from msftk.interfaces import Engine
from msftk.registry import registry
from msftk.settings import Component, Settings

Item = TypeVar("Item")

FEW = 16  # items of a batch at most ...
ROUNDS = 64  # ... of a corpus so large that each worker gets so many batches


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


def few_at_a_time(
    items: Iterable[Item], n_items: int, workers: int, least: int = 1, most: int = FEW
) -> Iterator[tuple[Item, ...]]:
    """Batches of quick work: to hand one item to a worker costs as much as to find it done.

    A small corpus is handed out by `least`, so that no worker waits long for another at the end.
    """
    size = min(most, max(least, n_items // (workers * ROUNDS)))
    left = iter(items)
    while batch := tuple(islice(left, size)):
        yield batch
