"""Exit codes, and the nearest name."""

from __future__ import annotations

import pytest

from msftk.errors import AbsentError, InputError, MsftkError, UnknownNameError, VersionError, did_you_mean


@pytest.mark.parametrize(
    ("error", "code"), [(MsftkError, 1), (AbsentError, 1), (InputError, 2), (UnknownNameError, 2), (VersionError, 2)]
)
def test_bad_input_ends_with_2_and_other_failures_with_1(error: type[MsftkError], code: int) -> None:
    assert error("").exit_code == code


def test_the_nearest_name_is_asked_for() -> None:
    assert did_you_mean("fm_moe", ["film", "fm-moe", "none"]) == "Did you mean 'fm-moe'? "
    assert did_you_mean("micro_batch", ["micro_batch", "batch"]) == "Did you mean 'micro_batch'? "
    assert did_you_mean("zzz", ["film"]) == ""
