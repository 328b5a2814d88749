// Refinement of a candidate in eight neighbouring frames at once, in float, where frames are a whole number of samples.
//
// A candidate is tried in its own frame and in the three before and after it. Window, bins and so all coefficients are the
// same there; only the signal moves on. So vectors run over frames: each frame has a pair of lanes, one for the window and
// one for its slope, and the sums stand in lanes without a horizontal addition. The eighth frame serves a candidate of the
// next frame with the same window and bins: only the last few operations need its own F0.
#pragma once

#include "harvest/refine.h"
#include "harvest/vectors.h"

namespace harvest {
namespace {

typedef float eight_floats __attribute__((vector_size(32)));

constexpr int kAcross = 8;                       // frames
constexpr int kParts = 2 * kAcross / kF;         // vectors that hold their pairs of lanes

// wave[sample][frame][2] = x(sample + frame * hop), twice.
inline void spread_wave(const float* __restrict x, int samples, int hop, float* __restrict wave) {
    for (int i = 0; i < samples; ++i)
        for (int f = 0; f < kAcross; ++f, wave += 2) wave[0] = wave[1] = x[i + f * hop];
}

struct Partials {                                // harmonics 2 j + 1 and 2 j + 2 in a frame's pair of lanes
    vf amplitude[kParts][kHarmonics / 2], drift[kParts][kHarmonics / 2];   // drift: instantaneous frequency - bin, Hz
};

struct Weights { alignas(32) float of[8]; };
inline Weights weights(eight_floats w) {
    Weights stored;
    __builtin_memcpy(stored.of, &w, sizeof w);
    return stored;
}
inline eight_floats used(const Bins& bins, eight_floats w) {
    return (eight_floats)((eight_ints)w & (eight_ints{0, 1, 2, 3, 4, 5, 6, 7} < bins.count));
}

// centre: wave at the first frame's sample.
[[gnu::noinline]] void measure_partials(const Plan& plan, const Bins& bins, const float* centre, Partials& partials) {
    const Harmonics& dft = plan.harmonics[bins.log2_n];
    const float *window = plan.quick_windows[bins.h - plan.least_window], *row[kHarmonics];
    for (int k = 0; k < kHarmonics; ++k) row[k] = dft.quick + std::size_t(bins.bin[k]) * 2 * dft.length;
    const Weights bin_hz = weights(__builtin_convertvector(away_hz(plan, bins, 0.0), eight_floats));
    const Weights one = weights(used(bins, eight_floats{1, 1, 1, 1, 1, 1, 0, 0}));
    const vf to_hz = all(float(slope_to_hz(plan)));
    for (int part = 0; part < kParts; ++part) {
        vf re[kHarmonics] = {}, im[kHarmonics] = {};   // of the window, and of its slope beside it
        const float* x = centre + part * kF;
        for (std::ptrdiff_t o = bins.h + 1; o >= 0; --o) {   // from the window's end: small terms first
            const vf behind = load(x - 2 * kAcross * o) * pairs(window + 4 * o + 2);
            const vf ahead = load(x + 2 * kAcross * o), taps = pairs(window + 4 * o);
            const vf even = ahead * taps + behind, odd = ahead * taps - behind;
#pragma GCC unroll 6
            for (int k = 0; k < kHarmonics; ++k) re[k] += even * all(row[k][2 * o]), im[k] += odd * all(row[k][2 * o + 1]);
        }
#pragma GCC unroll 3
        for (int j = 0; j < kHarmonics / 2; ++j) {
            const int k = 2 * j;
            const vf cross = im[k] * beside(re[k]), next = im[k + 1] * beside(re[k + 1]);
            const vf power = firsts(re[k] * re[k] + im[k] * im[k], re[k + 1] * re[k + 1] + im[k + 1] * im[k + 1]);
            const vf drift = (firsts(cross, next) - seconds(cross, next)) / power * to_hz;
            const auto silent = power == 0.f;
            partials.drift[part][j] = (vf)(((decltype(silent))drift & ~silent) | ((decltype(silent))-pairs(bin_hz.of + k) & silent));
            vf amplitude;
            for (int l = 0; l < kF; ++l) amplitude[l] = __builtin_sqrtf(power[l]);
            partials.amplitude[part][j] = amplitude * pairs(one.of + k);
        }
    }
}

// One candidate's F0 and score in the eight frames, zeros where it is rejected, negative where float cannot tell.
inline void finish(const Plan& plan, const Bins& bins, double f0_hz, const Partials& partials, float* refined) {   // [kAcross][F0, score]
    const Weights away = weights(__builtin_convertvector(away_hz(plan, bins, f0_hz), eight_floats));
    const Weights order = weights(eight_floats{1, 2, 3, 4, 5, 6, 0, 0});
    const Weights share = weights(used(bins, eight_floats{1, 1.f / 2, 1.f / 3, 1.f / 4, 1.f / 5, 1.f / 6, 0, 0}));
    const float f0 = float(f0_hz), reach = f0 * bins.count;
    const Weights start = weights(eight_floats{f0}), rest = weights(eight_floats{float(f0_hz - f0)});   // F0 is rounded once
    const float floor = float(plan.floor_hz), ceil = float(plan.ceil_hz), score = float(kLeastScore);
    const float sure_from[2] = {floor * 1.0001f, score * 1.001f}, sure_to[2] = {ceil * 0.9999f, __FLT_MAX__};
    const float fits_from[2] = {floor * 0.9999f, score * 0.999f}, fits_to[2] = {ceil * 1.0001f, __FLT_MAX__};
    for (int part = 0; part < kParts; ++part) {
        vf pull{}, mass{}, miss{};
#pragma GCC unroll 3
        for (int j = 0; j < kHarmonics / 2; ++j) {
            const vf amplitude = partials.amplitude[part][j], off = partials.drift[part][j] + pairs(away.of + 2 * j);
            pull += amplitude * off, mass += amplitude * pairs(order.of + 2 * j);
            miss += magnitude(off) * pairs(share.of + 2 * j);
        }
        pull += beside(pull), mass += beside(mass), miss += beside(miss);
        const vf moved = firsts(pull - 1e-12f * f0, all(reach)) / firsts(mass + 1e-12f, miss + 1e-12f * reach);
        const vf found = moved + pairs(rest.of) + pairs(start.of);
        const vu fits = (vu)((found >= pairs(fits_from)) & (found <= pairs(fits_to)));
        const vu sure = (vu)((found >= pairs(sure_from)) & (found <= pairs(sure_to)));
        const vu sign = ~(sure & (vu)beside((vf)sure)) & 0x8000000080000000;
        store(refined + part * kF, (vf)(((vu)found | sign) & fits & (vu)beside((vf)fits)));
    }
}

}  // namespace
}  // namespace harvest
