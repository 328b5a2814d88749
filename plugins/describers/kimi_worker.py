"""Kimi-Audio behind a pipe: runs in an environment of its own, which has kimia_infer, and imports nothing of msftk.

    PYTHON kimi_worker.py MODEL

First line out: {"ready": MODEL}. Then one out, {"id": 1, "text": ANSWER} or {"id": 1, "error": WHY}, for each line in,
{"id": 1, "messages": [{"text": WORDS} or {"wav": BASE64}, ...], "max_tokens": 400}. It ends when its input does.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any


def main(model_path: str) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer

    def say(line: dict[str, object]) -> None:
        answers.write(json.dumps(line) + "\n")
        answers.flush()

    from kimia_infer.api.kimia import KimiAudio

    model = KimiAudio(model_path=model_path, load_detokenizer=False)  # text alone: no vocoder
    say({"ready": model_path})
    for line in sys.stdin:
        question = json.loads(line)
        try:
            say({"id": question["id"], "text": answer(model, question)})
        except Exception as error:  # of this question; the next may do
            say({"id": question["id"], "error": f"{type(error).__name__}: {error}"})


def answer(model: Any, question: dict[str, Any]) -> str:
    """The model's most likely text. It reads sound from files alone."""
    with tempfile.TemporaryDirectory() as folder:
        chats = []
        for place, message in enumerate(question["messages"]):
            kind, content = "text", message.get("text")
            if "wav" in message:
                kind, content = "audio", str(Path(folder, f"{place}.wav"))
                Path(content).write_bytes(base64.b64decode(message["wav"]))
            chats.append({"role": "user", "message_type": kind, "content": content})
        most = question["max_tokens"]
        return str(model.generate(chats, output_type="text", text_temperature=0.0, max_new_tokens=most)[1])


if __name__ == "__main__":
    main(sys.argv[1])
