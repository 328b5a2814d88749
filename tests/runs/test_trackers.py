"""Trackers are told what metrics.jsonl tells, read back from TensorBoard's own event files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import accelerate.tracking
import pytest
from small_corpus import tiny_settings
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from msftk.errors import InputError, MsftkError
from msftk.progress import Progress, silent
from msftk.recipes.train import train
from msftk.runs import trackers
from msftk.runs.folder import RunFolder
from msftk.runs.trackers import begun_entry, check_trackers, numbers, tracked
from msftk.store.features import Store
from msftk.store.manifest import Manifest


def test_tensorboard_shows_the_lines_of_metrics_at_their_steps(
    tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    chosen = ("training.epochs=2", "training.batch=4", "fusion.name=none", "training.trackers=tensorboard")
    train(tone_corpus, tiny_settings(*chosen), tmp_path, store=tone_store, device="cpu")
    told = EventAccumulator(str(tmp_path / "tensorboard"))
    told.Reload()
    lines = RunFolder(tmp_path).read_metrics()
    assert {"train_loss", "learning_rate", "utterances_per_s", "dev_ccc/valence"} <= set(told.Tags()["scalars"])
    for name in ("train_loss", "dev_ccc/mean"):
        points = [(event.step, event.value) for event in told.Scalars(name)]
        assert [step for step, _ in points] == [3, 6]  # three steps an epoch
        assert [value for _, value in points] == pytest.approx([numbers(line)[name] for line in lines])
    assert "fusion.name" in next((tmp_path / "tensorboard").rglob("hparams.yml")).read_text()


def test_what_is_not_defined_is_not_told() -> None:
    line = {"epoch": 1, "dev_ccc": {"valence": float("nan"), "mean": 0.5}}
    assert numbers(line) == {"epoch": 1, "dev_ccc/mean": 0.5}


def test_missing_tracker_is_told_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"names wandb, which is not installed\. Install it with: pip install wandb\."):
        train(tone_corpus, tiny_settings("training.trackers=wandb"), tmp_path / "run", store=tone_store, device="cpu")
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match=r"pip install 'msftk\[trackers\]'"):
        check_trackers(["tensorboard"])


@pytest.mark.parametrize("kind", ["run", "offline-run"])
def test_weights_and_biases_goes_on_with_the_entry_that_it_began(tmp_path: Path, kind: str) -> None:
    run = RunFolder(tmp_path)
    assert begun_entry(run) == {}
    (tmp_path / "wandb" / f"{kind}-20261128_061514-my-own1").mkdir(parents=True)
    (tmp_path / "wandb" / "latest-run").mkdir()
    assert begun_entry(run) == {"id": "my-own1", "resume": "allow"}


@dataclass
class Failing:
    """A tracker whose server is gone."""

    run_name: str
    logging_dir: Path
    tells: int = 0
    finished: list[str] = field(default_factory=list)

    def start(self) -> None:
        if self.run_name != "tensorboard":
            raise ConnectionError("no server.\nTry another")

    def store_init_configuration(self, values: dict[str, object]) -> None: ...
    def finish(self) -> None: ...

    def log(self, values: dict[str, float], step: int) -> None:
        self.tells += 1
        raise ConnectionError("server is gone")


def test_tracker_that_fails_in_training_is_left_out_from_then_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(accelerate.tracking.LOGGER_TYPE_TO_CLASS, "tensorboard", Failing)
    settings, seen = tiny_settings("training.trackers=tensorboard"), list[int]()
    with tracked(RunFolder(tmp_path), settings, lambda told: seen.append(told.done)) as tell:
        for step in (20, 40):
            tell(Progress("training", step, 60, metrics={"train_loss": 1.0}))
    assert seen == [20, 40]
    assert [record.getMessage() for record in caplog.records] == ["tensorboard is told no more: server is gone"]


def test_tracker_that_does_not_start_ends_the_run_before_its_first_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(
        accelerate.tracking.LOGGER_TYPE_TO_CLASS, "tensorboard", lambda run_name, **more: Failing("other", **more)
    )
    with pytest.raises(MsftkError, match=r"tensorboard does not start: no server\. Mend that, or leave"):
        tracked(RunFolder(tmp_path), tiny_settings("training.trackers=tensorboard"), silent).__enter__()
