"""Descriptions by an audio-language model of transformers in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from msftk import interfaces
from msftk.consent import consent
from msftk.counting import counted
from msftk.errors import BackEndError, InputError
from msftk.extras import from_extra
from msftk.interfaces import Want
from msftk.speech.audio import resample
from msftk.types import SAMPLE_RATE_HZ, Float32
from msftk_plugins.describers.asking import AskingDescriber, AskingOptions
from msftk_plugins.describers.prompt import Message
from msftk_plugins.describers.quirks import ORDINARY, QUIRKS, Quirks
from msftk_plugins.describers.sound import wav_base64
from msftk_plugins.weights import best_precision, check_weights, folder_digest, loaded, model_folder

NAME = "describer 'hf-multimodal'"


class HfMultimodal(AskingDescriber):
    """A model that hears: Qwen2-Audio, Qwen2.5-Omni, Voxtral, Audio Flamingo 3, ...; weights from safetensors only.

    Several recordings are heard together (`batch`); the most likely answer is taken, without chance. In bf16 on a GPU
    that has it, else float32. How model types differ stands in `msftk_plugins.describers.quirks`.
    """

    wants: ClassVar[Want] = "model"
    no_results: ClassVar[tuple[str, ...]] = ("batch", "device_map")

    class Options(AskingOptions):
        model: interfaces.Place | None = Field(None, description="model id, or a folder (required)")
        revision: str | None = Field(None, description="branch, tag or commit of a model id")
        batch: int = Field(4, ge=1, description="recordings heard together")
        precision: Literal["auto", "float32", "bfloat16"] = Field(
            "auto", description="of the computation; auto: bfloat16 where a GPU has it, else float32"
        )
        device_map: str | None = Field(
            None, description="auto: spread over all GPUs, by accelerate; not set: the first GPU, else the CPU"
        )

    def __init__(self, options: HfMultimodal.Options) -> None:
        if not options.model:
            raise InputError(f"describer.model is not set: {NAME} loads a model. Use --set describer.model=FOLDER.")
        super().__init__(options)
        self.options = options
        self.batch = options.batch
        self.folder = model_folder(options.model, options.revision, "describer")
        check_weights(self.folder)
        self.precision = best_precision() if options.precision == "auto" else options.precision
        self._allowed = {"local_files_only": True, "trust_remote_code": consent().remote_code}  # by who builds it
        self.backend = f"hf-multimodal {Path(options.model).name}"

    def identity(self) -> Mapping[str, str]:
        """The prompt, the precision, and the model by content: `model` and `revision` say where it lies."""
        model = {"model": f"sha256:{self._digest}", "revision": "", "precision": self.precision}
        return {**super().identity(), **model}

    @cached_property
    def _digest(self) -> str:
        return str(folder_digest(self.folder))

    @property
    def longest_s(self) -> float | None:
        """As the table of quirks says, else the processor's longest audio, else its chunk."""
        for found in (
            self._quirks.longest_s,
            getattr(self._processor, "max_audio_len", None),
            getattr(self._processor.feature_extractor, "chunk_length", None),
        ):
            if isinstance(found, int | float) and found > 0:
                return float(found)
        return None

    def answers(self, conversations: Sequence[list[Message]]) -> list[str]:
        """[n] the most likely answer to each; padding changes none of them."""
        import torch

        model, tokenizer = self._model, self._processor.tokenizer
        with left_padded(tokenizer), torch.inference_mode():
            inputs = self._processor.apply_chat_template(
                [self._native(conversation) for conversation in conversations],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
                processor_kwargs={"padding": True},
            ).to(model.device, dtype=model.dtype)
            tokens = model.generate(**inputs, do_sample=False, max_new_tokens=self.options.max_tokens)
        said: list[str] = tokenizer.batch_decode(tokens[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        return said

    def _native(self, conversation: Sequence[Message]) -> list[Message]:
        """The conversation as the model's processor takes it."""
        messages = [
            {"role": message["role"], "content": [self._part(part) for part in message["content"]]}
            for message in conversation
        ]
        if not self._quirks.system:
            system, user, *rest = messages
            messages = [{"role": "user", "content": system["content"] + user["content"]}, *rest]
        return messages

    def _part(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        if part["type"] != "audio":
            return part
        if self._quirks.audio == "base64":
            return {"type": "audio", "base64": wav_base64(part["audio"])}
        rate_hz = int(getattr(self._processor.feature_extractor, "sampling_rate", SAMPLE_RATE_HZ))
        waveform: Float32 = part["audio"]
        return {"type": "audio", "audio": resample(waveform, SAMPLE_RATE_HZ, rate_hz)}

    @cached_property
    def _quirks(self) -> Quirks:
        return QUIRKS.get(self._whole.config.model_type, ORDINARY)

    @cached_property
    def _processor(self) -> Any:
        from transformers import AutoProcessor

        processor = self._read(lambda: AutoProcessor.from_pretrained(self.folder, **self._allowed))
        if not hasattr(processor, "feature_extractor") or not hasattr(processor, "apply_chat_template"):
            raise BackEndError(
                f"{self.folder}: {type(processor).__name__} takes no sound. Give an audio-language model with its "
                "processor's files."
            )
        return processor

    @cached_property
    def _model(self) -> Any:
        """What answers: the model, or the part of it that writes."""
        whole, quirks = self._whole, self._quirks
        if quirks.disable and getattr(whole, "has_talker", False):
            getattr(whole, quirks.disable)()
        return getattr(whole, quirks.part) if quirks.part else whole

    @cached_property
    def _whole(self) -> Any:
        import torch
        import transformers

        placed = {}
        if self.options.device_map:
            with from_extra("trackers", "describer.device_map"):
                import accelerate  # noqa: F401, which places the layers
            placed["device_map"] = self.options.device_map
        config = self._read(lambda: transformers.AutoConfig.from_pretrained(self.folder, **self._allowed))
        loader = QUIRKS.get(config.model_type, ORDINARY).loader
        with torch.random.fork_rng(devices=[]):
            model, info = self._read(
                lambda: getattr(transformers, loader).from_pretrained(
                    self.folder,
                    use_safetensors=True,
                    dtype=getattr(torch, self.precision),
                    output_loading_info=True,
                    **self._allowed,
                    **placed,
                )
            )
        if missing := sorted(info["missing_keys"]):
            raise BackEndError(
                f"{self.folder}: lacks {counted(len(missing), 'weight')} of a {config.model_type} model, first "
                f"{missing[0]}. Give a folder whose weights and config.json belong together."
            )
        model.eval().requires_grad_(False)
        return model if placed else model.to("cuda" if torch.cuda.is_available() else "cpu")

    def _read(self, load: Any) -> Any:
        """Raises BackEndError where it cannot be loaded: no recording could be described."""
        try:
            return loaded(self.folder, "an audio-language model", load)
        except InputError as error:
            raise BackEndError(str(error)) from error


@contextmanager
def left_padded(tokenizer: Any) -> Iterator[None]:
    """Short questions are padded on the left, so that each answer begins right behind its question."""
    side, tokenizer.padding_side = tokenizer.padding_side, "left"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    try:
        yield
    finally:
        tokenizer.padding_side = side
