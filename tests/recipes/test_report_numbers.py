"""The numbers of the report: they are those of evaluate, and every one on the page is one of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from page_tables import Tables, between, said
from small_corpus import tiny_settings

from msftk.errors import InputError
from msftk.evaluation.residuals import slicings
from msftk.recipes.evaluate import evaluate
from msftk.recipes.report import report_numbers, write_report
from msftk.recipes.train import train
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.types import ATTRIBUTES


@pytest.fixture(scope="module")
def told(tiny_run: Path, tone_store: Store) -> dict[str, Any]:
    return report_numbers(tiny_run, store=tone_store.root)


@pytest.fixture(scope="module")
def tables(tiny_run: Path, tone_store: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[str]]]:
    page = write_report(tiny_run, tmp_path_factory.mktemp("page") / "r.html", store=tone_store.root)
    return Tables(page.read_text()).rows


def whole(share: float | None) -> str:
    return "–" if share is None else f"{round(100 * share) + 0:d} %"


def test_the_scores_are_what_evaluate_says(told: dict[str, Any], tiny_run: Path, tone_corpus: Manifest) -> None:
    by = slicings([u for u in tone_corpus.utterances if u.split == "test"])
    assert by
    for split, slices in (("test", by), ("dev", [])):
        scored = evaluate(tiny_run, split=split, by=slices)
        assert told["splits"][split] == {**scored.json(), "role": scored.role}


def test_the_tables_hold_the_numbers(told: dict[str, Any], tables: dict[str, list[list[str]]]) -> None:
    test, attributes, names = told["splits"]["test"], list(ATTRIBUTES), [*ATTRIBUTES, "mean"]
    rows = {name: own[1:] for name, own in tables.items()}
    columns = [told["splits"][split] for split in ("dev", "test")]
    assert rows["scores"] == [
        *([n, *(f"{said(s['ccc'][n])} {between(s['ci95'][n])}".strip() for s in columns)] for n in names),
        ["utterances", *(str(s["n"]) for s in columns)],
    ]
    assert [row[1:] for row in rows["beside"]] == [
        [said(own[a]) for a in attributes] for own in test["scores"].values()
    ]
    for by, parts in told["residuals"].items():
        assert rows[f"slice-{by}"] == [
            [
                *(part, str(test["slices"][by][part]["n"])),
                *(
                    " ".join(
                        f"{said(test['slices'][by][part]['ccc'][a])} {between(test['slices'][by][part]['ci95'][a])} "
                        f"{said(own[a]['bias'], '+')}, {said(own[a]['rmse'])}".split()
                    )
                    for a in attributes
                ),
            ]
            for part, own in parts.items()
        ]
    assert rows["spread"] == [
        [a, side, *map(said, told["spread"][a][side])] for a in attributes for side in ("ratings", "predictions")
    ]
    weights = told["routing"]
    assert rows["routing"] == [
        [k, *(f"{said(weights[a][k][2])} {between([weights[a][k][0], weights[a][k][4]])}" for a in attributes)]
        for k in told["experts"]
    ]
    share, lost = test["experts"]["share"], test["experts"]["ccc_loss_without"]
    assert rows["experts"] == [
        [k, *(f"{whole(share[a][k])} ({said(lost[a][k])})" for a in attributes)] for k in told["experts"]
    ]
    assert list(told["gates"]) == ["gs", "les"]
    assert rows["gates"] == [[s, f"{said(own[2])} {between([own[0], own[4]])}"] for s, own in told["gates"].items()]
    assert rows["sources"] == [[s, *(said(ccc[n]) for n in names)] for s, ccc in test["by_sources"].items()]
    assert [[row[0], *row[2:]] for row in rows["worst"]] == [
        [one["id"], said(one["error"]), *(f"{said(one['predicted'][a])} ({said(one['rated'][a])})" for a in attributes)]
        for one in told["worst"]
    ]
    checked = {"scores", "beside", "spread", "routing", "experts", "sources", "gates", "worst", "missing", ""}
    assert set(rows) == checked | {f"slice-{by}" for by in told["residuals"]}


def test_what_is_missing_is_counted_by_split(told: dict[str, Any], tables: dict[str, list[list[str]]]) -> None:
    counts = {row[0]: row[1:] for row in tables["missing"][1:]}
    assert told["splits"]["dev"]["missing"]["sources"]["les"] == {"no alignment": 1}
    assert counts["les: no alignment"] == ["1", "0"]
    assert counts["rated valence"] == ["0", "0"]


def test_the_worst_come_with_their_words(told: dict[str, Any]) -> None:
    errors = [one["error"] for one in told["worst"]]
    assert len(errors) == 8
    assert errors == sorted(errors, reverse=True)
    words = told["worst"][0]["words"]
    assert [*words["before"], *words["segment"], *words["after"]][:2] == ["please", "stop"]
    assert words["segment"]


def test_bounds_say_why_there_are_none(told: dict[str, Any]) -> None:
    assert told["intervals"]["levels"] == []  # one speaker of dev tells nothing of others
    assert "--interval 0.5" in told["intervals"]["why"]
    assert told["deviations"] == {}


def test_the_command_prints_the_same(msftk: Callable, tiny_run: Path, tone_store: Store, told: dict[str, Any]) -> None:
    ended = msftk("report", tiny_run, "--json", "--store", tone_store.root)
    assert json.loads(ended.out) == told
    assert not (tiny_run / "report.html").exists()


def test_an_unfinished_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such run folder"):
        report_numbers(tmp_path / "nothing")


def test_a_head_that_tells_deviations_is_held_to_them(tone_corpus: Manifest, tone_store: Store, tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = tiny_settings("head.name=evidential", "loss.name=evidential")
    train(tone_corpus, settings, run, store=tone_store, device="cpu")
    found = report_numbers(run, store=tone_store.root)["deviations"]
    assert found["outputs"] == ["aleatoric", "epistemic"]
    rmse = evaluate(run, split="test").scores["rmse"]
    for attribute in ATTRIBUTES:
        assert sum(one["n"] for one in found["calibration"][attribute]) == 8
        assert found["rejection"][attribute][0] == {"kept": 1.0, "rmse": pytest.approx(rmse[attribute])}
    rows = Tables(write_report(run, tmp_path / "r.html", store=tone_store.root).read_text()).rows["rejection"]
    assert rows[1:] == [[a, *(said(one["rmse"]) for one in found["rejection"][a])] for a in ATTRIBUTES]
