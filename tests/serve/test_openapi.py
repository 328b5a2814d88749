"""What the server says of itself holds: requests drawn from its OpenAPI schema get what that promises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from tones import write_utterance

from msftk.serve.answers import Answers
from msftk.serve.app import make_app
from msftk.serve.limits import Limits


@pytest.fixture(scope="module")
def api(answers: Answers, served: Callable[[Any], str]) -> Any:
    address = served(make_app(answers, Limits(max_mb=0.2, timeout_s=20)))
    return schemathesis.openapi.from_url(f"{address}/openapi.json")


WRONG, RIGHT = GenerationMode.NEGATIVE, GenerationMode.POSITIVE
DRAWN = {"deadline": None, "suppress_health_check": [*HealthCheck], "derandomize": True, "database": None}


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        ("POST", "/predict", RIGHT),
        ("POST", "/predict", WRONG),
        ("POST", "/explain", RIGHT),
        ("POST", "/explain", WRONG),
        ("GET", "/health", RIGHT),
        ("GET", "/metrics", RIGHT),
    ],
)
def test_every_request_is_answered_as_the_schema_says(method: str, path: str, mode: GenerationMode, api: Any) -> None:
    """Statuses, content types and shapes; 5xx never; what does not fit the schema is refused."""

    @settings(max_examples=20, **DRAWN)
    @given(case=api[path][method].as_strategy(generation_mode=mode))
    def asked(case: schemathesis.Case) -> None:
        case.call_and_validate(excluded_checks=[positive_data_acceptance])  # not all bytes are sound

    asked()


def test_sound_with_any_parameters_that_fit_is_predicted(api: Any, tmp_path: Path) -> None:
    write_utterance(tmp_path, "one")
    sound, statuses = (tmp_path / "one.wav").read_bytes(), []

    @settings(max_examples=20, **DRAWN)
    @given(case=api["/predict"]["POST"].as_strategy(generation_mode=RIGHT))
    def asked(case: schemathesis.Case) -> None:
        case.body, case.media_type = sound, "application/octet-stream"
        answer = case.call()
        case.validate_response(answer, excluded_checks=[positive_data_acceptance])  # windows that are too long
        statuses.append(answer.status_code)

    asked()
    assert {200} <= {*statuses} <= {200, 422}
