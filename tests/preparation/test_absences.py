"""What is absent is counted one way: by thing and reason, in the order it was met."""

from __future__ import annotations

from msftk.preparation.absences import Absences


def test_ids_and_counts_by_reason() -> None:
    absences = Absences()
    for name, reason in (("b", "no alignment"), ("a", "no alignment"), ("c", "alignment cannot be used")):
        absences.add("les", reason, name)
    assert absences.ids("les") == {"no alignment": ("b", "a"), "alignment cannot be used": ("c",)}
    assert absences.counts("les") == {"no alignment": 2, "alignment cannot be used": 1}
    assert absences.counts("gs") == absences.ids("gs") == {}
