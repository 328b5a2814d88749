"""A CTC speech model in a folder: what it emits for a waveform of any length, and what its classes mean."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from msftk.consent import consent
from msftk.counting import counted
from msftk.errors import BackEndError, InputError
from msftk.types import SAMPLE_RATE_HZ, Float32
from msftk_plugins.weights import check_weights, loaded

CONTEXT_S = 2.0  # heard on both sides of a window, and not used
TEN_MS = SAMPLE_RATE_HZ // 100
SHORTEST = 400  # samples: what a frame of wav2vec 2.0 and its kin is made of


class CtcModel:
    """Loaded at the first question; threads may share it. `adapter`: language of a model with adapters (MMS)."""

    def __init__(self, folder: Path, window_s: float, adapter: str | None = None) -> None:
        check_weights(folder)
        self.folder, self.window_s, self.adapter = folder, window_s, adapter
        self.remote_code = consent().remote_code  # of who builds it: other threads may load the model

    def emissions(self, waveform: Float32) -> tuple[Float32, float]:
        """waveform [n] at 16 kHz -> log-probabilities [frames, classes], and the seconds from frame to frame.

        A waveform that is longer than `window_s` is heard in windows, with `CONTEXT_S` of it on both sides.
        """
        if len(waveform) <= self.window_s * SAMPLE_RATE_HZ:
            log_p, hop = self._heard(waveform)
            return log_p, hop / SAMPLE_RATE_HZ
        hop = self.hop
        context = round(CONTEXT_S * SAMPLE_RATE_HZ / hop)
        core = max(1, round(self.window_s * SAMPLE_RATE_HZ / hop) - 2 * context)
        parts = []
        for first in range(0, len(waveform) // hop, core):  # in frames
            before = min(first, context)
            window = waveform[(first - before) * hop : (first + core + context) * hop]
            if len(window) >= SHORTEST:
                parts.append(self._heard(window)[0][before : before + core])
        return np.concatenate(parts), hop / SAMPLE_RATE_HZ

    @cached_property
    def hop(self) -> int:
        """Samples from frame to frame, as the configuration tells, else as 10 s of silence do."""
        told = getattr(self._model.config, "inputs_to_logits_ratio", None)
        return int(told) if told else self._heard(np.zeros(10 * SAMPLE_RATE_HZ, np.float32))[1]

    def _heard(self, waveform: Float32) -> tuple[Float32, int]:
        import torch

        inputs = self._extractor(waveform, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
        with torch.inference_mode():
            logits = self._model(**inputs.to(self._model.device)).logits[0]
            log_p: Float32 = torch.log_softmax(logits.float(), dim=-1).cpu().numpy()
        told = getattr(self._model.config, "inputs_to_logits_ratio", None)
        return log_p, int(told) if told else max(1, round(len(waveform) / len(log_p) / TEN_MS)) * TEN_MS

    @cached_property
    def blank(self) -> int:
        return int(self._model.config.pad_token_id)  # as transformers' CTC loss reads it

    @cached_property
    def tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        tokenizer = self._loaded(
            lambda: AutoTokenizer.from_pretrained(self.folder, **self._road, **self._no_phonemizer)
        )
        if self.adapter is not None and hasattr(tokenizer, "set_target_lang"):
            tokenizer.set_target_lang(self.adapter)
        return tokenizer

    @property
    def speaks_phones(self) -> bool:
        return "Phoneme" in self._tokenizer_class

    @property
    def _no_phonemizer(self) -> dict[str, bool]:
        """A tokenizer of phones is asked for its vocabulary alone."""
        return {"do_phonemize": False} if self.speaks_phones else {}

    @cached_property
    def _tokenizer_class(self) -> str:
        from transformers.models.auto.tokenization_auto import get_tokenizer_config

        return str(get_tokenizer_config(self.folder, local_files_only=True).get("tokenizer_class") or "")

    @cached_property
    def _extractor(self) -> Any:
        from transformers import AutoFeatureExtractor

        extractor = self._loaded(lambda: AutoFeatureExtractor.from_pretrained(self.folder, **self._road))
        if extractor.sampling_rate != SAMPLE_RATE_HZ:
            raise BackEndError(
                f"{self.folder}: reads {extractor.sampling_rate} Hz, expected a model of {SAMPLE_RATE_HZ} Hz."
            )
        return extractor

    @cached_property
    def _model(self) -> Any:
        import torch
        from transformers import AutoModelForCTC

        adapted = {} if self.adapter is None else {"target_lang": self.adapter, "ignore_mismatched_sizes": True}
        with torch.random.fork_rng(devices=[]):
            model, info = self._loaded(
                lambda: AutoModelForCTC.from_pretrained(
                    self.folder,
                    use_safetensors=True,
                    dtype=torch.float32,
                    output_loading_info=True,
                    **adapted,
                    **self._road,
                )
            )
        if missing := sorted({*info["missing_keys"]} - {self._prefix(model) + "masked_spec_embed"}):
            raise BackEndError(
                f"{self.folder}: lacks {counted(len(missing), 'weight')} of a CTC model, first {missing[0]}. Give one "
                "that was fine-tuned for recognition by CTC."
            )
        return model.eval().to("cuda" if torch.cuda.is_available() else "cpu")

    @staticmethod
    def _prefix(model: Any) -> str:
        return f"{model.base_model_prefix}." if model.base_model_prefix else ""

    @property
    def _road(self) -> dict[str, object]:
        return {"local_files_only": True, "trust_remote_code": self.remote_code}

    def _loaded(self, load: Any) -> Any:
        try:
            return loaded(self.folder, "a CTC speech model", load)
        except InputError as error:  # no utterance can be aligned by it
            raise BackEndError(str(error)) from error
