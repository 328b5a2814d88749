"""What the runs of one process share: the inputs of the last one, for the next that prepares alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msftk.assignments import LISTS
from msftk.hookspecs import KINDS
from msftk.interfaces import AcousticEncoder, Adaptation
from msftk.interfaces.preparation import Engine, PreparationComponent
from msftk.runs.inputs import Inputs
from msftk.settings import Settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest

MAKES_INPUTS = (PreparationComponent, Engine, AcousticEncoder, Adaptation)
AFTER_INPUTS = {kind.section for kind in KINDS if kind.section and not issubclass(kind.base, MAKES_INPUTS)}
AFTER_INPUTS |= {"preset", "training", *LISTS}


class SharedInputs:
    """Keeps one `Inputs`, of the run before: several would not fit in memory."""

    def __init__(self) -> None:
        self._of: tuple[Any, ...] = ()
        self._inputs: Inputs | None = None

    def get(
        self, corpus: Manifest, settings: Settings, store: Store, folds: str | None, make: Callable[[], Inputs]
    ) -> Inputs:
        """The last inputs where corpus, store, folds and all settings that have a say in inputs are the same."""
        plain = settings.model_dump(exclude=AFTER_INPUTS)
        key = (id(corpus), plain, store.root, folds)
        if self._inputs is None or self._of != key:
            self._inputs = None  # before the new ones are made
            self._inputs, self._of = make(), key
        return self._inputs
