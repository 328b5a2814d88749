from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import lemf as oracle

from msftk.errors import InputError
from msftk.prosody import emphasis, emphasis_batch, word_prosody
from msftk.prosody.rules import FEATURES, FeatureRule, _z_in_loops, z
from msftk.testing import check_emphasis
from msftk.types import Alignment, Float64, WordProsody


@FeatureRule
def late(start_s: Float64, end_s: Float64, voiced: np.ndarray, log_energy: Float64, per_second: float = 1.0) -> Float64:
    """The later a voiced word, the higher its score."""
    return per_second * (start_s + end_s) * voiced + 0 * np.isnan(log_energy)


def python_columns(prosody: WordProsody) -> dict[str, np.ndarray]:
    with np.errstate(divide="ignore"):
        log_energy = np.where(prosody.energy > 0, np.log(prosody.energy), np.nan)
    return {"log_energy": log_energy} | {n: getattr(prosody, n) for n in FEATURES if n != "log_energy"}


def test_a_rule_scores_as_its_function_does_in_python(
    waveform: np.ndarray, alignment: Alignment, f0_hz: np.ndarray
) -> None:
    prosody = word_prosody(waveform, alignment, f0_hz)
    columns = python_columns(prosody)
    scorer = late(late.Options(per_second=2.0))
    expected = late.function(*(columns[name] for name in late.features), 2.0)
    np.testing.assert_allclose(scorer.scores(waveform, 16_000, alignment, prosody=prosody), expected, rtol=1e-12)


def test_a_rule_is_a_scorer_that_names_itself_and_its_options(
    waveform: np.ndarray, alignment: Alignment, f0_hz: np.ndarray
) -> None:
    found = emphasis(waveform, 16_000, alignment, f0_hz=f0_hz, scorer=late(late.Options()))
    assert found.top == 3
    assert found.settings == {"scorer": f"{__name__}:late", "per_second": 1.0}


def test_a_rule_keeps_the_contract() -> None:
    check_emphasis(late)


def test_a_ragged_batch_has_the_bits_of_one_by_one_in_threads_too(
    waveform: np.ndarray, alignment: Alignment, f0_hz: np.ndarray
) -> None:
    scorer = late(late.Options())
    alone = emphasis(waveform, 16_000, alignment, f0_hz=f0_hz, scorer=scorer)
    with ThreadPoolExecutor(3) as threads:
        batches = list(
            threads.map(
                lambda n: emphasis_batch([waveform] * n, [alignment] * n, [f0_hz] * n, scorer=scorer), range(1, 6)
            )
        )
    for one in (one for batch in batches for one in batch):
        np.testing.assert_array_equal(one.score, alone.score)
        assert (one.top, one.first, one.last) == (alone.top, alone.first, alone.last)


values = st.lists(st.integers(-1000, 1000).map(lambda n: n / 7) | st.just(float("nan")), min_size=0, max_size=12)


@settings(deadline=None, max_examples=100)
@given(values.map(np.array))
def test_z_is_the_z_score_in_python_and_as_numba_gets_it(sentence: np.ndarray) -> None:
    np.testing.assert_allclose(z(sentence), _z_in_loops(sentence), atol=1e-9)
    if len(sentence):
        np.testing.assert_allclose(z(sentence), oracle.z(sentence), atol=1e-9)


def unknown_feature(pitch_z: Float64) -> Float64:
    return pitch_z


def bad_default(energy: Float64, how: str = "loud") -> Float64:
    return energy


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            unknown_feature,
            r"'pitch_z' is no word feature\. Did you mean 'z_pitch'\? Known: log_f0, .+; an option",
        ),
        (bad_default, r"bad_default: option 'how' has the default 'loud', expected a number\. Write it as a number\."),
    ],
)
def test_parameters_are_features_or_numbers(function: Callable[..., Float64], said: str) -> None:
    with pytest.raises(InputError, match=said):
        FeatureRule(function)


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="per_second"):
        late.Options(per_second="quick")
    with pytest.raises(ValueError, match="per_second"):
        late.Options(per_second=float("inf"))


@FeatureRule
def opens_a_file(energy: Float64) -> Float64:
    return open("scores")


@FeatureRule
def one_too_few(energy: Float64) -> Float64:
    return energy[1:]


@FeatureRule
def overwrites(energy: Float64) -> Float64:
    energy[0] = 0
    return energy


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (opens_a_file, r"rule .+:opens_a_file: Numba cannot compile it \(.*open.*\)\. Use numbers, arrays"),
        (overwrites, r"rule .+:overwrites: Numba cannot compile it .+ and leave the features unchanged\."),
    ],
)
def test_a_rule_that_numba_refuses_is_named_before_any_work(rule: FeatureRule, said: str) -> None:
    with pytest.raises(InputError, match=said):
        rule(rule.Options())


def test_a_rule_that_gives_another_number_of_scores_is_named(
    waveform: np.ndarray, alignment: Alignment, f0_hz: np.ndarray
) -> None:
    with pytest.raises(InputError, match=r"rule .+:one_too_few: ValueError: .+ Return one score a word, for a single"):
        emphasis(waveform, 16_000, alignment, f0_hz=f0_hz, scorer=one_too_few(one_too_few.Options()))
