"""In which of their ways audio-language models of transformers differ: a table, by the model type in config.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Quirks:
    """`loader`: the auto class that knows the model. `part`: the part of it that answers in text, `disable`: a method
    that leaves out the rest. `system`: whether it knows system messages; without them the words begin the question.
    `audio`: how its processor takes sound. `longest_s`: the longest audio, None: as its processor says.
    """

    loader: str = "AutoModelForMultimodalLM"
    part: str = ""
    disable: str = ""
    system: bool = True
    audio: Literal["array", "base64"] = "array"
    longest_s: float | None = None


ORDINARY = Quirks()
SPEAKING = Quirks(part="thinker", disable="disable_talker")  # the talker speaks the answer, which takes minutes
QUIRKS = {  # as the code of transformers 5.23 has it
    "qwen2_5_omni": SPEAKING,
    "qwen3_omni_moe": SPEAKING,
    "audioflamingo3": Quirks(loader="AutoModelForSeq2SeqLM"),
    "musicflamingo": Quirks(loader="AutoModelForSeq2SeqLM"),
    "voxtral": Quirks(system=False, audio="base64", longest_s=2400.0),  # its model card: 40 minutes to understand
    "gemma3n": Quirks(longest_s=30.0),  # its feature extractor: 480,000 samples
    "gemma4": Quirks(longest_s=30.0),  # its processor: 750 tokens of 40 ms
}
