"""Global semantics: what was said."""

from __future__ import annotations

from typing import ClassVar

from msftk import interfaces
from msftk.interfaces import Evidence, Need


class GlobalSemantics(interfaces.SemanticSource):
    """GS: the whole transcript (paper Sec. 2.2)."""

    group: ClassVar[str] = "transcript"
    needs: ClassVar[tuple[Need, ...]] = ("transcript",)

    class Options(interfaces.Options):
        pass

    def __init__(self, options: GlobalSemantics.Options) -> None:
        self.options = options

    def text(self, evidence: Evidence) -> str | None:
        return evidence.transcript
