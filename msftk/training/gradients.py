"""Whether what should learn has a gradient: an adapter that nothing hears would train for days and change nothing."""

from __future__ import annotations

from msftk.errors import MsftkError
from msftk.models.network import SerNetwork

STEPS = 3  # heads start at zero, and so does one factor of an adapter: each keeps what is before it still for a step


class Learning:
    """Notes which parameters of the acoustic encoder had a gradient in the first steps of a run."""

    def __init__(self) -> None:
        self._taught: set[str] = set()

    def note(self, network: SerNetwork, step: int) -> None:
        """After the gradients of a step (1-based) are there.

        Raises MsftkError at the third, where one that `must_learn` names has had none.
        """
        if step > STEPS:
            return
        gradients = {name: own.grad for name, own in network.acoustic.named_parameters()}
        self._taught |= {name for name, gradient in gradients.items() if gradient is not None and bool(gradient.any())}
        idle = sorted(set(network.acoustic.must_learn()) - self._taught)
        if step == STEPS and idle:
            raise MsftkError(
                f"{len(idle)} parameters of the acoustic encoder had no gradient in the first {STEPS} steps, first "
                f"{idle[0]}: they would never learn. Adapt other layers (adaptation.targets), or for WavLM take "
                "msftk's attention (acoustic.attention=auto), which hears adapters that transformers' own passes by."
            )
