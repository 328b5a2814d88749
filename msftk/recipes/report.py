"""One self-contained HTML page of a run: scores, experts, curves, stressed words, and the protocol card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from msftk.errors import InputError, MsftkError
from msftk.evaluation.figures import scatter_svgs, training_svgs
from msftk.evaluation.predictions import Predictions
from msftk.evaluation.scores import ratings_of
from msftk.extras import from_extra
from msftk.files import without_nan, write_whole
from msftk.prosody.figure import emphasis_svg
from msftk.recipes.emphasis import emphasise_utterance
from msftk.recipes.evaluate import evaluate
from msftk.recipes.table_file import check_out
from msftk.recipes.wording import SCORES, fixed, interval, notes, percent
from msftk.runs.folder import RunFolder
from msftk.store.features import Store, default_store_path
from msftk.types import ATTRIBUTES, Emphasis, Utterance

PAGES = (".html", ".htm")
N_STRESSED = 3  # utterances whose stressed words are drawn


def write_report(run: str | Path, out: str | Path, *, store: str | Path | None = None) -> Path:
    """Writes the page of a finished run and returns its path.

    The split in front is the first test split, else dev. Utterances are drawn where they have an alignment.

    Raises:
        InputError: an unfinished run; `out` is no page (.html) or cannot be written; jinja2 or matplotlib is
            missing (the message has the install line).
    """
    run, out = Path(run), Path(out)
    template = _template()
    check_out(out, PAGES)
    folder = RunFolder(run)
    protocol = folder.read_card()
    manifest = folder.read_manifest()
    kept = {name: folder.read_predictions(name) for name in folder.kept_splits}
    splits = {name: evaluate(run, split=name) for name, one in kept.items() if _rated(manifest.utterances, one)}
    if not splits:
        raise InputError(f"{run}: no predictions of rated utterances, nothing to report. Train with ratings.")
    main = next((name for name in splits if name.startswith("test")), next(iter(splits)))
    predictions = kept[main]
    by_id = {u.id: u for u in manifest.utterances}
    scored = [by_id[one] for one in predictions.ids]
    plain = {name: {**evaluation.json(), "role": evaluation.role} for name, evaluation in splits.items()}
    page = template.render(
        title=_title(protocol["settings"], manifest.corpus),
        warning=manifest.facts.get("ratings", ""),
        scale=manifest.scale,
        attributes=splits[main].attributes,
        names=(*splits[main].attributes, "mean"),
        splits=plain,
        notes=notes(plain),
        score_names=SCORES,
        folds=plain[main]["folds"],
        main=main,
        expert_names=predictions.expert_names,
        note_on_shares=splits[main].experts.note(splits[main].attributes),
        scatter=scatter_svgs(predictions.values, ratings_of(scored), manifest.scale),
        training=_training(folder),
        stress=_stress(folder, scored, predictions, store),
        card=list(card_rows(protocol)),
    )
    write_whole(out, page)
    return out


def _template() -> Any:
    with from_extra("viz", "the report"):
        import jinja2
        import matplotlib  # noqa: F401 - asked for here, so that its absence is told before the work
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters.update(fixed=fixed, interval=interval, percent=percent)
    text = files("msftk.evaluation").joinpath("report.html").read_text(encoding="utf-8")
    return environment.from_string(text)


def card_rows(card: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """The protocol card as rows: dotted path and value; what is absent or empty says so."""
    for key, value in card.items():
        if isinstance(value, Mapping) and value:
            yield from card_rows(value, f"{path}{key}.")
        elif isinstance(value, (list, tuple)):
            yield f"{path}{key}", ", ".join(map(str, value)) or "none"
        else:
            yield f"{path}{key}", "none" if value in (None, "", {}) else str(value)


def _rated(utterances: Sequence[Utterance], predictions: Predictions) -> bool:
    ids = set(predictions.ids)
    return any(u.ratings for u in utterances if u.id in ids)


def _training(run: RunFolder) -> dict[str, Any]:
    """Fold -> curves of its training; "" for a run without folds."""
    metrics = {name: folder.read_metrics() for name, folder in {"": run, **run.folds}.items()}
    return {name: training_svgs(epochs) for name, epochs in metrics.items() if epochs}


def _stress(
    run: RunFolder, scored: list[Utterance], predictions: Predictions, store: str | Path | None
) -> list[dict[str, Any]]:
    """The first utterances that have an alignment, with their words, ratings, predictions and picture."""
    settings = run.read_settings()
    place = Store(default_store_path(store))
    drawn: list[dict[str, Any]] = []
    for row, utterance in enumerate(scored):
        if len(drawn) == N_STRESSED:
            break
        try:
            recording = emphasise_utterance(utterance, settings, place)
        except (MsftkError, OSError):  # no alignment, or the audio has moved: another one is drawn
            continue
        predicted = dict(zip(ATTRIBUTES, predictions.values[row].tolist(), strict=True))
        rated: Mapping[str, float] = utterance.ratings or {}
        drawn.append(
            {
                "id": utterance.id,
                **_words(recording.emphasis),
                "predicted": without_nan(predicted),
                "rated": {attribute: rated.get(attribute) for attribute in ATTRIBUTES},
                "figure": emphasis_svg(recording.id, recording.waveform, recording.f0_hz, recording.emphasis),
            }
        )
    return drawn


def _words(emphasis: Emphasis) -> dict[str, Any]:
    """The sentence in three parts, and the place of the top word in the middle one."""
    words, first, end = emphasis.prosody.words, emphasis.first, emphasis.last + 1
    return {"before": words[:first], "segment": words[first:end], "after": words[end:], "top": emphasis.top - first}


def _title(settings: Mapping[str, Any], corpus: str) -> str:
    """Fusion and corpus, and how much of the encoder learned, where that was not all."""
    adaptation = settings.get("adaptation", {}).get("name", "full")
    learned = "" if adaptation == "full" else f", encoder {adaptation}"
    return f"{settings['fusion']['name']} on {corpus}{learned}"
