"""Any Whisper of transformers: what was said, and in which language, with the time of each word if asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from msftk import interfaces
from msftk.errors import InputError, RefusedError
from msftk.interfaces import Evidence, Need
from msftk.types import SAMPLE_RATE_HZ, Float32, Transcript
from msftk_plugins.transcribers.languages import Languages
from msftk_plugins.transcribers.words import timed_words
from msftk_plugins.weights import check_weights, folder_digest, loaded, model_folder, quiet

WINDOW_S = 30  # what Whisper hears at once (Radford et al. 2023, Sec. 2.1)
SILENCE = 2.0**-15  # one step of 16 bits: below it no sample of a recording differs from 0
NO_SOUND, NO_WORDS = "silence", "no words heard"
NO_MODEL = "Transcripts can also be given: STEM.txt beside each recording."


class Whisper(interfaces.Transcriber):
    """Whisper (Radford et al. 2023) writes down what was said, greedily, with its timestamps on.

    Recordings of up to 30 s are heard in batches; a longer one in windows of 30 s, each from where the last whole
    segment before it ended. The language is the option's, else the corpus' word on the utterance, else the model
    decides. `words` reads the time of each word out of the attention heads that the model's generation_config.json
    names. A recording without sound is not heard: Whisper invents words there.
    """

    optional: ClassVar[tuple[Need, ...]] = ("language",)
    no_results: ClassVar[tuple[str, ...]] = ("batch", "replace")

    class Options(interfaces.Options):
        model: interfaces.Place = Field("openai/whisper-large-v3", description="model id, or a folder")
        revision: str | None = Field(None, description="branch, tag or commit of a model id")
        language: str | None = Field(None, description="code or English name, e.g. da; default: corpus, else detected")
        words: bool = Field(False, description="with the time of each word")
        batch: int = Field(8, ge=1, description="recordings heard together")
        replace: bool = Field(False, description="transcribe what has a transcript too, and use that")

    def __init__(self, options: Whisper.Options) -> None:
        self.options, self.batch, self.replace = options, options.batch, options.replace
        self.folder = model_folder(options.model, options.revision, "transcriber", NO_MODEL)
        check_weights(self.folder)
        self.engine = Path(options.model).name
        generation = _read_generation(self.folder)
        self.languages = Languages(generation, self.folder)
        if options.language is not None:
            self.languages.code(options.language, "transcriber.language")
        if options.words and not generation.get("alignment_heads"):
            raise InputError(
                f"transcriber.words: generation_config.json of {self.folder} names no alignment_heads, which word "
                "times are read from. Put the file there that the model was published with, or leave words out and "
                "align the transcripts by --aligner."
            )

    def identity(self) -> Mapping[str, str]:
        """The model by content: `model` and `revision` say where it lies, and two places may hold the same."""
        return {"model": f"sha256:{self._digest}", "revision": ""}

    @cached_property
    def _digest(self) -> str:
        digest: str = folder_digest(self.folder)
        return digest

    def transcribe(self, evidence: Evidence) -> Transcript:
        (answer,) = self.transcribe_batch([evidence])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def transcribe_batch(self, evidence: Sequence[Evidence]) -> Sequence[Transcript | Exception]:
        """Those of one length class and one knowledge of their language are heard together, so that what an utterance
        is heard as does not depend on those beside it."""
        answers: dict[int, Transcript | Exception] = {}
        groups: dict[tuple[bool, bool], list[tuple[int, Float32, str | None]]] = {}
        for place, one in enumerate(evidence):
            assert one.waveform is not None
            try:
                language = self._language(one)
            except InputError as error:
                answers[place] = error
                continue
            if np.abs(one.waveform, dtype=np.float32).max(initial=0) < SILENCE:
                answers[place] = RefusedError(NO_SOUND)
            else:
                is_long = len(one.waveform) > WINDOW_S * SAMPLE_RATE_HZ
                groups.setdefault((is_long, language is None), []).append((place, one.waveform, language))
        for members in groups.values():
            places, waveforms, languages = zip(*members, strict=True)
            answers |= zip(places, self._hear(waveforms, languages), strict=True)
        return [answers[place] for place in range(len(evidence))]

    def _language(self, evidence: Evidence) -> str | None:
        """Code of the language to hear; None: the model decides."""
        named, where = self.options.language, "transcriber.language"
        if named is None:
            named, where = evidence.language, "the corpus' language"
        code: str | None = self.languages.code(named, where) if named else None
        return code

    def _hear(self, waveforms: Sequence[Float32], languages: Sequence[str | None]) -> list[Transcript | Exception]:
        """All up to 30 s, or all longer; all languages known, or none."""
        import torch

        is_long = len(waveforms[0]) > WINDOW_S * SAMPLE_RATE_HZ
        features = self._processor.feature_extractor(
            list(waveforms),
            sampling_rate=SAMPLE_RATE_HZ,
            return_tensors="pt",
            return_attention_mask=True,
            truncation=not is_long,
            padding="longest" if is_long else "max_length",
        )
        asked: dict[str, Any] = {}
        if self.languages.many:
            asked["task"] = "transcribe"
            if languages[0] is not None:
                asked["language"] = list(languages)
        with quiet(), torch.inference_mode():
            heard = self._model.generate(
                features["input_features"].to(self._model.device, self._model.dtype),
                attention_mask=features["attention_mask"].to(self._model.device),
                return_timestamps=True,
                return_segments=True,
                return_token_timestamps=self.options.words,
                do_sample=False,
                **asked,
            )
        return [
            self._transcript(segments, language, len(waveform) / SAMPLE_RATE_HZ)
            for segments, language, waveform in zip(heard["segments"], languages, waveforms, strict=True)
        ]

    def _transcript(
        self, segments: Sequence[Mapping[str, Any]], language: str | None, audio_s: float
    ) -> Transcript | RefusedError:
        tokenizer = self._processor.tokenizer
        ids = [token for segment in segments for token in segment["tokens"].tolist()]
        text = " ".join(tokenizer.decode(ids, skip_special_tokens=True).split())
        if not text:
            return RefusedError(NO_WORDS)
        if language is None:
            language = self.languages.heard(segments[0]["result"])
        words = timed_words(tokenizer, segments, audio_s) if self.options.words else ()
        return Transcript(text, self.engine, language, words)

    @cached_property
    def _processor(self) -> Any:
        from transformers import AutoProcessor

        return loaded(
            self.folder, "a Whisper", lambda: AutoProcessor.from_pretrained(self.folder, local_files_only=True)
        )

    @cached_property
    def _model(self) -> Any:
        """In half precision on a GPU, as Whisper was published and is run there."""
        import torch
        from transformers import WhisperForConditionalGeneration

        on_gpu = torch.cuda.is_available()
        model = loaded(
            self.folder,
            "a Whisper",
            lambda: WhisperForConditionalGeneration.from_pretrained(
                self.folder,
                use_safetensors=True,
                local_files_only=True,
                dtype=torch.float16 if on_gpu else torch.float32,
                attn_implementation="eager" if self.options.words else None,  # others give no attention weights
            ),
        )
        return model.eval().requires_grad_(False).to("cuda" if on_gpu else "cpu")


def _read_generation(folder: Path) -> dict[str, Any]:
    """How the model in `folder` writes. Raises InputError where it is no Whisper, or does not say."""
    kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    if kind != "whisper":
        raise InputError(
            f"{folder}: a model of type {kind}, expected whisper. Name a Whisper by --set transcriber.model=MODEL."
        )
    file = folder / "generation_config.json"
    if not file.is_file():
        raise InputError(
            f"{folder}: no {file.name}, which says how Whisper marks languages and times. Put the file there that the "
            "model was published with."
        )
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
