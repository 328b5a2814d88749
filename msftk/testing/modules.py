"""What the checks of trained parts share: built alike, shapes and values compared, learned, saved and loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msftk.testing.shared import require

if TYPE_CHECKING:
    from torch import Tensor, nn

# Float32 sums in another order (other batch size, other padding) differ by a few units in the last place; a leak from
# padding or from an absent input is far larger.
TOLERANCE = 1e-4


def module_of(build: Callable[[], Any]) -> Any:
    """A freshly built nn.Module in evaluation mode, always with the same weights."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    module = build()
    require(isinstance(module, nn.Module), f"{type(module).__name__} is not a torch.nn.Module")
    return module.eval()


def learns_and_saves(module: nn.Module, build: Callable[[], Any], run: Callable[[Any], list[Tensor]]) -> None:
    """`run` gives the same twice, its gradient reaches every parameter, and saved weights give the same again."""
    import torch
    from safetensors.torch import load, save

    name = type(module).__name__
    with torch.no_grad():
        for parameter in module.parameters():  # a layer that starts at zero blocks the gradient of those before it
            parameter.add_(0.1 * torch.randn_like(parameter))
    first, second = run(module), run(module)
    for one, other in zip(first, second, strict=True):
        require(torch.equal(one, other), f"{name} in evaluation mode gives two results for one input")
    trainable = {k: p for k, p in module.named_parameters() if p.requires_grad}
    if trainable:
        sum((one * torch.randn_like(one)).sum() for one in first).backward()  # type: ignore[union-attr]
        idle = [k for k, p in trainable.items() if p.grad is None or not p.grad.any()]
        require(not idle, f"{name}: no gradient reaches {', '.join(idle)}; use them, or set requires_grad = False")
        module.zero_grad()
    state = load(save({k: v.contiguous() for k, v in module.state_dict().items()}))
    torch.manual_seed(1)
    loaded = build().eval()
    loaded.load_state_dict(state)
    for one, other in zip(first, run(loaded), strict=True):
        close_to(f"{name} gives another result after save and load: keep what it fitted in buffers", other, one)


def has_shape(what: str, tensor: Tensor, expected: tuple[int, ...]) -> None:
    require(tuple(tensor.shape) == expected, f"{what} has shape {list(tensor.shape)}: expected {list(expected)}")


def close_to(failure: str, found: Tensor, expected: Tensor) -> None:
    import torch

    found, expected = found.detach(), expected.detach()
    off = float((found - expected).abs().max())
    scale = max(1.0, float(expected.abs().max()))
    require(torch.allclose(found, expected, atol=TOLERANCE * scale), f"{failure} (by {off:.2g})")
