"""The components of a preparation, built once: what the settings name, its places in the store, and the engine."""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self

from msftk.adaptation import stored_features
from msftk.consent import Consent, consent, consenting
from msftk.errors import MsftkError
from msftk.interfaces import Need
from msftk.preparation.engine import make_engine
from msftk.preparation.material import Material, open_shelves
from msftk.preparation.parts import Part, acoustic_part, make_parts
from msftk.settings import Settings
from msftk.store.features import Store
from msftk.store.memory import MemoryStore
from msftk.store.shelf import Shelf
from msftk.types import Alignment, Float32, Utterance


class Components:
    """What makes the things of an utterance. Models stay loaded; threads may share them.

    An engine may send them to other processes: they travel as settings, a store's place and what the caller allows, and
    are built there once.

    Args:
        needs: what is made beside what the settings' semantic sources need, such as "emphasis".
        workers: None: as the engine's settings say.
    Raises:
        InputError: a component that the settings name cannot be built (missing package or file).
    """

    def __init__(
        self, settings: Settings, store: Store, *, needs: tuple[Need, ...] = (), workers: int | None = None
    ) -> None:
        self.settings = settings
        self.needs = needs
        self.consent = consent()  # of this very call: it holds too where the work is sent
        self.parts = make_parts(settings, needs)
        self.engine = make_engine(settings.engine, workers)
        self._text_dim: int | None = None
        self._features = stored_features(settings)
        self._open(store)

    def _open(self, store: Store) -> None:
        self.store = store
        self.shelves = open_shelves(self.parts, store)
        encoder = self.parts.encoder
        self.text_shelf = store.shelf(encoder.producer) if encoder else None
        of_parts = any(part.component.means_a_part for part in self.parts.sources)
        self.token_shelf = store.shelf({**encoder.producer, "granularity": "token"}) if encoder and of_parts else None

    def at(self, store: Store) -> Self:
        """The same components, none of them built or loaded again, with their places in another store."""
        one = object.__new__(type(self))  # a copy is how it is sent
        vars(one).update({name: value for name, value in vars(self).items() if name != "acoustic_shelf"})
        one._open(store)
        return one

    @cached_property
    def acoustic(self) -> Part | None:
        """What makes stored acoustic features, None where the settings store none; asking hashes the model."""
        return None if self._features is None else acoustic_part(self.settings, self._features)

    @cached_property
    def acoustic_shelf(self) -> Shelf | None:
        return None if self.acoustic is None else self.store.shelf(self.acoustic.producer)

    def material(
        self, utterance: Utterance, samples: Float32 | None = None, alignment: Alignment | None = None
    ) -> Material:
        return Material(utterance, self.parts, self.shelves, samples, alignment)

    def __reduce__(self) -> tuple[Any, ...]:
        if isinstance(self.store, MemoryStore):
            raise MsftkError("a store in memory cannot be sent to other processes. Give the work a store on disk.")
        return _built_here, (self.settings.model_dump_json(), str(self.store.root), self.needs, self.consent)


@cache
def _built_here(settings: str, store: str, needs: tuple[Need, ...], allowed: Consent) -> Components:
    """The components that were sent to this process, built once for all the work that comes with it."""
    with consenting(allowed):
        return Components(Settings.model_validate_json(settings), Store(Path(store)), needs=needs)
