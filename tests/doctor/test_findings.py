from __future__ import annotations

from msftk.doctor.findings import SHOWN, Finding, errors_first, first_of


def test_errors_come_first_and_findings_of_one_level_keep_their_order() -> None:
    found = [
        Finding("note", "a", ""),
        Finding("error", "b", ""),
        Finding("warning", "c", ""),
        Finding("error", "d", ""),
    ]
    assert [finding.check for finding in errors_first(found)] == ["b", "d", "c", "a"]


def test_a_finding_shows_a_few_names_in_order() -> None:
    assert first_of(str(number) for number in reversed(range(9))) == ("0", "1", "2", "3", "4")
    assert len(first_of("abcdefgh")) == SHOWN
