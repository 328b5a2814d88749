from __future__ import annotations

import json
from pathlib import Path

import pytest

from msftk.errors import InputError, MsftkError, VersionError
from msftk.files import sha256_file
from msftk.runs.model_card import FORMAT_VERSION, ModelCard, Output, Semantics, Sound, read_card, weights_file
from msftk.settings import Component


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A file and its card."""
    file = tmp_path / "model.onnx"
    file.write_bytes(b"graph")
    front_end = Component(name="logmel", bands=20)
    card = ModelCard(
        format_version=FORMAT_VERSION,
        msftk="0.1.0",
        opset=20,
        sha256=sha256_file(file),
        corpus="tones",
        ratings="",
        scale=(1.0, 7.0),
        sound=Sound(
            input="features", sample_rate_hz=16_000, seconds_kept=12.0, shortest_samples=1, front_end=front_end
        ),
        semantics=(Semantics(source="gs", group="transcript", dim=16, vector="gs", present="gs_present"),),
        outputs=(Output(name="value", target="vad", output="value", columns=("valence",), on="rating"),),
        text_folder=None,
        settings={"semantics": ["gs"], "text": {"name": "minilm"}},
    )
    file.with_suffix(".json").write_text(card.model_dump_json())
    return file


def test_a_card_is_read_as_it_was_written(model: Path) -> None:
    card = read_card(model)
    assert card.sound.front_end == Component(name="logmel", bands=20)
    assert card.model_dump(mode="json") == json.loads(model.with_suffix(".json").read_text())


SOUND = {
    "input": "features",
    "sample_rate_hz": 16_000,
    "seconds_kept": 12.0,
    "shortest_samples": 1,
    "front_end": None,
}
VALUE = {"name": "value", "target": "vad", "output": "value", "columns": ["valence"], "on": "rating"}


def test_a_graph_that_is_not_that_of_its_card_is_told(model: Path) -> None:
    card = read_card(model)
    takes = {"features": ["batch", "n", 20], "lengths": ["batch"], "gs": ["batch", 16], "gs_present": ["batch"]}
    says = {"value": ["batch", 1]}
    card.check_graph(takes, says)
    for inputs, outputs, message in (
        ({"x": [1]}, says, "input features is not in both"),
        ({**takes, "gs": ["batch", 384]}, says, "gs is 384 wide, 16 in its card"),
        (takes, {"value": ["batch", 3]}, "value is 3 wide, 1 in its card"),
        (takes, {"y": [1]}, "output value of its card is none of the graph"),
    ):
        with pytest.raises(InputError, match=message):
            card.check_graph(inputs, outputs)


def test_weights_beside_are_held_to_their_hash(model: Path) -> None:
    weights = weights_file(model)
    weights.write_bytes(b"weights")
    changed(model, weights_sha256=sha256_file(weights))
    assert read_card(model).weights_sha256
    weights.write_bytes(b"others")
    with pytest.raises(InputError, match=r"model.onnx.data: holds the weights of another model"):
        read_card(model)
    weights.unlink()
    with pytest.raises(InputError, match=r"model.onnx.data: is not there, and holds the weights of model.onnx. Put it"):
        read_card(model)


def changed(model: Path, **values: object) -> None:
    file = model.with_suffix(".json")
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"format_version": 7}, VersionError, r"of format version 7, expected 1. Export it again"),
        ({"outputs": [{"name": "value"}]}, InputError, r"not the card of an exported model \(outputs.0.target: Field"),
        ({"sha256": "0"}, InputError, r"is the card of another file than model.onnx"),
        ({"format_version": True}, VersionError, r"of format version True, expected 1"),
        ({"outputs": []}, InputError, r"not the card of an exported model \(outputs: "),
        ({"scale": [7, 1]}, InputError, r"scale is 7\.\.1"),
        ({"semantics": []}, InputError, r"settings name other semantic sources than its inputs"),
        ({"settings": {"semantics": ["gs"]}}, InputError, r"settings name no text encoder"),
        *(
            ({"sound": {**SOUND, key: value}}, InputError, rf"\(sound\.{key}: ")
            for key, value in (("sample_rate_hz", 8000), ("seconds_kept", 0), ("shortest_samples", -1))
        ),
        *(
            ({"outputs": [{**VALUE, "columns": columns}]}, InputError, message)
            for columns, message in (
                (["valence", "valence"], "output value names a column twice"),
                (["joy"], "no output has the values of attributes"),
            )
        ),
    ],
)
def test_another_version_or_another_file_is_told_once(
    model: Path, values: dict[str, object], error: type[MsftkError], message: str
) -> None:
    changed(model, **values)
    with pytest.raises(error, match=message):
        read_card(model)


def test_a_file_that_is_not_there_or_has_no_card(model: Path) -> None:
    with pytest.raises(InputError, match=r"other.onnx: no such file. Export it again: msftk export RUN"):
        read_card(model.with_name("other.onnx"))
    model.with_suffix(".json").unlink()
    with pytest.raises(InputError, match=r"model.onnx: its card model.json is not beside it"):
        read_card(model)
