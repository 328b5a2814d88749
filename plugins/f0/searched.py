"""The options that every F0 engine has: where it looks."""

from __future__ import annotations

from pydantic import Field, model_validator

from msftk import interfaces
from msftk.prosody.f0 import F0_CEIL_HZ, F0_FLOOR_HZ


class SearchRange(interfaces.Options):
    """Lowest and highest F0 that is looked for."""

    floor_hz: float = Field(F0_FLOOR_HZ, ge=20, le=2000, description="lowest F0")
    ceil_hz: float = Field(F0_CEIL_HZ, ge=40, le=4000, description="highest F0")

    @model_validator(mode="after")
    def _ordered(self) -> SearchRange:
        if self.floor_hz >= self.ceil_hz:
            raise ValueError(f"floor_hz {self.floor_hz:g} must lie below ceil_hz {self.ceil_hz:g}")
        return self
