"""A module as an ONNX file, by torch's exporter."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from msftk.extras import from_extra


def to_onnx(
    module: nn.Module,
    path: Path,
    example: Mapping[str, Any],
    free: Mapping[str, Any],
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> int:
    """Writes what `module` computes of its arguments `example`, and returns the opset that it needs.

    `free`: of each argument, dimension -> the name of a size that may be any; `inputs`, `outputs`: their names in the
    file. Raises PackageMissingError without the extra "export".
    """
    with from_extra("export", "msftk export"):
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    with _quiet(), torch.no_grad():
        made = torch.onnx.export(
            module,
            (),
            kwargs=dict(example),
            dynamo=True,
            dynamic_shapes=dict(free),
            input_names=inputs,
            output_names=outputs,
            verbose=False,
        )
        assert made is not None
        made.save(path)
    opset: int = made.model.opset_imports[""]
    return opset


@contextmanager
def _quiet() -> Iterator[None]:
    """torch tells of packages that it could also use, and of what it will change some day."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
