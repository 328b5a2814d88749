"""Training end to end on short tones: what a run folder holds, folds, resuming, and every way it is refused."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from safetensors.numpy import load_file
from small_corpus import tiny_settings
from tiny_wavlm import save_tiny_wavlm, wavlm_settings

from msftk.errors import InputError, MsftkError
from msftk.evaluation.ccc import ccc
from msftk.evaluation.predictions import read_predictions
from msftk.progress import Progress
from msftk.recipes.evaluate import evaluate
from msftk.recipes.train import train
from msftk.runs.begin import Begun
from msftk.runs.folder import RunFolder
from msftk.runs.model import load_model
from msftk.store.features import Store
from msftk.store.manifest import Manifest, read_manifest

TIMES = ("seconds", "utterances_per_s", "loader_share")


def killed(at_epoch: int):
    """A progress callback that presses Ctrl-C in the epoch after `at_epoch`."""

    def watch(progress: Progress) -> None:
        if progress.stage == "training" and progress.done > at_epoch * 2:  # two steps an epoch
            raise KeyboardInterrupt

    return watch


def model_bytes(run: Path) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in load_file(run / "model.safetensors").items()}


def test_run_folder_holds_what_the_design_lists(tiny_run: Path) -> None:
    names = {path.name for path in tiny_run.iterdir()}
    assert {"settings.toml", "protocol.json", "model.safetensors", "metrics.jsonl", "state", "predictions"} <= names
    lines = [json.loads(line) for line in (tiny_run / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
    assert set(lines[0]) == {"epoch", "train_loss", "dev_ccc", "learning_rate", *TIMES}
    assert all(0 <= line["loader_share"] <= 1 for line in lines)
    assert set(lines[0]["dev_ccc"]) == {"valence", "arousal", "dominance", "mean"}


def test_protocol_card_tells_corpus_splits_seed_missing_and_versions(tiny_run: Path) -> None:
    card = json.loads((tiny_run / "protocol.json").read_text())
    assert card["corpus"] == "tones"
    assert card["corpus_facts"] == {"ratings": "made up for tests"}
    assert card["scale"] == [1, 7]
    assert card["splits"] == {"train": 12, "dev": 4, "test": 8}
    assert card["missing"]["train"]["gs"] == {"no transcript": 1}
    assert card["missing"]["dev"]["les"] == {"no alignment": 1}
    assert (card["seed"], card["seconds_kept"], card["clipping"]) == (0, 12.0, False)
    assert card["settings"]["head"]["dropout"] == 0.5  # a default that nobody wrote
    assert len(card["normalisation_sha256"]) == 64
    assert card["producers"]
    assert {"msftk", "torch", "python"} <= set(card["versions"])
    assert card["packages"]["fusion"] == card["packages"]["les"] == f"msftk {card['versions']['msftk']}"
    assert card["acoustic_identity"] == {}  # logmel reads no pretrained model


def test_dev_is_selected_on_and_test_is_held_out(tiny_run: Path) -> None:
    assert evaluate(tiny_run, split="dev").role == "selected on"
    assert evaluate(tiny_run, split="test").role == "held out"


def test_predictions_come_back_on_the_corpus_scale_and_sum_from_the_experts(tiny_run: Path) -> None:
    said = read_predictions(tiny_run / "predictions" / "test.parquet")
    assert said.expert_names == ("acoustic", "transcript", "extended")
    np.testing.assert_allclose(said.contributions.sum(axis=1) + said.scale.low, said.values, atol=1e-5)
    np.testing.assert_allclose(said.routing.sum(axis=1), 1, atol=1e-6)


def test_selected_epoch_is_the_best_on_dev(tiny_run: Path) -> None:
    card = json.loads((tiny_run / "protocol.json").read_text())
    lines = [json.loads(line) for line in (tiny_run / "metrics.jsonl").read_text().splitlines()]
    means = [line["dev_ccc"]["mean"] for line in lines]
    assert card["selection"] == {"by": "mean CCC on dev", "epoch": 1 + int(np.argmax(means)), "ccc": max(means)}
    assert evaluate(tiny_run, split="dev").ccc["mean"] == pytest.approx(max(means), abs=1e-9)


def test_same_seed_gives_the_same_bits_and_another_seed_others(
    tiny_run: Path, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    train(tone_corpus, tiny_settings(), tmp_path / "same", store=tone_store, device="cpu")
    train(tone_corpus, tiny_settings("training.seed=1"), tmp_path / "other", store=tone_store, device="cpu")
    assert model_bytes(tmp_path / "same") == model_bytes(tiny_run)
    assert model_bytes(tmp_path / "other") != model_bytes(tiny_run)


def test_killed_run_resumes_to_the_same_bits(
    tiny_run: Path, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(tone_corpus, tiny_settings(), run, store=tone_store, device="cpu", progress=killed(at_epoch=2))
    assert not (run / "protocol.json").exists()
    with pytest.raises(InputError, match=r"the run is not finished\. Resume it with the command that began it"):
        evaluate(run)
    with pytest.raises(InputError, match="the run is not finished"):
        load_model(run)
    result = train(tone_corpus, tiny_settings(), run, store=tone_store, device="cpu")
    assert result.begun is Begun.RESUMED
    assert model_bytes(run) == model_bytes(tiny_run)
    before, after = (
        [{k: v for k, v in json.loads(line).items() if k not in TIMES} for line in (r / "metrics.jsonl").open()]
        for r in (tiny_run, run)
    )
    assert before == after


def test_a_run_whose_noises_or_raters_changed_does_not_go_on(
    tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    noises, run = tmp_path / "noises", tmp_path / "run"
    noises.mkdir()
    first, *_ = tone_corpus.utterances
    shutil.copy(str(first.audio), noises / "a.wav")
    listed = 'targets=["raters"]', f'transforms=[{{name="noise",folder="{noises}"}}]'
    parts = "head.name=evidential", "loss.name=evidential", "fusion.name=none"
    settings = tiny_settings(*listed, *parts, "head.hidden=8", "training.epochs=2")
    with pytest.raises(KeyboardInterrupt):
        train(tone_corpus, settings, run, store=tone_store, device="cpu", progress=killed(at_epoch=1))

    shutil.copy(str(first.audio), noises / "b.wav")
    with pytest.raises(InputError, match=r"run: an unfinished run, and what transform 1 \(noise\) reads changed since"):
        train(tone_corpus, settings, run, store=tone_store, device="cpu")
    (noises / "b.wav").unlink()

    angrier = replace(
        first, rater_ratings=tuple(replace(r, ratings={"valence": 1.0}) for r in first.rater_ratings or ())
    )
    corpus = replace(tone_corpus, utterances=(angrier, *tone_corpus.utterances[1:]))
    with pytest.raises(InputError, match="an unfinished run, and what it learns changed since it was begun"):
        train(corpus, settings, run, store=tone_store, device="cpu")
    assert train(tone_corpus, settings, run, store=tone_store, device="cpu").begun is Begun.RESUMED


def test_killed_fold_run_keeps_finished_folds(
    fold_run: Path, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    run, settings = tmp_path / "run", tiny_settings("training.epochs=2", "fusion.name=none")

    def kill_in_second_fold(progress: Progress) -> None:
        if progress.note.startswith("fold session2 (2 of 3)"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tone_corpus, settings, run, store=tone_store, folds="session", progress=kill_in_second_fold, device="cpu")
    first = run / "folds" / "session1" / "model.safetensors"
    written = first.stat().st_mtime_ns
    train(tone_corpus, settings, run, store=tone_store, folds="session", device="cpu")
    assert first.stat().st_mtime_ns == written
    assert evaluate(run, split="test").ccc == evaluate(fold_run, split="test").ccc


def test_run_killed_while_its_folder_was_made_begins_anew(
    tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "settings.toml").write_text("format_ver")
    settings = tiny_settings("training.epochs=1", "fusion.name=none")
    assert train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu").begun is Begun.NEW


def test_prediction_does_not_depend_on_what_is_kept_in_memory(
    tiny_run: Path, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    train(tone_corpus, tiny_settings(), tmp_path / "run", store=tone_store, device="cpu", memory_bytes=0)
    assert model_bytes(tmp_path / "run") == model_bytes(tiny_run)


def test_pretrained_encoder_with_masks_and_layer_drop_resumes_to_the_same_bits(
    tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    settings = wavlm_settings(save_tiny_wavlm(tmp_path / "wavlm"), "training.epochs=3")
    train(tone_corpus, settings, tmp_path / "whole", store=tone_store, device="cpu")
    with pytest.raises(KeyboardInterrupt):
        train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu", progress=killed(at_epoch=1))
    train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")
    assert model_bytes(tmp_path / "run") == model_bytes(tmp_path / "whole")
    shutil.rmtree(tmp_path / "wavlm")  # the run stands on its own
    anew = evaluate(tmp_path / "run", tone_corpus, "test", store=tone_store, device="cpu")
    assert anew.ccc == pytest.approx(evaluate(tmp_path / "run", split="test").ccc, abs=1e-6)


def test_unfinished_run_is_not_resumed_with_other_settings_folds_or_data(
    tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(tone_corpus, tiny_settings(), run, store=tone_store, device="cpu", progress=killed(at_epoch=1))
    with pytest.raises(InputError, match=r"unfinished run with other settings \(training\.seed: 0 -> 5\)"):
        train(tone_corpus, tiny_settings("training.seed=5"), run, store=tone_store, device="cpu")
    with pytest.raises(InputError, match="unfinished run with folds None, now session"):
        train(tone_corpus, tiny_settings(), run, store=tone_store, folds="session", device="cpu")
    fewer = replace(tone_corpus, utterances=tone_corpus.utterances[1:])
    with pytest.raises(InputError, match="unfinished run on other data"):
        train(fewer, tiny_settings(), run, store=tone_store, device="cpu")


def test_the_same_command_on_a_finished_run_gives_its_scores(
    tiny_run: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    before = model_bytes(tiny_run)
    again = train(tone_corpus, tiny_settings(), tiny_run, store=tone_store, device="cpu")
    assert again.begun is Begun.FINISHED
    assert again.evaluations["test"].ccc == evaluate(tiny_run, split="test").ccc
    assert set(again.epochs) == {"model"}
    assert model_bytes(tiny_run) == before


def test_finished_run_is_not_overwritten(
    tiny_run: Path, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    with pytest.raises(InputError, match=r"a finished run with other settings \(training\.seed: 0 -> 1\)\. It is not"):
        train(tone_corpus, tiny_settings("training.seed=1"), tiny_run, store=tone_store, device="cpu")
    strange = shutil.copytree(tiny_run, tmp_path / "strange")
    shutil.rmtree(strange / "state")
    with pytest.raises(InputError, match=r"a finished run, which is not overwritten\. Choose another --out"):
        train(tone_corpus, tiny_settings(), strange, store=tone_store, device="cpu")


def test_two_trainings_in_one_folder_are_refused_by_the_others_process(
    tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    with RunFolder(tmp_path / "run").held(), pytest.raises(MsftkError, match=rf"held by process {os.getpid()} on "):
        train(tone_corpus, tiny_settings(), tmp_path / "run", store=tone_store, device="cpu")


def test_folder_that_cannot_be_made_is_told_before_the_work(
    tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    stages = set()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/run: cannot be a folder to write in \(Not a directory\)"):
        train(
            tone_corpus,
            tiny_settings(),
            tmp_path / "file" / "run",
            store=tone_store,
            device="cpu",
            progress=lambda progress: stages.add(progress.stage),
        )
    assert stages == set()


def test_folder_that_is_no_run_is_left_alone(tmp_path: Path, tone_corpus: Manifest, tone_store: Store) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"not empty, and no run of msftk\. Choose another --out"):
        train(tone_corpus, tiny_settings(), tmp_path, store=tone_store, device="cpu")


def test_fold_run_scores_every_utterance_once_and_gives_mean_and_spread(fold_run: Path, tone_corpus: Manifest) -> None:
    said = read_predictions(fold_run / "predictions" / "test.parquet")
    assert sorted(said.ids) == sorted(u.id for u in tone_corpus.utterances)
    scored = evaluate(fold_run, split="test")
    assert scored.n == 24
    assert scored.role == "held out"
    assert scored.folds is not None
    assert set(scored.folds.ccc) == {"session1", "session2", "session3"}
    means = [numbers["mean"] for numbers in scored.folds.ccc.values()]
    assert scored.folds.mean["mean"] == pytest.approx(np.mean(means))
    assert scored.folds.spread["mean"] == pytest.approx(np.std(means, ddof=1))
    by_id = {u.id: u for u in tone_corpus.utterances}
    truth = [by_id[one].ratings["valence"] for one in said.ids]  # type: ignore[index]
    assert scored.ccc["valence"] == pytest.approx(ccc(said.values[:, 0], truth))
    assert scored.protocol["interval"]["over"] == "session"


def test_a_fold_is_a_run_of_its_own(fold_run: Path) -> None:
    fold = fold_run / "folds" / "session1"
    assert read_manifest(fold / "manifest.parquet").splits == ("train", "dev", "test")
    assert {u.session for u in read_manifest(fold / "manifest.parquet").split("dev")} == {"session2"}
    assert evaluate(fold, split="test").n == 8
    assert load_model(fold).network.expert_names == ("acoustic",)
    with pytest.raises(InputError, match=r"a run of folds, each with its own model\. Give one"):
        load_model(fold_run)


def test_fusion_none_extracts_no_semantics(fold_run: Path) -> None:
    card = json.loads((fold_run / "protocol.json").read_text())
    assert card["sources"] == {}
    assert card["settings"]["semantics"] == []


def test_fixed_number_of_epochs_needs_no_dev(tmp_path: Path, tone_corpus: Manifest, tone_store: Store) -> None:
    settings = tiny_settings("training.epochs=1", "training.select=last", "fusion.name=none")
    result = train(tone_corpus, settings, tmp_path / "run", store=tone_store, folds="speaker:3", device="cpu")
    assert set(result.evaluations) == {"test"}
    assert result.evaluations["test"].protocol["selection"]["by"] == "last epoch"


def test_unreadable_audio_is_listed_and_skipped(tmp_path: Path, tone_corpus: Manifest, tone_store: Store) -> None:
    (tmp_path / "bad.wav").write_text("no audio")
    bad = replace(tone_corpus.utterances[0], id="bad", audio=tmp_path / "bad.wav", audio_sha256=None)
    corpus = replace(tone_corpus, utterances=(*tone_corpus.utterances, bad))
    result = train(corpus, tiny_settings("training.epochs=1"), tmp_path / "run", store=tone_store, device="cpu")
    assert list(result.failures) == ["bad"]
    assert "bad.wav" in result.failures["bad"]


def test_loss_that_is_no_number_ends_the_run_with_a_remedy(
    tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    settings = tiny_settings("training.learning_rate=1e30", "training.warmup=0")
    with pytest.raises(Exception, match=r"the loss is nan\. Lower training\.learning_rate"):
        train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")


def test_empty_split_names_the_splits_found(tmp_path: Path, tone_corpus: Manifest, tone_store: Store) -> None:
    only = replace(tone_corpus, utterances=tuple(u for u in tone_corpus.utterances if u.split != "dev"))
    with pytest.raises(InputError, match=r"'dev' has no rated utterance\. Splits found: test \(8\), train \(12\)"):
        train(only, tiny_settings(), tmp_path / "run", store=tone_store, device="cpu")


def test_sound_beyond_full_scale_and_what_is_not_heard_are_told_once(
    tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    loud = tmp_path / "loud.wav"
    sound, rate_hz = soundfile.read(tone_corpus.utterances[0].audio, dtype="float32")
    soundfile.write(loud, sound * 32768, rate_hz, subtype="FLOAT")
    first = replace(tone_corpus.utterances[0], audio=loud, audio_sha256=None, audio_stamp=None)
    corpus = replace(tone_corpus, utterances=(first, *tone_corpus.utterances[1:]))
    settings = tiny_settings("training.epochs=1", "data.seconds_kept=0.5", semantics=())
    for run in ("first", "second"):  # its F0 is in the store the second time
        notes = train(corpus, settings, tmp_path / run, store=tone_store, device="cpu").notes
        assert notes[0] == "24 longer than 0.5 s: what follows is not heard"
        assert [note for note in notes if "far beyond full scale" in note and first.id in note]


@pytest.mark.parametrize("choice", ["stored", "decoded"])
def test_stored_waveforms_train_the_same_to_the_last_bit_and_may_be_chosen_anew(
    tiny_run: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path, choice: str
) -> None:
    run, other = tmp_path / "run", {"stored": "decoded", "decoded": "stored"}[choice]
    begun, resumed = (tiny_settings(f"data.waveforms={one}") for one in (choice, other))
    with pytest.raises(KeyboardInterrupt):
        train(tone_corpus, begun, run, store=tone_store, device="cpu", memory_bytes=0, progress=killed(at_epoch=2))
    train(tone_corpus, resumed, run, store=tone_store, device="cpu", memory_bytes=0)
    assert model_bytes(run) == model_bytes(tiny_run)


def test_a_second_run_of_a_corpus_prepares_nothing_before_its_first_step(
    tone_corpus: Manifest, tone_store: Store, tiny_run: Path, tmp_path: Path
) -> None:
    stages: list[Progress] = []
    train(tone_corpus, tiny_settings(), tmp_path / "run", store=tone_store, device="cpu", progress=stages.append)
    assert model_bytes(tmp_path / "run") == model_bytes(tiny_run)
    n = len(tone_corpus.utterances)
    assert [one for one in stages if one.stage == "acoustic input"] == [Progress("acoustic input", n, n)]
