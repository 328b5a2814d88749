"""A module as an ONNX file, by torch's exporter."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from msftk.errors import InputError
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
    file. Raises PackageMissingError without the extra "export", InputError for what no graph can hold.
    """
    with from_extra("export", "msftk export"):
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    with _quiet(), torch.no_grad():
        made = _traced(module, example, free, inputs, outputs)
        _tidy(made.model)
        made.save(path)
    opset: int = made.model.opset_imports[""]
    return opset


def _traced(
    module: nn.Module,
    example: Mapping[str, Any],
    free: Mapping[str, Any],
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> Any:
    try:
        return torch.onnx.export(
            module,
            (),
            kwargs=dict(example),
            dynamo=True,
            dynamic_shapes=dict(free),
            input_names=inputs,
            output_names=outputs,
            verbose=False,
        )
    except torch.onnx.OnnxExporterError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise InputError(
            f"a part of this network cannot be written as a graph ({reason}). Where the part is a plugin of yours, let "
            "it compute all recordings of a batch alike, without a look at the numbers; else predict with the run."
        ) from error


def _tidy(model: Any) -> None:
    """Models that have an encoder in common hold its weights once, and compute it once; no line of code that made a
    node, and so no path of this machine, stays beside it."""
    with from_extra("export", "msftk export"):
        import onnx_ir
        from onnx_ir.passes import common
    for value in model.graph.initializers.values():
        whole = np.ascontiguousarray(value.const_value.numpy())  # else they cannot be hashed
        value.const_value = onnx_ir.tensor(whole.reshape(value.const_value.shape.numpy()), name=value.name)
    share = (common.DeduplicateHashedInitializersPass(), common.CommonSubexpressionEliminationPass())
    for one in (*share, common.ClearMetadataAndDocStringPass()):
        one(model)


@contextmanager
def _quiet() -> Iterator[None]:
    """torch and onnx_ir tell of packages that they could also use, and of what they will change some day."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnx_ir")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
