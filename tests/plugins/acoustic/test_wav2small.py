from __future__ import annotations

import copy
import math

import numpy as np
import torch

from msftk import testing
from msftk_plugins.acoustic.wav2small import BEFORE_POOLING, MELS, WINDOW, Wav2Small


def test_it_keeps_the_contract_of_encoders() -> None:
    testing.check_acoustic_encoder("wav2small")


def test_its_fourier_weights_are_a_windowed_fourier_transform() -> None:
    """So a network that nobody trained hears what the published one hears."""
    samples = np.random.default_rng(0).normal(size=WINDOW)
    hann = np.hanning(WINDOW + 1)[:-1]
    spectrum = np.fft.rfft(samples * hann)
    weights = Wav2Small(Wav2Small.Options()).fourier[:, 0].double().numpy() @ samples
    np.testing.assert_allclose(weights, np.concatenate([spectrum.real, spectrum.imag]), atol=1e-5)


def test_its_mel_bands_are_slaneys() -> None:
    """Linear to 1 kHz, then 27 bands an octave of 6.4; of area one over frequency; none is lost but between bins."""
    mel = Wav2Small(Wav2Small.Options()).mel
    assert mel.shape == (WINDOW // 2 + 1, MELS)
    top = 15 + 27 * math.log(8) / math.log(6.4)
    highest = [1000 * math.exp((top * k / (MELS + 1) - 15) * math.log(6.4) / 27) for k in (MELS - 1, MELS + 1)]
    bins = torch.arange(WINDOW // 2 + 1) * 250.0
    outside = (bins <= highest[0]) | (bins >= highest[1])
    assert bool((mel[outside, -1] == 0).all())
    assert bool((mel[~outside, -1] > 0).all())
    np.testing.assert_allclose(float(mel[:, -1].sum()) * 250, 1.0, rtol=0.1)


@torch.no_grad()
def test_recordings_heard_together_are_heard_as_alone() -> None:
    """As a graph hears them: what stands behind one is silent to its layers."""
    torch.manual_seed(0)
    encoder, lengths = Wav2Small(Wav2Small.Options()).eval(), torch.tensor([9_000, WINDOW, 5_031, 5_032, 200])
    samples = torch.randn(5, 9_000)
    alone, _ = encoder(samples, lengths)
    torch.testing.assert_close(encoder._heard(samples, lengths), alone, atol=1e-4, rtol=1e-4)
    assert (alone[0] - alone[4]).abs().max() > 1e-2


def test_it_has_the_published_number_of_parameters() -> None:
    """With the linear layer of 3 x 338 + 3 about 17,000, as its card says; Fourier and mel weights are buffers."""
    encoder = Wav2Small(Wav2Small.Options())
    learn = sum(parameter.numel() for parameter in encoder.parameters())
    kept = encoder.fourier.numel() + encoder.mel.numel()
    assert 15_000 < learn + kept + 3 * 338 + 3 < 18_000


@torch.no_grad()
def test_its_norms_are_of_the_recording_in_training_and_what_was_learned_in_evaluation() -> None:
    """In evaluation they are part of the convolutions."""
    encoder = Wav2Small(Wav2Small.Options(channels=2))
    heard = torch.randn(1, 1, 40, MELS)
    for training in (True, True, False):
        hidden = heard
        encoder.train(training)
        for place, layer in enumerate(copy.deepcopy(encoder.convolutions)):
            hidden = layer(encoder.pool(hidden) if place == BEFORE_POOLING else hidden)
        torch.testing.assert_close(encoder._convolved(heard)[0], hidden, atol=1e-5, rtol=1e-5)
