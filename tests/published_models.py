"""Tiny models laid out exactly as the published ones: names and shapes as in fixtures/published, random values.

Each record names its source, and the real sizes; here the sizes are small and nothing else differs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

RECORDS = Path(__file__).parent / "fixtures" / "published"
NAMES = tuple(sorted(path.stem for path in RECORDS.glob("*.json")))
SMALL = {
    "hidden": 32,
    "heads": 2,
    "head": 16,
    "ff": 48,
    "conv": 16,
    "twice": 64,
    "width": 24,
    "positions": 16,
    "groups": 4,
    "position_width": 8,
    "layers": 3,
    "states": 4,
}
SMALLER = {"vox-profile-whisper": {"hidden": 128, "ff": 64, "mels": 80, "vocabulary": 20, "targets": 8}}


def record(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((RECORDS / f"{name}.json").read_text(encoding="utf-8"))
    return content


def sizes_of(name: str, **changed: int) -> dict[str, int]:
    """The small sizes of a record; of a layout whose sizes are the published ones (Wav2Small) these."""
    published = record(name)["sizes"]
    return {size: {**SMALL, **SMALLER.get(name, {})}.get(size, real) for size, real in published.items()} | changed


def tensors_of(name: str, sizes: dict[str, int], seed: int = 0) -> dict[str, Tensor]:
    """Random tensors under the published names, in the published shapes."""
    draw = torch.Generator().manual_seed(seed)
    made: dict[str, Tensor] = {}
    for pattern, shape in record(name)["tensors"].items():
        for layer in range(sizes["layers"]) if "{layer}" in pattern else (0,):
            numbers = [sizes[one] if isinstance(one, str) else one for one in shape]
            made[pattern.format(layer=layer)] = _drawn(pattern, numbers, draw)
    return made


def _drawn(name: str, shape: list[int], draw: torch.Generator) -> Tensor:
    noise = torch.randn(shape, generator=draw)
    if name.endswith("num_batches_tracked"):
        return torch.tensor(7)
    if name.endswith("amin"):
        return torch.tensor([1e-10])
    if name.endswith(("running_var", "melW")):
        return noise.abs() + 0.1
    if name.endswith("norm.weight"):
        return 1 + 0.2 * noise
    if len(shape) < 2:
        return 0.2 * noise
    return noise / torch.tensor(shape[1:]).prod().sqrt()


def write_published(name: str, folder: Path, seed: int = 0, **sizes: int) -> Path:
    """The folder that a user has of that model: config.json and model.safetensors."""
    chosen = sizes_of(name, **sizes)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(_filled(record(name)["config"], chosen)), encoding="utf-8")
    save_file(tensors_of(name, chosen, seed), folder / "model.safetensors")
    return folder


def _filled(value: Any, sizes: dict[str, int]) -> Any:
    """The configuration with numbers where the record has names of sizes."""
    if isinstance(value, dict):
        return {key: _filled(one, sizes) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, sizes) for one in value]
    return sizes.get(value, value) if isinstance(value, str) else value
