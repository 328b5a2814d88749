"""Last content word: the control that needs no ear, since English sentences stress it by default."""

from __future__ import annotations

import numpy as np

from msftk import interfaces
from msftk.types import Alignment, Float32, Float64, WordProsody

# Closed classes of English: articles, pronouns, prepositions, conjunctions, auxiliaries, particles, hesitations;
# of a contraction what stands before the apostrophe
CLOSED = """
a an the this that these those each every some any no all both either neither such
i me my mine myself you your yours yourself he him his himself she her hers herself it its itself we us our ours
ourselves they them their theirs themselves who whom whose which what one ones there here
about above across after against along among around as at before behind below beneath beside between beyond by down
during for from in inside into like near of off on onto out outside over past since than through to toward towards
under until up upon with within without
and but or nor so yet if because although though while whereas unless whether when where why how then
am is are was were be been being have has had having do does did doing will would shall should can could may might
must ought isn aren wasn weren haven hasn hadn don doesn didn won wouldn couldn shouldn ain
not too also just very um uh er ah oh mm hmm
"""
FUNCTION_WORDS = frozenset(CLOSED.split())


class LastContentWord(interfaces.EmphasisScorer):
    """A control: the last word that is no function word of English (where all are: the last word), heard or not.

    Default stress of English falls there (nuclear stress rule), so LES that listens must do better than this.
    """

    class Options(interfaces.Options):
        pass

    def __init__(self, options: LastContentWord.Options) -> None:
        self.options = options

    def scores(
        self,
        waveform: Float32,
        sample_rate_hz: int,
        alignment: Alignment,
        transcript: str | None = None,
        *,
        prosody: WordProsody,
    ) -> Float64:
        """[n_words] float64: the place of each word, those of function words below those of all others."""
        places = np.arange(len(prosody.words), dtype=np.float64)
        below: Float64 = places - len(places) * np.array([is_function_word(word) for word in prosody.words])
        return below


def is_function_word(word: str) -> bool:
    before = word.lower().replace("\u2019", "'").partition("'")[0]
    return "".join(filter(str.isalpha, before)) in FUNCTION_WORDS
