"""Small wrongs done to the code, each of which some test must notice: a survivor is a hole in the tests.

    python tests/mutations.py [WORDS...]     only those whose file or text holds the words

Every mutation is made in a copy of the checkout, and the tests that it names run there. `make test-slow` runs all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
COPIED = ("msftk", "plugins", "ext", "tests", "docs", "pyproject.toml", "README.md")


@dataclass(frozen=True)
class Mutation:
    """In `file` the text `old`, which stands there once, becomes `new`; `tests` (paths, perhaps "::name") must fail."""

    file: str
    old: str
    new: str
    tests: str


def copied(folder: Path) -> Path:
    """A copy of the checkout whose packages are imported from its own folder."""
    for name in COPIED:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    (folder / "msftk_plugins").symlink_to("plugins")
    (folder / "msftk_ext").symlink_to("ext")
    return folder


def passes(tree: Path, tests: str) -> bool:
    """Whether these tests pass in `tree`."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", "", *tests.split()]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(tree)}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True).returncode == 0


def survives(mutation: Mutation, tree: Path) -> bool:
    """Whether the mutation's tests pass in `tree` all the same. ValueError: its text is not there once."""
    path = tree / mutation.file
    source = path.read_text(encoding="utf-8")
    if source.count(mutation.old) != 1:
        raise ValueError(f"{mutation.file}: {mutation.old!r} stands there {source.count(mutation.old)} times")
    path.write_text(source.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        return passes(tree, mutation.tests)
    finally:
        path.write_text(source, encoding="utf-8")


def main(words: Sequence[str]) -> int:
    """Runs the chosen mutations and prints one line each; returns how many survived."""
    chosen = [m for m in MUTATIONS if all(word in f"{m.file} {m.old} {m.new}" for word in words)]
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = copied(Path(folder))
        for mutation in chosen:
            lives = survives(mutation, tree)
            survivors += lives
            print(
                f"{'SURVIVES' if lives else 'noticed '}  {mutation.file}: {mutation.old!r} -> {mutation.new!r}",
                flush=True,
            )
    return survivors


INTERVALS = "tests/evaluation/test_intervals.py"
YARDSTICKS = "tests/evaluation/test_yardsticks.py"
PREDICTION_CSV = "tests/evaluation/test_prediction_csv.py"
MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "msftk/recipes/exported.py",
        "row[: len(one)] = one",
        "row[-len(one) :] = one",
        "tests/recipes/test_exported.py",
    ),
    Mutation(
        "msftk/training/transforms.py",
        "[self.seed, epoch, place, own]",
        "[self.seed, 0, place, own]",
        "tests/training/test_transforms.py",
    ),
    Mutation(
        "msftk/training/transforms.py",
        "pairs if random.random() < transform.options.probability",
        "pairs",
        "tests/training/test_transforms.py",
    ),
    Mutation(
        "msftk/runs/inputs.py",
        "return self._prepare(utterance, encoder, change)",
        "return self.read(utterance, encoder)",
        "tests/training/test_transforms.py",
    ),
    Mutation("plugins/transforms/rir.py", "[direct : direct", "[0 :", "tests/plugins/transforms/test_rir.py"),
    Mutation(
        "msftk/serve/batches.py",
        "one.kind != first.kind or weight",
        "weight",
        "tests/serve/test_batches.py",
    ),
    Mutation("msftk/serve/app.py", "lanes[made.what].submit", 'lanes["predict"].submit', "tests/serve/test_app.py"),
    Mutation("msftk/recipes/predict.py", "= makers, {}", "= makers, self._prepares", "tests/recipes/test_threads.py"),
    Mutation("msftk/serve/batches.py", "if len(batch) == 1:", "if batch:", "tests/serve/test_batches.py"),
    Mutation(
        "msftk/serve/answers.py",
        "return ABSOLUTE.sub(lambda path: Path(path[0]).name, message)",
        "return message",
        "tests/serve/test_app.py",
    ),
    Mutation("msftk/serve/door.py", "if n_bytes > self._limits.max_bytes:", "if False:", "tests/serve/test_door.py"),
    Mutation(
        "msftk/serve/answers.py",
        "finally:\n            self._stores[what].clear()",
        "finally:\n            pass",
        "tests/serve/test_app.py",
    ),
    Mutation("msftk/recipes/windows.py", "if row[1] == recording:", "if True:", "tests/recipes/test_predict.py"),
    Mutation(
        "plugins/aligners/mfa.py", "score < self.options", "score > self.options", "tests/plugins/aligners/test_mfa.py"
    ),
    Mutation(
        "plugins/aligners/whisper_words.py",
        "if end - begin != last - first:",
        "if False:",
        "tests/plugins/aligners/test_whisper_words.py",
    ),
    Mutation("plugins/aligners/ctc.py", "if mean <", "if mean >", "tests/plugins/aligners/test_ctc.py"),
    Mutation(
        "plugins/aligners/ctc_model.py",
        "[before : before + core]",
        "[:core]",
        "tests/plugins/aligners/test_ctc.py",
    ),
    Mutation("plugins/aligners/pocketsphinx.py", "if score <", "if score >", "tests/plugins/aligners"),
    Mutation("plugins/aligners/pocketsphinx.py", "decoder.reinit_feat()", "pass", "tests/plugins/aligners"),
    Mutation(
        "msftk/preparation/together.py",
        '{"status": answer.reason,',
        '{"status": "ok",',
        "tests/preparation/test_alignments.py",
    ),
    Mutation(
        "msftk/preparation/material.py",
        "self.utterance.alignment is None and self._handed_in is None",
        "self._handed_in is None",
        "tests/preparation/test_alignments.py",
    ),
    Mutation("plugins/describers/worker.py", "TRIES = 2", "TRIES = 1", "tests/plugins/describers/test_kimi_audio.py"),
    Mutation(
        "plugins/describers/worker.py",
        "value in (None, said[key])",
        "True",
        "tests/plugins/describers/test_worker.py",
    ),
    Mutation(
        "plugins/describers/hf_multimodal.py",
        'tokenizer.padding_side, "left"',
        'tokenizer.padding_side, "right"',
        "tests/plugins/describers/test_hf_multimodal.py",
    ),
    Mutation(
        "plugins/models/backbone.py",
        "[list(published).index(attribute) for attribute in ours]",
        "list(range(len(ours)))",
        "tests/plugins/models/test_layouts.py",
    ),
    Mutation(
        "plugins/models/vox_profile.py", '"norm_weighted": True', '"norm_weighted": False', "tests/plugins/models"
    ),
    Mutation("plugins/acoustic/waveforms.py", "(lengths - 1) //", "lengths //", "tests/plugins/models/test_layouts.py"),
    Mutation(
        "plugins/acoustic/hf.py", "self.front.with_more(inputs)", "inputs", "tests/plugins/models/test_layouts.py"
    ),
    Mutation("msftk/cli/options.py", "if own and not models", "if False", "tests/cli/test_options.py"),
    Mutation(
        "plugins/models/msp_lab.py",
        'number(config, "std", positive=True)',
        "1.0",
        "tests/plugins/models/test_layouts.py",
    ),
    Mutation(
        "plugins/acoustic/mel.py", "// (FRAME // 2) + 1) // 2", "// (FRAME // 2) + 2) // 2", "tests/plugins/models"
    ),
    Mutation("msftk/recipes/sources.py", '"dev": SELECTED_ON', '"dev": HELD_OUT', "tests/recipes/test_sources.py"),
    Mutation("msftk/recipes/initial.py", '"name" not in named or ', "", "tests/recipes/test_initial.py"),
    Mutation(
        "msftk/settings.py",
        "named = {section: settings.named",
        "named = {section: set",
        "tests/recipes/test_initial.py",
    ),
    Mutation("plugins/corpora/iemocap.py", "word[:3].lower()", "word.lower()", "tests/plugins/corpora/test_iemocap.py"),
    Mutation(
        "msftk/evaluation/paired_targets.py",
        "one.place.keys() >= {*pair}",
        "one.target == name",
        "tests/evaluation/test_paired_targets.py",
    ),
    Mutation(
        "msftk/evaluation/paired_targets.py",
        "frozenset(run.others[name].columns)",
        "frozenset()",
        "tests/evaluation/test_paired_targets.py",
    ),
    Mutation(
        "plugins/targets/classes.py",
        "recall.sum(axis=-1) / n_there",
        "recall.mean(axis=-1)",
        "tests/plugins/targets/test_classes.py",
    ),
    Mutation("msftk/runs/noted.py", "!= now", "is None", "tests/runs/test_noted.py"),
    Mutation("msftk/recipes/train.py", "note_together(run, read, where)", "pass", "tests/recipes/test_train.py"),
    Mutation(
        "msftk/recipes/train.py", "for split in splits:", "for split in splits[:1]:", "tests/recipes/test_targets.py"
    ),
    Mutation("plugins/losses/ccc.py", "classes: ClassVar[bool | None] = False", "", "tests/recipes/test_targets.py"),
    Mutation(
        "plugins/describers/chat_server.py",
        "reply.status_code < 500",
        "reply.status_code < 600",
        "tests/plugins/describers/test_chat_server.py",
    ),
    Mutation(
        "plugins/describers/chat_server.py",
        'text.replace(self._key, "...") if self._key else text',
        "text",
        "tests/plugins/describers/test_chat_server.py",
    ),
    Mutation(
        "plugins/describers/asking.py",
        "                answers[i] = answer",
        "                pass",
        "tests/plugins/describers/test_asking.py",
    ),
    Mutation(
        "msftk/preparation/extract.py",
        "isinstance(found, BackEndError)",
        "False",
        "tests/plugins/describers/test_openai_chat.py",
    ),
    Mutation(
        "plugins/targets/vad.py",
        "tuple(name for name in ATTRIBUTES if given(utterances, name).any())",
        "ATTRIBUTES",
        "tests/recipes/test_targets.py",
    ),
    Mutation("msftk/evaluation/intervals.py", "by_cluster[:, rated]", "by_cluster", "tests/recipes/test_targets.py"),
    Mutation("msftk/evaluation/student.py", "outside: float = 0.05", "outside: float = 0.1", INTERVALS),
    Mutation("msftk/evaluation/intervals.py", "(len(rated) - 1) / len(rated) *", "1 / len(rated) *", INTERVALS),
    Mutation("msftk/evaluation/intervals.py", "effective_clusters(n_ratings) - 1.0", "len(rated) - 1.0", INTERVALS),
    Mutation("msftk/evaluation/intervals.py", "by_cluster[n_ratings > 0]", "by_cluster", INTERVALS),
    Mutation(
        "msftk/evaluation/averages.py", "if weights is None else", "if True else", "tests/evaluation/test_averages.py"
    ),
    Mutation("msftk/recipes/windows.py", "end_s - covered_s", "end_s - start_s", "tests/recipes/test_windows.py"),
    Mutation("msftk/recipes/windows.py", "(middle < end_s)", "(middle < end_s + 1)", "tests/recipes/test_windows.py"),
    Mutation(
        "msftk/recipes/windows.py",
        "np.clip(tier.start_s[inside], start_s, end_s) - start_s",
        "np.clip(tier.start_s[inside], start_s, end_s)",
        "tests/recipes/test_windows.py",
    ),
    Mutation("msftk/evaluation/ccc.py", "2 * (pt", "3 * (pt", "tests/evaluation/test_ccc.py"),
    Mutation(
        "msftk/evaluation/ccc.py",
        "denominator = pp + tt - 2 * p * t / n",
        "denominator = pp + tt - (p * p + t * t) / n",
        "tests/evaluation/test_ccc.py",
    ),
    Mutation(
        "msftk/evaluation/ccc.py",
        "(n >= 2) & (denominator > 0)",
        "(n >= 1) & (denominator >= 0)",
        "tests/evaluation/test_ccc.py",
    ),
    Mutation(
        "msftk/evaluation/bootstrap.py", "min(CHUNK, draws - start)", "CHUNK", "tests/evaluation/test_bootstrap.py"
    ),
    Mutation("msftk/evaluation/clusters.py", 'f"?{utterance.id}"', '"?"', "tests/evaluation/test_clusters.py"),
    Mutation("msftk/evaluation/clusters.py", "truth[together]", "truth", "tests/evaluation/test_clusters.py"),
    Mutation("msftk/evaluation/scores.py", "p.std() / t.std()", "t.std() / p.std()", "tests/evaluation/test_scores.py"),
    Mutation(
        "msftk/evaluation/yardsticks.py",
        "(total - value) / (len(given) - 1)",
        "total / len(given)",
        YARDSTICKS,
    ),
    Mutation("msftk/evaluation/yardsticks.py", "MIN_RATED = 10", "MIN_RATED = 2", YARDSTICKS),
    Mutation("msftk/evaluation/yardsticks.py", "(own[a] - of_peer[a])", "own[a]", YARDSTICKS),
    Mutation("msftk/evaluation/slices.py", 'side="right"', 'side="left"', "tests/evaluation/test_slices.py"),
    Mutation("msftk/evaluation/prediction_csv.py", "off.mean() > 0.5", "off.any()", PREDICTION_CSV),
    Mutation(
        "msftk/evaluation/prediction_csv.py",
        "return made.on(scale)",
        "return made",
        PREDICTION_CSV,
    ),
    Mutation("msftk/evaluation/experts.py", "NOTHING * largest", "0", "tests/evaluation/test_experts.py"),
    Mutation("msftk/files.py", "if is_full(error):", "if not is_full(error):", "tests/cli/test_full_disk.py"),
    Mutation("msftk/store/records.py", 'self._rows.pop(row["key"], None)', "pass", "tests/store/test_records.py"),
    Mutation("msftk/store/manifest.py", "row % int(n) == int(number) - 1", "row % int(n) == 0", "tests/store"),
    Mutation(
        "plugins/engines/processes.py",
        "threading.Thread(target=_end_with_parent, daemon=True).start()",
        "",
        "tests/plugins/engines/test_processes.py",
    ),
    Mutation("plugins/engines/ray.py", "max_task_retries=TRIES - 1, ", "", "tests/plugins/engines/test_ray.py"),
    Mutation("msftk/store/uses.py", "if (path := Path(user)).exists()", "if (path := Path(user))", "tests/store"),
    Mutation("msftk/store/clearing.py", "with hold(root / MARK, alone=True):", "if True:", "tests/store"),
    Mutation("msftk/store/inventory.py", "spoiled += not found", "pass", "tests/store"),
    Mutation(
        "msftk/preparation/outcomes.py",
        "MADE if outcome == FOUND and before else outcome",
        "outcome",
        "tests/preparation/test_outcomes.py",
    ),
    Mutation(
        "msftk/preparation/tokens.py",
        "(spans[:, 0] < span[1]) & (spans[:, 1] > span[0])",
        "(spans[:, 0] <= span[1]) & (spans[:, 1] > span[0])",
        "tests/preparation/test_tokens.py",
    ),
    Mutation(
        "plugins/semantics/les_tokens.py",
        "and all(map(_alike, written, spoken))",
        "",
        "tests/plugins/semantics/test_les_tokens.py",
    ),
    Mutation("msftk/store/records.py", "syncing.result()", "pass", "tests/store/test_records.py"),
    Mutation("msftk/store/records.py", "hold(*keys)", "hold()", "tests/preparation/test_work.py"),
    Mutation(
        "msftk/preparation/components.py",
        "consenting(allowed)",
        "consenting(Consent())",
        "tests/preparation/test_work.py",
    ),
    Mutation(
        "msftk/speech/completeness.py", "if TORN.search", "if not TORN.search", "tests/speech/test_completeness.py"
    ),
    Mutation("msftk/settings.py", "model_copy(update=whole)", "model_copy()", "tests/recipes/test_predict.py"),
    Mutation("msftk/hub.py", "except OSError as error:", "except ZeroDivisionError as error:", "tests/test_hub.py"),
    Mutation("msftk/evaluation/experts.py", "CANCELLED = 2.0", "CANCELLED = 20.0", "tests/evaluation/test_experts.py"),
    Mutation("msftk/evaluation/experts.py", "others / left", "others", "tests/evaluation/test_experts.py"),
    Mutation(
        "msftk/evaluation/predictions.py",
        "contributions=self.contributions * ratio",
        "contributions=self.contributions",
        "tests/evaluation/test_predictions.py",
    ),
    Mutation(
        "msftk/models/answers.py",
        "(values * routing.transpose(1, 2)).sum(dim=1)",
        "values.mean(dim=1)",
        "tests/models/test_network.py",
    ),
    Mutation("msftk/models/film.py", "1 + scale_offset", "scale_offset", "tests/models/test_film.py"),
    Mutation(
        "msftk/models/gate.py",
        "share * h_local + (1 - share) * h_global",
        "(1 - share) * h_local + share * h_global",
        "tests/models/test_gate.py",
    ),
    Mutation(
        "msftk/models/network.py", ">= self.source_dropout", "< self.source_dropout", "tests/models/test_network.py"
    ),
    Mutation(
        "msftk/models/network.py",
        "vector + self.semantic_noise * torch.randn_like(vector)",
        "vector",
        "tests/models/test_network.py",
    ),
    Mutation(
        "msftk/models/network.py",
        "here = present.any(dim=1)",
        "here = present.all(dim=1)",
        "tests/models/test_network.py",
    ),
    Mutation(
        "plugins/poolings/attentive_statistics.py",
        "scores.float().masked_fill(~valid, -torch.inf)",
        "scores.float()",
        "tests/plugins/poolings/test_attentive_statistics.py",
    ),
    Mutation(
        "plugins/fusion/fm_moe.py",
        "masked_fill(~present.unsqueeze(1), -torch.inf)",
        "masked_fill(~present.unsqueeze(1), 0.0)",
        "tests/plugins/fusion/test_fm_moe.py tests/models/test_network.py",
    ),
    Mutation("plugins/losses/ccc.py", "(mean_p - mean_t) ** 2", "0.0", "tests/plugins/losses/test_ccc.py"),
    Mutation(
        "plugins/heads/regression.py",
        "bias.mul_(scale[place]).add_(shift[place])",
        "bias.add_(shift[place])",
        "tests/plugins/heads/test_regression.py tests/training/test_start.py",
    ),
    Mutation("msftk/training/loop.py", "if self._steps_done == 0:", "if True:", "tests/recipes/test_train.py"),
    Mutation("msftk/recipes/wording.py", "own < FLAT", "own < 0", "tests/recipes/test_wording.py"),
    Mutation(
        "msftk/training/start.py",
        "set_random_state(where.device, state)\n    with",
        "with",
        "tests/training/test_start.py",
    ),
    Mutation("msftk/training/start.py", "own) < 0, -1.0", "own) < 0, 1.0", "tests/training/test_start.py"),
    Mutation(
        "msftk/training/start.py",
        "(spread_said > LEAST_SPREAD)",
        "(spread_said >= 0)",
        "tests/training/test_start.py",
    ),
    Mutation(
        "plugins/acoustic/front_end.py",
        "enumerate(weights, start=begin)",
        "enumerate(weights)",
        "tests/plugins/acoustic/test_front_end.py",
    ),
    Mutation(
        "plugins/acoustic/lora.py",
        "self.merged(value).write_model(",
        "self.encoder.write_model(",
        "tests/recipes/test_merge.py",
    ),
    Mutation(
        "msftk/runs/trackers.py",
        '"resume": "allow"',
        '"resume": "never"',
        "tests/runs/test_trackers.py",
    ),
    Mutation(
        "plugins/acoustic/layers.py",
        "if 0 < layerdrop < 1 else 0",
        "if False else 0",
        "tests/plugins/acoustic/test_hf.py",
    ),
    Mutation(
        "plugins/acoustic/dropout.py",
        "mul_(PARTS / (PARTS - out))",
        "mul_(1.0)",
        "tests/plugins/acoustic/test_dropout.py",
    ),
    Mutation(
        "plugins/acoustic/frozen.py",
        "torch.cat([centre, variance.clamp(min=VARIANCE_FLOOR).sqrt()], dim=-1)",
        "torch.cat([centre, variance], dim=-1)",
        "tests/plugins/adaptations/test_frozen.py",
    ),
    Mutation(
        "msftk/interfaces/adaptation.py",
        "if now != trained_on:",
        "if False:",
        "tests/plugins/adaptations/test_frozen.py",
    ),
    Mutation(
        "plugins/acoustic/lora.py",
        "layer.enable_adapters(value is not None)",
        "pass",
        "tests/plugins/adaptations/test_lora.py",
    ),
    Mutation("plugins/acoustic/top.py", "self.encoder.eval()", "pass", "tests/plugins/adaptations/test_last_k.py"),
    Mutation(
        "msftk/training/gradients.py",
        "if step == acoustic.taught_within and idle:",
        "if False:",
        "tests/training/test_gradients.py",
    ),
    Mutation(
        "plugins/acoustic/hf.py",
        "self.config.layerdrop = encoder.layerdrop = 0.0",
        "pass",
        "tests/plugins/acoustic/test_hf.py",
    ),
    Mutation(
        "msftk/training/loop.py", "mean > trained.best_ccc", "mean >= trained.best_ccc", "tests/training/test_loop.py"
    ),
    Mutation(
        "msftk/training/optimiser.py",
        '"pretrained": training.learning_rate_pretrained',
        '"pretrained": training.learning_rate',
        "tests/training/test_optimiser.py tests/recipes/test_train_pretrained.py",
    ),
    Mutation(
        "msftk/training/loop.py",
        "torch.nn.utils.clip_grad_norm_(self.network.parameters(), training.clip_norm)",
        "pass",
        "tests/training/test_loop.py",
    ),
    Mutation(
        "msftk/training/loop.py",
        "begun=self._steps_done",
        "begun=0",
        "tests/training/test_loop.py",
    ),
    Mutation(
        "msftk/training/loop.py",
        "set_random_state(self.where.device, before)",
        "pass",
        "tests/training/test_loop.py",
    ),
    Mutation("msftk/models/heap.py", "31 * 2**20", "0", "tests/models/test_heap.py"),
    Mutation("msftk/training/optimiser.py", "(step + 1) / rising", "1.0", "tests/training/test_optimiser.py"),
    Mutation(
        "msftk/training/steps.py", "set_random_state(where.device, state)", "pass", "tests/training/test_steps.py"
    ),
    Mutation("msftk/training/objective.py", "shares[loss.scope] * loss", "loss", "tests/training/test_steps.py"),
    Mutation(
        "msftk/training/folds.py", "(k + 1) % len(self.groups)", "k % len(self.groups)", "tests/training/test_folds.py"
    ),
    Mutation("msftk/training/folds.py", " & (self._place != inner)", "", "tests/training/test_folds.py"),
    Mutation("msftk/training/ways.py", "< len(speakers):", "< 0:", "tests/doctor/test_examine.py"),
    Mutation("msftk/training/ways.py", " and not is_shared", "", "tests/training/test_ways.py"),
    Mutation("msftk/store/utterance_table.py", "rows[places]", "rows[: len(places)]", "tests/store"),
    Mutation("msftk/store/utterance_table.py", "[place].dictionary_encode()", "[place]", "tests/store"),
    Mutation(
        "plugins/corpora/csv_columns.py",
        "if not scale.low <= rating <= scale.high",
        "if rating > scale.high",
        "tests/plugins/corpora/test_csv_table.py",
    ),
    Mutation("msftk/training/folds.py", "fewest = 3 if inner_dev else 2", "fewest = 2", "tests/training/test_folds.py"),
    Mutation(
        "msftk/preparation/material.py",
        "return [self.audio_key, self.alignment_digest, self.utterance.transcript]",
        "return [self.audio_key, self.utterance.transcript]",
        "tests/preparation/test_material.py tests/preparation/test_extract.py",
    ),
    Mutation("msftk/cli/remedies.py", 'QUOTED.sub("", message)', "message", "tests/cli/test_remedies.py"),
    Mutation("msftk/extras.py", "except ImportError", "except KeyError", "tests/test_extras.py"),
    Mutation("msftk/speech/audio.py", "np.append(waveform.astype(np.float32), silence)", "waveform", "tests/speech"),
    Mutation("msftk/preparation/parts.py", '{"audio": {"decoding": DECODING_VERSION}, ', "{", "tests/preparation"),
    Mutation("msftk/preparation/parts.py", '"results_version": component.results_version,', "", "tests/preparation"),
    Mutation(
        "msftk/preparation/parts.py", '"upstream": {need: made_by[need]', '"upstream": {need: ""', "tests/preparation"
    ),
    Mutation(
        "msftk/preparation/f0.py",
        "start_s=start_s, end_s=end_s, ",
        "",
        "tests/preparation/test_f0.py tests/preparation/test_extract.py",
    ),
    Mutation(
        "msftk/preparation/vectors.py", "not np.isfinite(vectors).all()", "False", "tests/preparation/test_extract.py"
    ),
    Mutation(
        "msftk/store/keys.py", '"spoken": [bool(spoken) for spoken in tier.spoken],', "", "tests/store/test_keys.py"
    ),
    Mutation("msftk/store/keys.py", '{"format_version": FORMAT_VERSION, ', "{", "tests/store/test_keys.py"),
    Mutation("msftk/store/shelf.py", "and zlib.crc32(content) == entry.crc32", "", "tests/store"),
    Mutation(
        "msftk/files.py",
        "os.fsync(file.fileno())\n        os.replace(partial, path)",
        "os.replace(partial, path)",
        "tests/test_files.py",
    ),
    Mutation("msftk/files.py", "partial.unlink(missing_ok=True)", "pass", "tests/test_files.py"),
    Mutation("msftk/files.py", "fcntl.LOCK_EX | fcntl.LOCK_NB", "fcntl.LOCK_SH | fcntl.LOCK_NB", "tests/test_lock.py"),
    Mutation(
        "msftk/speech/alignment.py", "MAX_OVERLAP_S = 0.25", "MAX_OVERLAP_S = 25", "tests/speech/test_alignment.py"
    ),
    Mutation(
        "msftk/prosody/ragged.py", "PAPER_WEIGHTS = (1.0, 1.2, 0.8)", "PAPER_WEIGHTS = (1.0, 1.0, 1.0)", "tests/prosody"
    ),
    Mutation("msftk/prosody/rules.py", "view.flags.writeable = False", "pass", "tests/prosody/test_rules.py"),
    Mutation("msftk/prosody/stress.py", "not np.isfinite(score).all()", "False", "tests/prosody/test_stress.py"),
    Mutation(
        "msftk/types.py",
        "rating_unit * (self.high - self.low) + self.low",
        "rating_unit * self.high",
        "tests/test_types.py",
    ),
    Mutation(
        "msftk/errors.py",
        'file, place, remedy."""\n\n    exit_code = 2',
        'file, place, remedy."""\n\n    exit_code = 1',
        "tests/test_errors.py",
    ),
    Mutation(
        "msftk/adoption.py",
        "letters_apart(wrong, right) <=",
        "letters_apart(wrong, right) < 0 *",
        "tests/test_adoption.py tests/test_registry.py",
    ),
    Mutation(
        "msftk/cli/console.py", "SIGNS |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)", "pass", "tests/cli/test_console.py"
    ),
    Mutation(
        "msftk/recipes/wording.py",
        "round(value, places) + 0.0",
        "round(value, places)",
        "tests/recipes/test_wording.py",
    ),
    Mutation(
        "plugins/text/minilm.py", "vectors / np.maximum", "vectors * np.maximum", "tests/plugins/text/test_minilm.py"
    ),
    Mutation(
        "plugins/text/minilm.py",
        'check_hash(self.folder / "model.safetensors")',
        "pass",
        "tests/plugins/text/test_minilm.py",
    ),
    Mutation(
        "plugins/describers/measured.py",
        "RANGE_PERCENTILES = (5, 95)",
        "RANGE_PERCENTILES = (45, 55)",
        "tests/plugins/describers/test_measured.py",
    ),
    Mutation(
        "plugins/corpora/csv_table.py",
        "scale = RatingScale(*self.options.scale)",
        "scale = RatingScale(0, 100)",
        "tests/plugins/corpora/test_csv_table.py",
    ),
    Mutation(
        "msftk/runs/weights.py", "if version != FORMAT_VERSION", "if False", "tests/runs tests/recipes/test_train.py"
    ),
    Mutation("msftk/runs/weights.py", "not bool(tensor.isfinite().all())", "False", "tests/runs"),
    Mutation("msftk/runs/prediction.py", 'subsets.pop("none", None)', "pass", "tests/recipes/test_text_only.py"),
    Mutation("msftk/recipes/recordings.py", "values[times > 1]", "values[times > 2]", "tests/recipes/test_predict.py"),
    Mutation("msftk/runs/ahead.py", "self._pool.shutdown(cancel_futures=True)", "pass", "tests/runs/test_ahead.py"),
    Mutation("msftk/runs/known.py", "stamp not in (None, now)", "False", "tests/runs/test_known.py"),
    Mutation(
        "msftk/preparation/waveforms.py", "if not is_full(error):", "if True:", "tests/preparation/test_waveforms.py"
    ),
    Mutation("msftk/store/shelf.py", "self._file.truncate(start)", "pass", "tests/preparation/test_waveforms.py"),
    Mutation("msftk/training/loop.py", "0 < self.training.patience <= waited", "False", "tests/training/test_loop.py"),
    Mutation("plugins/samplers/classes.py", "min(len(rows), most)", "len(rows)", "tests/plugins/samplers"),
    Mutation("plugins/samplers/length_buckets.py", "random.shuffle(steps)", "pass", "tests/plugins/samplers"),
    Mutation("msftk/training/loader.py", "place, None", "0, None", "tests/training/test_loader.py"),
    Mutation(
        "plugins/acoustic/hf.py", "lengths.clamp(min=self.shortest_samples)", "lengths", "tests/runs/test_graph.py"
    ),
    Mutation(
        "plugins/acoustic/waveforms.py",
        ".masked_fill(~own, 0.0).sum(2, keepdim=True) / n\n    normed",
        ".sum(2, keepdim=True) / n\n    normed",
        "tests/runs/test_graph.py",
    ),
    Mutation(
        "plugins/acoustic/mel_in_graph.py",
        ".masked_fill(~within(lengths, n), 0.0)",
        "",
        "tests/plugins/acoustic/test_mel_in_graph.py",
    ),
    Mutation(
        "plugins/acoustic/wav2small.py",
        "hidden = _silenced(hidden, n_frames)",
        "hidden = hidden",
        "tests/plugins/acoustic/test_wav2small.py",
    ),
    Mutation(
        "plugins/acoustic/silent_padding.py",
        "if isinstance(part, nn.Conv1d):",
        "if part is positions:",
        "tests/plugins/acoustic/test_silent_padding.py",
    ),
    Mutation("msftk/runs/graph.py", ".mean(0)", ".amax(0)", "tests/runs/test_graph.py"),
    Mutation("msftk/runs/graph.py", "dim=dim, vector=one, ", "dim=dim + 1, vector=one, ", "tests/runs/test_graph.py"),
    Mutation(
        "msftk/runs/model_card.py",
        "if sha256_file(model) != card.sha256:",
        "if False:",
        "tests/runs/test_model_card.py",
    ),
    Mutation("msftk/training/memory.py", "fixed + MARGIN * ", "fixed + ", "tests/training/test_memory.py"),
    Mutation("msftk/training/memory.py", "if place.is_file():", "if False:", "tests/training/test_memory.py"),
    Mutation(
        "msftk/training/memory.py", "set_random_state(where.device, before)", "pass", "tests/training/test_memory.py"
    ),
    Mutation(
        "msftk/training/interrupts.py", "signal.raise_signal(number)", "pass", "tests/training/test_interrupts.py"
    ),
    Mutation("msftk/models/free_memory.py", "most - now + ", "most + ", "tests/models/test_free_memory.py"),
    Mutation("msftk/runs/trackers.py", "del trackers[name]", "pass", "tests/runs/test_trackers.py"),
    Mutation("msftk/runs/begin.py", "not run.is_untrained", "True", "tests/runs/test_begin.py"),
    Mutation("msftk/progress.py", "part * told.total + told.done", "told.done", "tests/test_progress.py"),
    Mutation("msftk/cli/watching.py", "self.last_s = now_s", "pass", "tests/cli/test_watching.py"),
    Mutation("msftk/runs/exchanged.py", "np.roll(order, -1)", "order", "tests/runs/test_exchanged.py"),
    Mutation("plugins/emphasis/last_content_word.py", "- len(places) *", "- 1 *", "tests/plugins/emphasis"),
    Mutation(
        "plugins/transcribers/whisper.py",
        "groups.setdefault((is_long, language is None), [])",
        "groups.setdefault((is_long, False), [])",
        "tests/plugins/transcribers",
    ),
    Mutation(
        "plugins/semantics/lexical.py",
        "not (evidence.language or",
        "not (evidence.id and",
        "tests/plugins/semantics/test_lexical.py",
    ),
    Mutation(
        "msftk/preparation/material.py",
        "return transcribing.part.component.replace or not (",
        "return not (",
        "tests/preparation/test_transcripts.py",
    ),
    Mutation(
        "msftk/preparation/material.py",
        "not OF_WORDS.isdisjoint(reads)",
        "False",
        "tests/preparation/test_transcripts.py",
    ),
    Mutation("msftk/doctor/asr.py", "if u.transcript_by is None", "if u.id", "tests/doctor/test_asr.py"),
    Mutation("plugins/transcribers/whisper.py", "SILENCE = 2.0**-15", "SILENCE = 0", "tests/plugins/transcribers"),
    Mutation(
        "plugins/transcribers/words.py",
        "            before_s = now_s",
        "            pass",
        "tests/plugins/transcribers",
    ),
    Mutation(
        "msftk/evaluation/paired.py",
        "np.stack([clusters, *seeds.values()])",
        "np.stack([clusters])",
        "tests/evaluation/test_paired.py",
    ),
    Mutation("msftk/evaluation/paired.py", "(len(defined) - rank) * value", "value", "tests/evaluation/test_paired.py"),
    Mutation("msftk/recipes/compare.py", "    refuse_different(said)\n", "", "tests/recipes/test_compare.py"),
    Mutation("msftk/recipes/ablate.py", "items[shard[0] - 1 :: shard[1]]", "items", "tests/recipes/test_ablate.py"),
    Mutation(
        "msftk/recipes/ablation_table.py",
        "(other := grid.above(row))",
        "(other := rows[0].name)",
        "tests/recipes/test_ablate.py",
    ),
    Mutation(
        "msftk/recipes/shared_inputs.py",
        '{"preset", "training", *LISTS}',
        '{"data", "training", *LISTS}',
        "tests/recipes/test_shared_inputs.py",
    ),
    Mutation(
        "msftk/recipes/table_text.py",
        'difference["by"]["mean"], ""',
        'difference["by"]["valence"], ""',
        "tests/recipes/test_table_text.py",
    ),
    Mutation("msftk/recipes/systems.py", '"training.seed"', '"training.epochs"', "tests/recipes/test_systems.py"),
    Mutation("plugins/heads/evidential.py", "+ apart", "", "tests/plugins/heads/test_evidential.py"),
    Mutation(
        "plugins/losses/evidential.py",
        "torch.where(several, (variance - aleatoric).abs(), 0.0)",
        "(variance - aleatoric).abs()",
        "tests/plugins/losses/test_evidential.py",
    ),
    Mutation("msftk/evaluation/conformal.py", "1 / sizes[group[~own]]", "1.0", "tests/evaluation/test_conformal.py"),
    Mutation(
        "plugins/targets/classes.py",
        "{None, *self.options.leave_out}",
        "{None}",
        "tests/plugins/targets/test_classes.py",
    ),
    Mutation(
        "plugins/losses/cross_entropy.py",
        "total = share.sum()",
        "total = share.new_tensor(len(share))",
        "tests/plugins/losses/test_cross_entropy.py",
    ),
    Mutation(
        "plugins/losses/cross_entropy.py",
        "(len(frequency) * frequency)",
        "len(frequency)",
        "tests/plugins/losses/test_cross_entropy.py",
    ),
    Mutation(
        "plugins/targets/classes.py",
        'if "leave_out" in self.options.model_fields_set:',
        "if True:",
        "tests/plugins/targets/test_classes.py",
    ),
    Mutation(
        "msftk/training/objective.py",
        "one.learned.loss or settings.loss",
        "settings.loss",
        "tests/recipes/test_targets.py",
    ),
    Mutation("msftk/training/loop.py", "self.objective.fit(data.train.truths)", "", "tests/recipes/test_targets.py"),
    Mutation(
        "plugins/targets/classes.py",
        "np.where(np.isnan(logits), -np.inf, logits)",
        "np.nan_to_num(logits)",
        "tests/plugins/targets/test_classes.py",
    ),
    Mutation(
        "msftk/evaluation/averages.py",
        "outputs={name: mean_of_known(",
        "outputs={name: mean(",
        "tests/recipes/test_targets.py",
    ),
    Mutation(
        "plugins/targets/classes.py",
        "named = [columns.index(one) for one in _named(people) if one in columns]",
        "named = []",
        "tests/plugins/targets/test_classes.py",
    ),
    Mutation(
        "msftk/runs/inputs.py",
        "target.target.taught(utterances, target.columns)",
        "target.target.truth(utterances, target.columns)",
        "tests/recipes/test_targets.py",
    ),
    Mutation("plugins/targets/raters.py", "own or [value]", "own", "tests/plugins/targets/test_raters.py"),
    Mutation(
        "msftk/evaluation/residuals.py", "np.argsort(-far", "np.argsort(far", "tests/evaluation/test_residuals.py"
    ),
    Mutation(
        "msftk/evaluation/residuals.py",
        "np.argsort(deviation[known]",
        "np.argsort(-deviation[known]",
        "tests/evaluation/test_residuals.py",
    ),
    Mutation("msftk/recipes/page.py", "autoescape=True", "autoescape=False", "tests/recipes/test_page.py"),
    Mutation(
        "msftk/pages/style.css",
        "figure svg { max-width: 100%;",
        "figure svg { min-width: 50rem;",
        "tests/recipes/test_page.py",
    ),
    Mutation("msftk/prosody/stress.py", "named[place] = 1.0", "named[0] = 1.0", "tests/recipes/test_explain.py"),
    Mutation(
        "msftk/prosody/resynthesis.py", '(old, "relieved")', '(old, "stressed")', "tests/prosody/test_resynthesis.py"
    ),
    Mutation(
        "msftk/prosody/resynthesis.py", "likeness.argmax()", "likeness.argmin()", "tests/prosody/test_resynthesis.py"
    ),
    Mutation(
        "msftk/pages/listening.js", "tail[k] * (1 - rise)", "tail[k] * rise", "tests/recipes/test_explain_page.py"
    ),
    Mutation(
        "plugins/engines/local.py", "chain(first, left)", "chain(left, first)", "tests/plugins/engines/test_local.py"
    ),
    Mutation(
        "msftk/prosody/resynthesis.py",
        "(pyworld.d4c, pyworld.cheaptrick)",
        "(pyworld.cheaptrick, pyworld.d4c)",
        "tests/prosody/test_resynthesis.py",
    ),
    Mutation("msftk/recipes/windows.py", " or last_s - first_s > longest_s", "", "tests/recipes/test_explain.py"),
    Mutation("msftk/models/hearing.py", "if network not in self._heard:", "if True:", "tests/models/test_hearing.py"),
    Mutation(
        "msftk/recipes/another_stress.py",
        "(heard.fitting_alignment, stressed=place)",
        "(heard.fitting_alignment, stressed=0)",
        "tests/recipes/test_explain.py",
    ),
    Mutation(
        "msftk/recipes/contributions.py", "if other != source", "if other == source", "tests/recipes/test_explain.py"
    ),
    Mutation(
        "plugins/engines/local.py",
        "            with turn:\n",
        "            if True:\n",
        "tests/plugins/engines/test_local.py",
    ),
    Mutation(
        "msftk/recipes/predict.py", "        with self._lock:\n", "        if True:\n", "tests/recipes/test_threads.py"
    ),
    Mutation("msftk/pages/comparison.html", "<br>p {{", " p {{", "tests/recipes/test_page.py"),
    Mutation("msftk/pages/drawing.js", "Math.max(high, ...values)", "high", "tests/pages/test_filled.py"),
    Mutation("msftk/pages/filled.py", '.replace("<", "\\\\u003c")', "", "tests/pages/test_filled.py"),
    Mutation("msftk/recipes/frames.py", "and field.name not in NOT_READ", "", "tests/recipes/test_frames.py"),
    Mutation("msftk/evaluation/over_time.py", "(start + end) / 2", "start", "tests/evaluation/test_over_time.py"),
    Mutation(
        "msftk/files.py",
        "        with writing(place):\n            file = os.open",
        "        with writing(path):\n            file = os.open",
        "tests/test_lock.py",
    ),
    Mutation(
        "msftk/recipes/emphasis_corpus.py",
        " and str(folder) in str(done.filename or folder)",
        "",
        "tests/recipes/test_emphasis_corpus.py",
    ),
    Mutation(
        "msftk/recipes/predict.py",
        "if unknown := how.keys() - How.__annotations__.keys():",
        "if unknown := set[str]():",
        "tests/recipes/test_predict.py",
    ),
    Mutation("msftk/runs/at_once.py", "/ max(seen) *", "*", "tests/runs/test_at_once.py"),
    Mutation("msftk/runs/at_once.py", "n // (workers * rounds)", "n // rounds", "tests/runs/test_at_once.py"),
    Mutation("msftk/runs/at_once.py", "    batches.reverse()", "    pass", "tests/runs/test_at_once.py"),
    Mutation(
        "msftk/models/rows.py",
        "(len(batch) + 1) * lengths[row]",
        "len(batch) * lengths[row]",
        "tests/models/test_rows.py",
    ),
    Mutation(
        "msftk/recipes/growing_table.py",
        "            file.truncate(self.n_bytes)\n",
        "",
        "tests/recipes/test_growing_table.py",
    ),
    Mutation(
        "msftk/recipes/predict_table.py",
        "np.isin(keys(part), self.known, invert=True)",
        "np.ones(len(part), bool)",
        "tests/recipes/test_predict_table.py",
    ),
    Mutation("msftk/models/gate.py", "[1 - local, local]", "[local, 1 - local]", "tests/models/test_gate.py"),
    Mutation(
        "plugins/acoustic/published.py", "if name not in own and", "if", "tests/plugins/acoustic/test_published.py"
    ),
    Mutation(
        "plugins/acoustic/wav2small.py",
        "norm.bias - norm.running_mean * scale",
        "norm.bias",
        "tests/plugins/acoustic/test_wav2small.py",
    ),
    Mutation(
        "plugins/acoustic/whisper_model.py",
        "hidden = hidden[:, :n] + dropout(mixed",
        "hidden = hidden[:, -mixed.shape[1] :] + dropout(mixed",
        "tests/plugins/acoustic/test_whisper_model.py",
    ),
    Mutation(
        "plugins/acoustic/plain_attention.py",
        "bool((n_frames >= n).all()):",
        "bool((n_frames >= n).any()):",
        "tests/plugins/acoustic/test_plain_attention.py",
    ),
    Mutation(
        "plugins/acoustic/emotion2vec.py",
        "convolution(said.masked_fill(~valid, 0.0)",
        "convolution(said",
        "tests/plugins/acoustic/test_emotion2vec.py",
    ),
    Mutation("msftk/recipes/compare.py", "[mean_of_models(own)]", "own[:1]", "tests/recipes/test_published_on.py"),
    Mutation(
        "plugins/models/backbone.py",
        'named = tuple(by_column.get(str(column), "") for column in range(n))',
        "named = tuple(by_column.values())",
        "tests/runs/test_published.py",
    ),
    Mutation(
        "plugins/models/backbone.py",
        "(value > 0 or not positive)",
        "(value != 0 or not positive)",
        "tests/runs/test_published.py",
    ),
    Mutation(
        "msftk/runs/model_card.py",
        "shape[-1] != expected",
        "shape[-1] < expected",
        "tests/runs/test_model_card.py",
    ),
    Mutation("msftk/serve/door.py", 'r":\\d*$"', 'r":.*$"', "tests/serve/test_door.py"),
    Mutation(
        "msftk/evaluation/prediction_csv.py",
        "if row.text(column) != text",
        "if row.text(column) is None",
        "tests/evaluation/test_prediction_csv.py",
    ),
    Mutation(
        "msftk/evaluation/averages.py",
        "values=mean_of_known(predictions.values),",
        "values=mean(predictions.values),",
        "tests/evaluation/test_averages.py",
    ),
)

if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
