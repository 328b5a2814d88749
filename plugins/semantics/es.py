"""Extended semantics: the six-field description of an utterance, written out in sentences."""

from __future__ import annotations

from typing import ClassVar

from msftk import interfaces
from msftk.interfaces import Evidence, Need
from msftk.types import Description

# How a field begins that is a sentence already, as audio-language models often answer, and stands as it is.
SENTENCE_STARTS = ("the speaker", "this speaker", "the speech", "the voice", "he ", "she ", "they ", "it ", "there ")
# How a scenario begins that needs no "in" before it.
PLACE_STARTS = ("in ", "at ", "on ", "during ", "while ", "inside ", "outside ", "after ", "before ", "with ")
REASON_STARTS = ("because ", "due to ")


class ExtendedSemantics(interfaces.SemanticSource):
    """ES: the six fields of the description in the order of the paper's example (Sec. 2.2).

    "This is a male speaker, expressing frustrated (categorized as Angry), in a public argument. The speaker is
    expressing this emotion due to a perceived lack of understanding. The speech is characterized by rising
    intonation." A field that is absent is left out, with the words around it.
    """

    group: ClassVar[str] = "extended"
    needs: ClassVar[tuple[Need, ...]] = ("description",)

    class Options(interfaces.Options):
        pass

    def __init__(self, options: ExtendedSemantics.Options) -> None:
        self.options = options

    def text(self, evidence: Evidence) -> str | None:
        if evidence.description is None or evidence.description.status != "ok":
            return None
        return describe_in_words(evidence.description) or None


def describe_in_words(description: Description) -> str:
    """One to three sentences of the fields that are there; "" if none is."""
    sentences = [_who(description), _why(_clean(description.explanation)), _how(_clean(description.paralinguistics))]
    return " ".join(sentence for sentence in sentences if sentence)


def _who(description: Description) -> str:
    gender, scenario = _clean(description.gender), _clean(description.scenario)
    free, constrained = _clean(description.free_emotion), _clean(description.constrained_emotion)
    if not (gender or scenario or free or constrained):
        return ""
    kind = f"{_lower(gender).removesuffix(' speaker')} speaker" if gender else "speaker"
    sentence = f"This is {'an' if kind[0] in 'aeiou' else 'a'} {kind}"
    if free:
        sentence += f", expressing {_lower(free)}" + (f" (categorized as {constrained})" if constrained else "")
    elif constrained:
        sentence += f", categorized as {constrained}"
    if scenario:
        place = _lower(scenario)
        sentence += f", {place}" if place.startswith(PLACE_STARTS) else f", in {place}"
    return f"{sentence}."


def _why(explanation: str) -> str:
    if not explanation or explanation.lower().startswith(SENTENCE_STARTS):
        return _sentence(explanation)
    reason = _lower(explanation)
    return f"The speaker is expressing this emotion {'' if reason.startswith(REASON_STARTS) else 'due to '}{reason}."


def _how(paralinguistics: str) -> str:
    if not paralinguistics or paralinguistics.lower().startswith(SENTENCE_STARTS):
        return _sentence(paralinguistics)
    return f"The speech is characterized by {_lower(paralinguistics)}."


def _clean(field: str | None) -> str:
    """One line without the full stop at its end, which the sentence brings."""
    return " ".join((field or "").split()).rstrip(". ")


def _lower(phrase: str) -> str:
    """A phrase for the middle of a sentence: its first letter small, unless the word is "I" or an acronym."""
    first = phrase.split(" ", 1)[0]
    return phrase if first != first.capitalize() or first.rstrip("'mvedl") == "I" else phrase[0].lower() + phrase[1:]


def _sentence(phrase: str) -> str:
    if not phrase:
        return ""
    return phrase[0].upper() + phrase[1:] + ("" if phrase.endswith(("!", "?")) else ".")
