"""A Whisper of two small layers with random weights, saved as transformers saves one; it writes words of a list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

WORDS = ("yes", "no", "please", "stop", "it", "now", "we", "never", "said", "that", "goodbye", "again", "later")
LANGUAGES = ("en", "da")
MARKS = ("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>")


def save_tiny_whisper(folder: Path, *, heads: bool = True, languages: tuple[str, ...] = LANGUAGES) -> Path:
    """`heads`: with the alignment heads that word times are read from; no `languages`: an English-only model."""
    import torch
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

    tokenizer = tiny_tokenizer(languages)
    ids = tokenizer.convert_tokens_to_ids
    sizes = {"d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
    config = WhisperConfig(
        **sizes,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        vocab_size=len(tokenizer),
        max_target_positions=48,
        pad_token_id=ids("<|endoftext|>"),
        bos_token_id=ids("<|endoftext|>"),
        eos_token_id=ids("<|endoftext|>"),
        decoder_start_token_id=ids("<|startoftranscript|>"),
        init_std=0.5,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = WhisperForConditionalGeneration(config)
    generation: Any = model.generation_config
    kept = {ids("<|endoftext|>"), *ids([f"Ġ{word}" for word in WORDS])}  # whole words, as the real one keeps no noises
    generation.no_timestamps_token_id = ids("<|notimestamps|>")
    generation.is_multilingual = bool(languages)
    generation.prev_sot_token_id = ids("<|startofprev|>")
    generation.max_initial_timestamp_index = 50
    generation.suppress_tokens = [one for one in range(len(tokenizer) - 1501) if one not in kept]
    generation.begin_suppress_tokens = [ids("<|endoftext|>")]
    generation.max_length = 24
    generation._from_model_config = False  # else it is made from the configuration again when the model is read
    if languages:
        generation.lang_to_id = {f"<|{one}|>": ids(f"<|{one}|>") for one in languages}
        generation.task_to_id = {"transcribe": ids("<|transcribe|>"), "translate": ids("<|translate|>")}
    if heads:
        generation.alignment_heads = [[0, 0], [1, 1]]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    return folder


def tiny_tokenizer(languages: tuple[str, ...] = LANGUAGES) -> Any:
    """Bytes, the words of the list with the space before them, and the marks of Whisper's own vocabulary."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import WhisperTokenizer

    letters = sorted(ByteLevel.alphabet())
    merges: list[tuple[str, str]] = []
    vocabulary = {letter: place for place, letter in enumerate(letters)}
    for word in WORDS:
        made = "Ġ"
        for letter in word:
            merges.append((made, letter))
            made += letter
            vocabulary.setdefault(made, len(vocabulary))
    times = [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
    marks = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{one}|>" for one in languages), *MARKS]
    tokenizer = WhisperTokenizer(vocab=vocabulary, merges=list(dict.fromkeys(merges)), pad_token="<|endoftext|>")
    tokenizer.add_tokens(marks, special_tokens=True)
    tokenizer.add_tokens(times)
    return tokenizer
