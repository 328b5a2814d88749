"""What stored features of a pretrained encoder share: its identity, and the encoder, loaded when first needed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from msftk.consent import consent, consenting
from msftk.errors import InputError
from msftk.interfaces import EncoderPlan, StoredFeatures
from msftk.types import Float32


class ModelFeatures(StoredFeatures):
    """Features of the encoder of `plan`.

    Raises InputError for an encoder that normalises by what it finds in the training part.
    """

    no_results: ClassVar[tuple[str, ...]] = ("gradient_checkpointing", "compile")

    def __init__(self, plan: EncoderPlan) -> None:
        self.plan = plan
        self.consent = consent()  # of who builds it: the model may be loaded later, and in another thread
        kind: Any = plan.kind
        if why := kind.unstorable(plan.options):
            raise InputError(why)

    def identity(self) -> Mapping[str, str]:
        """The model by the hash of its files. One that is fetched first is loaded for that."""
        kind: Any = self.plan.kind
        if not kind.source(self.plan.options)["model"].startswith("sha256:"):
            _ = self.encoder
        return dict(kind.source(self.plan.options))

    def config(self, example: Float32) -> str:
        """Shape and model."""
        return json.dumps({"shape": list(example.shape), "identity": dict(self.identity())}, sort_keys=True)

    @cached_property
    def encoder(self) -> Any:
        from msftk_plugins.acoustic.frozen import frozen

        with consenting(self.consent):
            return frozen(self.plan.make)
