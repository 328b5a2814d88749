from __future__ import annotations

from typing import Any

import pytest

from msftk import interfaces
from msftk.registry import registry
from msftk.testing import check_adaptation


@pytest.mark.parametrize("name", registry().names("adaptation"))
def test_every_shipped_adaptation_keeps_the_contract(name: str) -> None:
    check_adaptation(name)


class Nothing(interfaces.Adaptation):
    """Does not read what it stores."""

    class Options(interfaces.Options):
        pass

    def __init__(self, options: Options) -> None:
        pass

    def encoder(self, plan: interfaces.EncoderPlan, config: str | None) -> Any:
        return plan.make(config)

    def stored(self, plan: interfaces.EncoderPlan) -> Any:
        return object()


def test_an_encoder_that_does_not_read_what_is_stored_is_found() -> None:
    with pytest.raises(AssertionError, match="stored\\(\\) gives something that its encoder does not read"):
        check_adaptation(Nothing)
