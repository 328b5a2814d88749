"""Local emphasized semantics: the words that were stressed."""

from __future__ import annotations

from typing import ClassVar

from msftk import interfaces
from msftk.interfaces import Evidence, Need


class LocalEmphasizedSemantics(interfaces.SemanticSource):
    """LES: the words of the emphasis segment, the most stressed word and its neighbours (paper Sec. 2.2)."""

    group: ClassVar[str] = "transcript"
    needs: ClassVar[tuple[Need, ...]] = ("emphasis",)

    class Options(interfaces.Options):
        pass

    def __init__(self, options: LocalEmphasizedSemantics.Options) -> None:
        self.options = options

    def text(self, evidence: Evidence) -> str | None:
        return evidence.emphasis.segment_text if evidence.emphasis else None
