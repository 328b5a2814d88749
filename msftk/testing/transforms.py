"""Contract check of transforms."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from msftk.interfaces import Sound, TransformOptions
from msftk.testing.shared import Named, factory, require
from msftk.types import SAMPLE_RATE_HZ, Float32

SECONDS = 1.5
F0_HZ = 150.0
HOP = 80  # samples of 5 ms


def check_transform(plugin: Named, /, **options: object) -> None:
    """A whole sound out of any, its F0 as long as it, the same one for the same random state on any thread, the one
    that came in untouched."""
    transform = factory("transform", plugin, options)()
    require(
        isinstance(getattr(transform, "options", None), TransformOptions),
        "no `options` of its own: its Options inherit from msftk.interfaces.TransformOptions, and __init__ keeps them",
    )
    time_s = np.arange(round(SECONDS * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tone = (0.1 * np.sin(2 * np.pi * F0_HZ * time_s) * (time_s < 1)).astype(np.float32)
    for waveform in (tone, np.zeros_like(tone), tone[:2], -tone):
        for f0_hz in (None, np.where(np.arange(len(waveform) // HOP + 1) < 200, F0_HZ, 0.0)):
            sound = Sound(waveform.copy(), None if f0_hz is None else f0_hz.copy())
            made = transform(sound, np.random.default_rng(0))
            _check_sound(made, has_f0=f0_hz is not None)
            untouched = np.array_equal(sound.waveform, waveform)
            untouched &= f0_hz is None or np.array_equal(np.asarray(sound.f0_hz), f0_hz)
            require(untouched, "the sound that came in was changed: change a copy")
    alone = [_heard(transform, tone, seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda seed: _heard(transform, tone, seed), range(8)))
    same = all(map(np.array_equal, alone, again))
    require(same, "the same random state gives another sound: take what is random from `random` alone")


def _heard(transform: object, waveform: Float32, seed: int) -> Float32:
    sound: Sound = transform(Sound(waveform), np.random.default_rng(seed))  # type: ignore[operator]
    return sound.waveform


def _check_sound(sound: object, *, has_f0: bool) -> None:
    require(isinstance(sound, Sound), f"it returned {type(sound).__name__}: expected msftk.interfaces.Sound")
    assert isinstance(sound, Sound)
    waveform, f0_hz = sound.waveform, sound.f0_hz
    form = f"{waveform.dtype} {list(waveform.shape)}"
    require(waveform.dtype == np.float32 and waveform.ndim == 1, f"waveform is {form}: expected float32 [n]")
    require(len(waveform) >= 2, f"waveform has {len(waveform)} samples: expected at least 2")
    require(bool(np.isfinite(waveform).all()), "waveform holds numbers that are not finite")
    require((f0_hz is not None) == has_f0, "f0_hz: expected one where one came in, None where none did")
    if f0_hz is not None:
        n_frames = len(waveform) // HOP + 1
        require(f0_hz.shape == (n_frames,), f"f0_hz has shape {list(f0_hz.shape)}: expected {[n_frames]}, every 5 ms")
        require(bool((np.isfinite(f0_hz) & (f0_hz >= 0)).all()), "f0_hz holds what is no frequency: 0 = unvoiced")
