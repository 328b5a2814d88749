"""Ray on this machine, with two real actors: the contract, workers that die, and the same store as threads leave."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from equal_stores import check_equal_stores
from outside.works import Dies, Who

from msftk.errors import InputError, MsftkError
from msftk.extras import PackageMissingError
from msftk.registry import registry
from msftk.store.manifest import Manifest
from msftk.testing import check_engine
from msftk_plugins.engines import ray as plugin

ray = pytest.importorskip("ray")


def engine(**options: object) -> Any:
    return registry().create("engine", "ray", options)


@pytest.fixture(scope="module", autouse=True)
def _of_its_own() -> Iterator[None]:
    """A Ray whose workers see the modules of tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        yield
    ray.shutdown()


def test_it_keeps_the_contract_and_leaves_signals_as_they_were() -> None:
    before = signal.getsignal(signal.SIGTERM)
    check_engine("ray", workers=2)
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_a_dead_worker_was_at_is_given_to_another_and_given_up_where_that_dies_too(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for times, said in ((1, None), (100, "engine 'ray': its worker died 2 times at this")):
        folder = tmp_path / str(times)
        folder.mkdir()
        found = dict(engine(models=2).map(Dies(folder, times), range(6)))
        first = found.pop(0)
        assert found == {item: item for item in range(1, 6)}
        assert first == 0 if said is None else isinstance(first, MsftkError) and said in str(first)
    assert capfd.readouterr() == ("", "")


def test_each_model_has_an_actor() -> None:
    assert len({process for process, _ in dict(engine(models=2).map(Who(), range(40))).values()}) == 2


def test_more_than_the_cluster_has_is_refused() -> None:
    said = r"engine 'ray': 1000 actors want 1000 CPUS, the cluster has \d+\. Set engine\.workers, engine"
    with pytest.raises(InputError, match=said):
        list(engine(models=1000).map(Who(), [1]))


@pytest.mark.slow
def test_the_same_store_as_threads_leave(tmp_path: Path, tone_corpus: Manifest) -> None:
    check_equal_stores(tone_corpus, tmp_path, "engine.name=ray", "engine.models=2", "engine.workers=2")


def test_a_cluster_that_is_not_there_and_a_package_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    ray.shutdown()
    with pytest.raises(
        InputError, match=r"engine 'ray': no cluster at engine\.address=auto \(.*\)\. Start one with `ray start"
    ):
        list(engine(address="auto").map(Who(), [1]))
    plugin.ray.cache_clear()
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(PackageMissingError, match=r"engine 'ray' needs the package ray.*msftk\[ray\]"):
        engine()
    plugin.ray.cache_clear()
