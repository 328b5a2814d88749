"""Every built-in keeps its contract, and a broken plugin is told what it breaks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from msftk import testing
from msftk.interfaces import Acoustics, FusionOutput, FusionSizes, Options, SemanticGroup
from msftk.registry import registry

DEMO = Path(__file__).parents[2] / "msftk" / "demo"


@pytest.mark.parametrize("name", registry().names("fusion"))
def test_built_in_fusions_keep_their_contract(name: str) -> None:
    testing.check_fusion(name)


@pytest.mark.parametrize(
    "options",
    [
        {"plugin": "concat", "group_merge": "gated"},
        {"plugin": "film", "film_at": "frames"},
        {"plugin": "cross-attention", "query": "frames"},
        {"plugin": "fm-moe", "expert_c": "cumulative", "router": "conditional", "film_at": "frames"},
    ],
    ids=str,
)
def test_other_forms_of_fusions_keep_their_contract(options: dict[str, str]) -> None:
    chosen = dict(options)
    testing.check_fusion(chosen.pop("plugin"), **chosen)


@pytest.mark.parametrize("name", registry().names("intra-fusion"))
def test_built_in_intra_fusions_keep_their_contract(name: str) -> None:
    testing.check_intra_fusion(name)


def test_scalar_gate_keeps_its_contract() -> None:
    testing.check_intra_fusion("gated", gate="scalar")


def test_other_model_parts_keep_their_contracts() -> None:
    testing.check_pooling("attentive-statistics")
    testing.check_head("regression")
    testing.check_loss("ccc")
    testing.check_acoustic_encoder("logmel", bands=8, channels=8)
    testing.check_acoustic_encoder("functionals", width=8)


@pytest.mark.parametrize("name", registry().names("semantic-source"))
def test_built_in_sources_keep_their_contract(name: str) -> None:
    testing.check_semantic_source(name)


def test_other_parts_of_preparation_keep_their_contracts(tmp_path: Path) -> None:
    testing.check_text_encoder("hashing")
    testing.check_transcriber("none")
    testing.check_describer("measured")
    described = tmp_path / "described.jsonl"
    described.write_text('{"id": "whole", "free_emotion": "glad"}\n')
    testing.check_describer("replay", file=str(described))
    testing.check_emphasis("lemf")
    testing.check_engine("local")
    testing.check_alignment_reader("tables", DEMO / "words.csv", _first_id(DEMO / "words.csv"))
    testing.check_corpus("demo", DEMO)
    testing.check_corpus("csv", DEMO / "manifest.csv", scale=(1, 7))


def _first_id(table: Path) -> str:
    return table.read_text().splitlines()[1].split(",")[0]


class Mean(nn.Module):
    """Mean of padded frames, padding included."""

    Options = Options

    def __init__(self, options: Options, dim: int) -> None:
        super().__init__()
        self.pooled_dim = dim

    def forward(self, frames: Tensor, valid: Tensor) -> Tensor:
        return frames.mean(dim=1)


def test_pooling_that_reads_padding_is_told() -> None:
    with pytest.raises(AssertionError, match="what stands in padded frames changes the pooled vector"):
        testing.check_pooling(Mean)


class Greedy(nn.Module):
    """Weighs an expert whose group is absent."""

    Options = Options

    def __init__(self, options: Options, sizes: FusionSizes) -> None:
        super().__init__()
        self.out_dim = sizes.pooled_dim
        self.expert_names = ("acoustic", "transcript")

    def forward(self, acoustics: Acoustics, groups: Mapping[str, SemanticGroup]) -> FusionOutput:
        experts = torch.stack([acoustics.pooled, acoustics.pooled], dim=1)
        return FusionOutput(experts, torch.full((1, 3, 2), 0.5))


def test_fusion_that_weighs_an_absent_group_is_told() -> None:
    with pytest.raises(AssertionError, match="expert 'transcript' is weighted where its group is absent"):
        testing.check_fusion(Greedy)


class Idle(nn.Module):
    """Has a layer that nothing reads."""

    Options = Options

    def __init__(self, options: Options, dim: int, attributes: tuple[str, ...]) -> None:
        super().__init__()
        self.used, self.unused = nn.Linear(dim, len(attributes)), nn.Linear(1, 1)

    def forward(self, experts: Tensor) -> dict[str, Tensor]:
        return {"value": self.used(experts)}


def test_parameter_that_no_gradient_reaches_is_named() -> None:
    with pytest.raises(AssertionError, match=r"Idle: no gradient reaches unused.weight, unused.bias"):
        testing.check_head(Idle)


def test_component_without_docstring_or_options_is_told() -> None:
    class Bare(nn.Module):
        __doc__ = None

    with pytest.raises(AssertionError, match="Bare has no docstring"):
        testing.check_head(Bare)
    Bare.__doc__ = "Something."
    with pytest.raises(AssertionError, match=r"Bare.Options: expected a subclass of msftk.interfaces.Options"):
        testing.check_head(Bare)


def test_refused_option_is_told() -> None:
    with pytest.raises(AssertionError, match=r"FmMoe.Options refuses \{'hiden': 3\}"):
        testing.check_fusion("fm-moe", hiden=3)


def test_an_engine_without_workers_is_told_what_the_command_line_sets() -> None:
    class Still:
        """One item after the other."""

        class Options(Options):
            """None."""

        def __init__(self, options: Options) -> None:
            self.options = options

        def map(self, work, items):  # type: ignore[no-untyped-def]
            return ((item, work(item)) for item in items)

    with pytest.raises(AssertionError, match=r"Options has no 'workers', which --workers sets"):
        testing.check_engine(Still)
