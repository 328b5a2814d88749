"""Every source file has a test of its own name in the same place, or stands here with the test that covers it."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CHECKOUT = TESTS.parent
COVERED = {  # test -> the sources that are tested through it, by what they are for
    "cli/test_audio_alone.py": "msftk/recipes/transcribed.py",
    # what a user does, in one test
    "cli/test_examples.py": ("msftk/cli/commands.py msftk/cli/doctor.py msftk/cli/quickstart.py"),
    "doctor/test_examine.py": "msftk/doctor/file_checks.py msftk/doctor/files.py msftk/doctor/manifest_checks.py",
    "cli/test_extract.py": "msftk/recipes/extract.py",
    "recipes/test_align.py": "msftk/cli/align.py",
    "recipes/test_explain.py": (
        "msftk/recipes/another_stress.py msftk/recipes/contributions.py msftk/recipes/curves.py"
    ),
    "recipes/test_emphasis_corpus.py": "msftk/recipes/emphasis_table.py",
    "recipes/test_evaluate.py": "msftk/evaluation/attributes.py msftk/evaluation/evaluation.py",
    "recipes/test_predict.py": (
        "msftk/recipes/beside.py msftk/recipes/basis.py msftk/recipes/heard.py "
        "msftk/recipes/predict_result.py msftk/recipes/prediction_table.py msftk/runs/model.py"
    ),
    "recipes/test_exported.py": "msftk/recipes/answered.py",
    "recipes/test_ensemble.py": "msftk/recipes/named_runs.py",
    "runs/test_graph.py": "msftk/models/to_onnx.py",
    "plugins/text/test_onnx.py": "plugins/text/to_onnx.py",
    "recipes/test_sources.py": "msftk/recipes/published_notes.py",
    "recipes/test_ablate.py": "msftk/recipes/ablation_table.py",
    "recipes/test_recordings.py": "msftk/recipes/sound_in_memory.py",
    "recipes/test_targets.py": "msftk/models/answers.py msftk/models/targets.py plugins/targets/vad.py "
    "plugins/heads/classes.py",
    "recipes/test_text_only.py": "msftk/recipes/senses.py plugins/acoustic/no_sound.py",
    "recipes/test_train.py": "msftk/recipes/training_job.py",
    "cli/test_models.py": "msftk/recipes/models.py",
    "cli/test_serve.py": "msftk/serve/listening.py",
    "serve/test_app.py": "msftk/serve/answers.py msftk/serve/limits.py msftk/serve/uploads.py",
    # parts that mean something only together
    "runs/test_published.py": "msftk/runs/imported.py msftk/runs/tensors.py",
    "models/test_network.py": "msftk/models/build.py",
    "preparation/test_material.py": "msftk/preparation/descriptions.py msftk/preparation/texts.py",
    "preparation/test_work.py": "msftk/preparation/components.py",
    "preparation/test_extract.py": "msftk/preparation/prepared.py",
    "runs/test_hostile.py": "msftk/consent.py",
    "store/test_manifest.py": "msftk/store/checks.py",
    "test_adoption.py": (
        "msftk/interfaces/adaptation.py msftk/interfaces/component.py msftk/interfaces/network.py "
        "msftk/interfaces/preparation.py msftk/interfaces/reading.py msftk/interfaces/targets.py"
    ),
    "plugins/transforms/test_noise.py": (
        "msftk/interfaces/transforms.py plugins/transforms/power.py "
        "plugins/transforms/ranges.py plugins/transforms/sound_files.py"
    ),
    "test_registry.py": "plugins/hooks.py",
    "testing/test_checks.py": (
        "msftk/testing/alignment.py msftk/testing/examples.py msftk/testing/models.py msftk/testing/modules.py "
        "msftk/testing/preparation.py msftk/testing/reading.py msftk/testing/sampling.py msftk/testing/shared.py "
        "msftk/interfaces/sampling.py"
    ),
    "training/test_steps.py": "msftk/training/objective.py",
    # plugins of one family, under one contract
    "plugins/models/test_layouts.py": (
        "msftk/interfaces/published.py msftk/testing/published.py plugins/models/audeering.py "
        "plugins/models/backbone.py plugins/models/msp_lab.py plugins/models/vox_profile.py plugins/models/wav2small.py"
    ),
    "plugins/front_ends/test_logmel.py": "msftk/interfaces/front_end.py plugins/front_ends/functionals.py",
    "plugins/poolings/test_mean.py": "plugins/poolings/pointwise_mean.py",
    "plugins/heads/test_joint.py": "plugins/heads/bounded.py",
    "plugins/adaptations/test_frozen.py": (
        "msftk/preparation/acoustic.py plugins/acoustic/frozen.py plugins/adaptations/features.py"
    ),
    "plugins/adaptations/test_last_k.py": "plugins/acoustic/top.py",
    "plugins/adaptations/test_lora.py": "plugins/acoustic/adapted.py plugins/acoustic/lora.py",
    "testing/test_adaptation.py": "plugins/adaptations/full.py",
    "plugins/acoustic/test_hf.py": (
        "plugins/acoustic/hf_options.py plugins/acoustic/layers.py plugins/acoustic/padding.py "
        "plugins/acoustic/pretrained.py "
        "plugins/acoustic/waveforms.py"
    ),
    "plugins/acoustic/wavlm/test_attention.py": "plugins/acoustic/wavlm/sdpa.py",
    "plugins/acoustic/wavlm/test_kernel.py": "plugins/acoustic/wavlm/tiles.py",
    "plugins/aligners/test_ctc.py": "plugins/aligners/ctc_model.py",
    "plugins/alignments/test_cases.py": "plugins/alignments/json_words.py plugins/alignments/mfa_csv.py",
    "plugins/alignments/test_tables.py": "msftk/speech/alignment_table.py",
    "plugins/corpora/test_acted.py": "plugins/corpora/emodb.py plugins/corpora/emotale.py plugins/corpora/ravdess.py",
    "plugins/corpora/test_csv_table.py": "plugins/corpora/csv_beside.py plugins/corpora/csv_columns.py",
    "plugins/corpora/test_msp_podcast.py": "plugins/corpora/msp_labels.py",
    "plugins/f0/test_engines.py": (
        "plugins/f0/harvest.py plugins/f0/praat.py plugins/f0/searched.py plugins/f0/world.py"
    ),
    "plugins/describers/test_kimi_audio.py": "plugins/describers/kimi_worker.py",
    "plugins/fusion/test_single_expert.py": (
        "plugins/fusion/acoustic_only.py plugins/fusion/concat.py plugins/fusion/film.py "
        "plugins/fusion/semantics_only.py"
    ),
    "plugins/semantics/test_sources.py": "plugins/semantics/es.py plugins/semantics/gs.py plugins/semantics/les.py",
    "plugins/transcribers/test_whisper.py": (
        "plugins/transcribers/languages.py plugins/transcribers/no_transcriber.py plugins/transcribers/words.py"
    ),
    "plugins/text/test_folder.py": "plugins/text/hf.py plugins/weights.py",
    "cli/test_launch.py": "msftk/__main__.py",
    # nothing to test by itself: a value and a callback that everybody hands on
}
COVERED_BY = {source: test for test, sources in COVERED.items() for source in sources.split()}
SOURCES = [
    str(file.relative_to(CHECKOUT))
    for room in ("msftk", "plugins")
    for file in sorted((CHECKOUT / room).rglob("*.py"))
    if file.name != "__init__.py"
]


def own_test(source: str) -> Path:
    file = Path(source.removeprefix("msftk/"))
    return TESTS / file.parent / f"test_{file.name}"


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_file_has_its_test(source: str) -> None:
    if own_test(source).exists():
        assert source not in COVERED_BY, "it has a test of its own now: take it off the list"
    else:
        assert source in COVERED_BY, f"write {own_test(source).relative_to(CHECKOUT)}, or name the test that covers it"
        assert (TESTS / COVERED_BY[source]).exists()


def test_the_list_names_no_file_that_is_gone() -> None:
    assert COVERED_BY.keys() <= set(SOURCES)
