"""Descriptions by a server that speaks OpenAI's chat completions and hears: vLLM, `transformers serve`, and others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from msftk.consent import consent
from msftk.errors import BackEndError, InputError
from msftk.extras import from_extra
from msftk.interfaces import Want
from msftk_plugins.describers.answer import answer_schema
from msftk_plugins.describers.asking import AskingDescriber, AskingOptions
from msftk_plugins.describers.chat_server import ChatServer, check_url
from msftk_plugins.describers.prompt import Message
from msftk_plugins.describers.sound import wav_base64

LONGEST_S = 30.0  # what Whisper's encoder hears at once, which most of these models listen with
NAME = "describer 'openai-chat'"


class OpenAiChat(AskingDescriber):
    """Asks a server: each utterance is sent as a WAV file, with the question of the prompt file.

    The key, where the server wants one, is MSFTK_OPENAI_API_KEY or OPENAI_API_KEY of the environment. `engine.requests`
    questions are out at a time. Sound leaves this machine if the server is another one: `msftk predict` and `msftk
    evaluate` send it to the server that a run names only with --allow-sending.
    """

    wants: ClassVar[Want] = "network"
    no_results: ClassVar[tuple[str, ...]] = ("url", "timeout_s", "retries", "first_wait_s", "audio")

    class Options(AskingOptions):
        url: str = Field("http://localhost:8000/v1", description="the server's address, up to /v1")
        model: str | None = Field(None, description="the model's name, as the server calls it (required)")
        json_schema: bool = Field(True, description="ask the server to hold the model to the six fields")
        audio: Literal["input_audio", "audio_url"] = Field("input_audio", description="how the server takes sound")
        timeout_s: float = Field(120.0, gt=0, allow_inf_nan=False, description="for one answer")
        retries: int = Field(5, ge=0, description="further tries after 429, 5xx, a broken connection or a time-out")
        first_wait_s: float = Field(1.0, gt=0, allow_inf_nan=False, description="before the first of them; it doubles")

    def __init__(self, options: OpenAiChat.Options) -> None:
        if not options.model:
            raise InputError(
                f"describer.model is not set: {NAME} asks a model by name. Use --set describer.model=NAME."
            )
        check_url(options.url, "describer.url")
        with from_extra("llm", NAME):
            import httpx  # noqa: F401, told before any work
        super().__init__(options)
        self.options = options
        self.backend = f"openai-chat {options.model}"
        self._may_send = consent().send  # of who builds it: other threads ask
        self._server = ChatServer(options.url, options.timeout_s, options.retries, options.first_wait_s)

    @property
    def longest_s(self) -> float:
        return LONGEST_S

    def answers(self, conversations: Sequence[list[Message]]) -> list[str | Exception]:
        if not self._may_send:
            raise BackEndError(
                f"{NAME} would send recordings to {self.options.url}, which this call does not allow. Give "
                "--allow-sending where you trust that server."
            )
        answers: list[str | Exception] = []
        for conversation in conversations:
            try:
                answers.append(self._server.ask(self._body(conversation)))
            except BackEndError:
                raise
            except Exception as error:  # of this question; the others are asked
                answers.append(error)
        return answers

    def _body(self, conversation: Sequence[Message]) -> Mapping[str, object]:
        body: dict[str, object] = {
            "model": self.options.model,
            "messages": [self._message(message) for message in conversation],
            "max_tokens": self.options.max_tokens,
            "temperature": 0,
        }
        if self.options.json_schema:
            schema = {"name": "description", "schema": answer_schema(self.options.labels), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def _message(self, message: Message) -> dict[str, Any]:
        """What has no sound is plain text: not every server takes a list there."""
        content = message["content"]
        if all(part["type"] == "text" for part in content):
            return {"role": message["role"], "content": "\n".join(part["text"] for part in content)}
        return {"role": message["role"], "content": [self._part(part) for part in content]}

    def _part(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        if part["type"] != "audio":
            return part
        wav = wav_base64(part["audio"])
        if self.options.audio == "audio_url":
            return {"type": "audio_url", "audio_url": {"url": f"data:audio/wav;base64,{wav}"}}
        return {"type": "input_audio", "input_audio": {"data": wav, "format": "wav"}}
