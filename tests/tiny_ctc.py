"""CTC speech models of two small layers with random weights, saved as transformers saves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LETTERS = ("<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'")
PHONES = ("<pad>", "<s>", "</s>", "<unk>", *["h", "ə", "l", "oʊ", "b", "ɪ", "z", "i", "s", "ɜː", "k", "t", "aɪ"])
SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}


def save_tiny_ctc(folder: Path, family: str = "Wav2Vec2", classes: tuple[str, ...] = LETTERS, **config: Any) -> Path:
    """`family`: Wav2Vec2, Hubert, WavLM ...; `classes`: its vocabulary, of letters or phones."""
    import torch
    import transformers
    from transformers import Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(
        json.dumps({name: place for place, name in enumerate(classes)}), encoding="utf-8"
    )
    Wav2Vec2CTCTokenizer(str(folder / "vocab.json")).save_pretrained(folder)
    if "|" not in classes:  # a tokenizer of phones, which loads only where the package phonemizer is
        about = json.loads((folder / "tokenizer_config.json").read_text())
        named = {"tokenizer_class": "Wav2Vec2PhonemeCTCTokenizer", "word_delimiter_token": None}
        (folder / "tokenizer_config.json").write_text(json.dumps({**about, **named}))
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    configuration = getattr(transformers, f"{family}Config")(
        vocab_size=len(classes), pad_token_id=0, **(SIZES | config)
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        getattr(transformers, f"{family}ForCTC")(configuration).save_pretrained(folder)
    return folder


TONES_HZ = {"A": 300, "B": 700, "C": 1500, "D": 3000, "E": 6000}
TONE_S, PAUSE_S = 0.2, 0.1


def tones(text: str, random: Any) -> tuple[Any, list[tuple[float, float]]]:
    """A tone a letter, a pause before, between and after words, with some noise: waveform, and (start, end) a word."""
    import numpy as np

    parts, times, now_s = [np.zeros(round(PAUSE_S * 16000))], [], PAUSE_S
    for word in text.split():
        time_s = np.arange(round(TONE_S * 16000)) / 16000
        parts += [0.3 * np.sin(2 * np.pi * TONES_HZ[letter] * time_s) for letter in word]
        times.append((now_s, now_s + len(word) * TONE_S))
        parts.append(np.zeros(round(PAUSE_S * 16000)))
        now_s += len(word) * TONE_S + PAUSE_S
    waveform = np.concatenate(parts)
    return (waveform + random.normal(0, 0.003, len(waveform))).astype(np.float32), times


def words_of_tones(random: Any, n_words: int) -> str:
    """Words of one to four letters, no letter twice in a row."""
    words = []
    for _ in range(n_words):
        word = ""
        while len(word) < random.integers(1, 5):
            word += str(random.choice([letter for letter in TONES_HZ if letter != word[-1:]]))
        words.append(word)
    return " ".join(words)


def save_taught_ctc(folder: Path) -> Path:
    """A random encoder whose last layer is fitted, by least squares, to say which tone a frame holds."""
    import numpy as np
    import torch
    from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

    save_tiny_ctc(folder, hidden_size=64, conv_dim=(32,) * 7, feat_extract_norm="layer", do_stable_layer_norm=True)
    model, extractor = Wav2Vec2ForCTC.from_pretrained(folder).eval(), Wav2Vec2FeatureExtractor.from_pretrained(folder)
    random = np.random.default_rng(0)
    states, targets = [], []
    for _ in range(12):
        text = words_of_tones(random, 5)
        waveform, times = tones(text, random)
        with torch.inference_mode():
            hidden = model.wav2vec2(**extractor(waveform, sampling_rate=16000, return_tensors="pt")).last_hidden_state[
                0
            ]
        states.append(hidden.double().numpy())
        target = np.zeros((len(hidden), len(LETTERS)))
        target[:, [0, LETTERS.index("|")]] = 0.5  # a pause is a blank or the end of a word
        for word, (start_s, _) in zip(text.split(), times, strict=True):
            for place, letter in enumerate(word):
                begin = start_s + place * TONE_S
                frames = [t for t in range(len(hidden)) if begin <= (t * 320 + 200) / 16000 < begin + TONE_S]
                target[frames] = np.eye(len(LETTERS))[LETTERS.index(letter)]
        targets.append(target)
    heard = np.concatenate(states)
    weights, *_ = np.linalg.lstsq(np.c_[heard, np.ones(len(heard))], 12 * np.concatenate(targets), rcond=1e-6)
    model.lm_head.weight.data = torch.from_numpy(weights[:-1].T.copy()).float()
    model.lm_head.bias.data = torch.from_numpy(weights[-1]).float()
    model.save_pretrained(folder)
    return folder
