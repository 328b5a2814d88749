// Energy of overlapping windowed frames of float32 samples: one form for each vector width (simd/widths.h).
#pragma once

#include <cstddef>

namespace prosody {

constexpr int kLanes = 16;   // hop is a multiple of it

// One-sided spectrum norm of each of n_frames frames of 2 * hop samples. `window` and `squared` are [2 * hop]: the window
// and its square. Sums grow in float32 over few terms a lane and the last four join in double: relative error below 5e-7.
// Returns how many frames are NaN because their squares left the range of float32: take another way there.
using FrameEnergies = std::ptrdiff_t (*)(const float* samples, const float* window, const float* squared, std::ptrdiff_t hop,
                                         std::ptrdiff_t n_frames, double* energy);

extern const FrameEnergies frame_energies_scalar, frame_energies_avx2, frame_energies_avx512;
FrameEnergies frame_energies(int width);   // one that is present

}  // namespace prosody
