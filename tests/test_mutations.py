"""Every mutation of tests/mutations.py is noticed by the tests that it names."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutations import MUTATIONS, Mutation, copied, passes, survives


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("mutated"))


@pytest.mark.slow
def test_without_a_mutation_the_tests_pass(tree: Path) -> None:
    assert passes(tree, " ".join(sorted({test for mutation in MUTATIONS for test in mutation.tests.split()})))


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"{m.file}: {m.old.strip()}")
def test_a_mutation_is_noticed(mutation: Mutation, tree: Path) -> None:
    assert not survives(mutation, tree)


def test_every_mutation_still_fits_the_code() -> None:
    for mutation in MUTATIONS:
        source = (Path(__file__).parents[1] / mutation.file).read_text(encoding="utf-8")
        assert source.count(mutation.old) == 1, f"{mutation.file}: {mutation.old!r}"
