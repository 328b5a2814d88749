"""Whether what should learn has a gradient: an adapter that nothing hears would train for days and change nothing."""

from __future__ import annotations

from msftk.counting import counted
from msftk.errors import MsftkError
from msftk.models.network import SerNetwork

N_NAMED = 4  # of those without a gradient


class Learning:
    """Notes which parameters of the acoustic encoder had a gradient in the first steps of a run."""

    def __init__(self) -> None:
        self._taught: set[str] = set()

    def note(self, network: SerNetwork, step: int) -> None:
        """After the gradients of a step (1-based) are there.

        Raises MsftkError at the step that `taught_within` tells, where one that `must_learn` names has had none.
        """
        acoustic = network.acoustic
        if step > acoustic.taught_within:
            return
        self._taught |= {
            name
            for name, own in acoustic.named_parameters()
            if name not in self._taught and own.grad is not None and bool(own.grad.any())
        }
        idle = sorted(set(acoustic.must_learn()) - self._taught)
        if step == acoustic.taught_within and idle:
            more = [f"{len(idle) - N_NAMED} more"] if len(idle) > N_NAMED else []
            raise MsftkError(
                f"{counted(len(idle), 'parameter')} of the acoustic encoder had no gradient in the first {step} steps: "
                f"{', '.join(idle[:N_NAMED] + more)}. They would never learn, for nothing that is scored hears them. "
                "Adapt other layers (adaptation.targets), choose another one (acoustic.layer), or give WavLM msftk's "
                "attention (acoustic.attention=auto), which hears adapters that transformers' own passes by."
            )
