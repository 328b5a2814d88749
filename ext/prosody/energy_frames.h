// Frame energies in vectors of SIMD_BYTES.
//
// A frame is two blocks of one hop; a block is the falling half of one frame and the rising half of the next, so
// neighbours share its samples and their squares. Each sum runs over 16 lanes, every 16th sample a lane, which join in
// one fixed order whatever the width; an even lane holds even samples only, which gives X_{N/2} without another pass.
// Widths that fuse products with sums (AVX2, AVX-512) have the same bits; the scalar one differs in the last digits.
#pragma once

#include "prosody/energy.h"
#include "simd/target.h"

namespace prosody {
namespace {

constexpr int kWidth = SIMD_BYTES / 4;                      // lanes in a register
constexpr int kTogether = SIMD_BYTES == 64 ? 4 : 2;         // frames summed at a time, as many as there are registers for

typedef float lanes_t __attribute__((vector_size(SIMD_BYTES), aligned(4), may_alias));
typedef float four_t __attribute__((vector_size(16), aligned(4), may_alias));
typedef double two_t __attribute__((vector_size(16)));

inline const lanes_t& lanes_at(const float* p) { return *reinterpret_cast<const lanes_t*>(p); }
inline lanes_t& lanes_at(float* p) { return *reinterpret_cast<lanes_t*>(p); }

// The 16 lanes of four frames, (0 + 8) + (4 + 12) and so on: four lanes each.
inline void fold(const float lanes[4][kLanes], float folded[4][4]) {
#if SIMD_BYTES == 64
    const __m512 a = _mm512_loadu_ps(lanes[0]), b = _mm512_loadu_ps(lanes[1]);
    const __m512 c = _mm512_loadu_ps(lanes[2]), d = _mm512_loadu_ps(lanes[3]);
    const __m512 ab = _mm512_shuffle_f32x4(a, b, 0x44) + _mm512_shuffle_f32x4(a, b, 0xee);
    const __m512 cd = _mm512_shuffle_f32x4(c, d, 0x44) + _mm512_shuffle_f32x4(c, d, 0xee);
    _mm512_storeu_ps(folded[0], _mm512_shuffle_f32x4(ab, cd, 0x88) + _mm512_shuffle_f32x4(ab, cd, 0xdd));
#else
    for (int k = 0; k < 4; ++k) {
        const four_t* quarter = reinterpret_cast<const four_t*>(lanes[k]);
        *reinterpret_cast<four_t*>(folded[k]) = (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
    }
#endif
}

// Sums of kTogether frames over the blocks of a hop that begin at `block` [kTogether + 1]: w^2 x^2 and w x. Reads ahead by
// hand: the processor's own guess is late by a half where samples lie beyond its second cache.
inline void sum_frames(const float* const* block, const float* window, const float* squared, std::ptrdiff_t hop,
                       float (*power)[kLanes], float (*sum)[kLanes]) {
    for (int lane = 0; lane < kLanes; lane += kWidth) {
        lanes_t rising_power[kTogether] = {}, falling_power[kTogether] = {};
        lanes_t rising_sum[kTogether] = {}, falling_sum[kTogether] = {};
#pragma GCC unroll 2  // a tenth faster: half as many moves between registers
        for (std::ptrdiff_t n = lane; n < hop; n += kLanes) {
            const lanes_t rising = lanes_at(window + n), falling = lanes_at(window + hop + n);
            const lanes_t rising_squared = lanes_at(squared + n), falling_squared = lanes_at(squared + hop + n);
            for (int k = 1; k <= kTogether && lane == 0; ++k) __builtin_prefetch(block[kTogether] + n + (kTogether + k) * hop);
            for (int k = 0; k <= kTogether; ++k) {
                const lanes_t x = lanes_at(block[k] + n), square = x * x;
                if (k < kTogether) rising_power[k] += square * rising_squared, rising_sum[k] += x * rising;
                if (k > 0) falling_power[k - 1] += square * falling_squared, falling_sum[k - 1] += x * falling;
            }
        }
        for (int k = 0; k < kTogether; ++k) {
            lanes_at(power[k] + lane) = rising_power[k] + falling_power[k];
            lanes_at(sum[k] + lane) = rising_sum[k] + falling_sum[k];
        }
    }
}

// Whether n samples are digital silence, as at the padded end of many files.
[[gnu::noinline]] bool silent(const float* samples, std::ptrdiff_t n) {
    unsigned any = 0, bits;
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        __builtin_memcpy(&bits, samples + i, sizeof bits);
        any |= bits << 1;   // without the sign: -0 is silent
    }
    return any == 0;
}

std::ptrdiff_t energies(const float* samples, const float* window, const float* squared, std::ptrdiff_t hop,
                        std::ptrdiff_t n_frames, double* energy) {
    float lanes[2][4][kLanes], power[4][4], sum[4][4];
    std::ptrdiff_t left = 0;
    for (std::ptrdiff_t first = 0; first < n_frames; first += 4) {
        for (int k = 0; k < 4; k += kTogether) {
            const float* block[kTogether + 1];
            for (int j = 0; j <= kTogether; ++j) {   // past the last frame the last block stands in, and goes nowhere
                const std::ptrdiff_t at = first + k + j;
                block[j] = samples + (at < n_frames ? at : n_frames) * hop;
            }
            sum_frames(block, window, squared, hop, lanes[0] + k, lanes[1] + k);
        }
        fold(lanes[0], power);
        fold(lanes[1], sum);
        for (int k = 0; k < 4 && first + k < n_frames; ++k) {
            const two_t total = {double(power[k][0]) + power[k][2], double(power[k][1]) + power[k][3]};
            const two_t halves = {double(sum[k][0]) + sum[k][2], double(sum[k][1]) + sum[k][3]};   // even, odd samples
            // X_0 = even + odd and X_{N/2} = even - odd: their squares sum to 2 (even^2 + odd^2)
            const two_t terms = total * double(hop) + halves * halves;
            const double square = terms[0] + terms[1];   // hop to 2 hop times the sum of w^2 x^2
            const bool inside = square > hop * 1e-30 && square < hop * 1e30;
            energy[first + k] = __builtin_sqrt(square);
            if (!inside && !(square == 0 && silent(samples + (first + k) * hop, 2 * hop))) {
                energy[first + k] = __builtin_nan("");
                ++left;
            }
        }
    }
    return left;
}

}  // namespace
}  // namespace prosody
