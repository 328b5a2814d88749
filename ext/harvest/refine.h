// Refinement: a candidate's instantaneous frequency from its first six harmonics, and how well they agree.
//
// Harvest multiplies three periods of signal by a Blackman window and by the window's slope, and takes two DFTs. Only six
// bins are needed, so they are summed directly: with x forward and backward from the centre, the sums over even and odd
// parts need one cosine and one sine row per bin. Where frames are a whole number of samples every candidate is refined in
// float (spread.h); the few that are chosen in the end, and those that come close to being chosen, again in double as here
// (settle.h), so that no choice rests on rounding.
#pragma once

#include "harvest/vectors.h"

namespace harvest {
namespace {

typedef long long eight_longs __attribute__((vector_size(64)));
typedef int eight_ints __attribute__((vector_size(32)));

constexpr eight_doubles kOrder{1, 2, 3, 4, 5, 6, 7, 8};

constexpr double kLeastScore = 2.5;     // of a candidate that stays

struct Exact { double f0, score; };
struct Refined { float f0, score; };
inline Refined rounded(const Exact& e) { return {float(e.f0), float(e.score)}; }

inline int window_half(const Plan& plan, double f0) { return int(1.5 * plan.rate_hz / f0 + 1.0); }

struct Bins {                          // where a candidate's harmonics are sought
    int h, log2_n, count;              // half-length of the window, DFT size, harmonics below the Nyquist frequency
    eight_ints bin;                    // 0 from `count` on
    bool operator==(const Bins& other) const {
        return h == other.h && !__builtin_memcmp(&bin, &other.bin, sizeof bin);
    }
};

inline Bins bins_of(const Plan& plan, double f0) {
    const double rate = plan.rate_hz;
    const int h = window_half(plan, f0), log2_n = 2 + 31 - __builtin_clz(2 * h + 1);
    const int count = f0 * 12.01 < rate ? kHarmonics : least(int(rate / 2.0 / f0), kHarmonics);
    const eight_ints bin = __builtin_convertvector(f0 * plan.harmonics[log2_n].n / rate * kOrder + 0.5, eight_ints);
    return {h, log2_n, count, bin & (eight_ints{0, 1, 2, 3, 4, 5, 6, 7} < count)};
}

// Distance of each bin from its harmonic, in Hz.
inline eight_doubles away_hz(const Plan& plan, const Bins& bins, double f0) {
    return __builtin_convertvector(bins.bin, eight_doubles) * (plan.rate_hz / plan.harmonics[bins.log2_n].n) - kOrder * f0;
}

inline double slope_to_hz(const Plan& plan) { return plan.rate_hz / 2.0 / 3.14159265358979323846; }

struct Taps { const double* block; int length; };   // of a window, in blocks of kPad

template <int kFirst, int kCount>
inline void sum_harmonics(const double* ahead, const double* behind, const Taps& taps, const double* const* rows,
                          vd (*sum)[kHarmonics]) {                         // [re, im, slope re, slope im]
    vd a[kCount] = {}, b[kCount] = {}, c[kCount] = {}, d[kCount] = {};
    const double *row[kCount], *window = taps.block;
    for (int k = 0; k < kCount; ++k) row[k] = rows[kFirst + k];
    for (std::ptrdiff_t o = 0; o < taps.length; o += kPad, window += 4 * kPad)
#pragma GCC unroll 8
        for (std::ptrdiff_t l = 0; l < kPad; l += kD) {
            const vd x = load(ahead + o + l), y = load(behind + o + l);
            const vd p = x * load(window + l), q = y * load(window + kPad + l);
            const vd r = x * load(window + 2 * kPad + l), s = y * load(window + 3 * kPad + l);
            const vd even = p + q, odd = p - q, slope_even = r + s, slope_odd = r - s;
#pragma GCC unroll 6
            for (int k = 0; k < kCount; ++k) {
                const vd cosine = load(row[k] + 2 * o + l), sine = load(row[k] + 2 * o + kPad + l);
                a[k] += even * cosine, b[k] += odd * sine, c[k] += slope_even * cosine, d[k] += slope_odd * sine;
            }
        }
#pragma GCC unroll 6
    for (int k = 0; k < kCount; ++k)
        sum[0][kFirst + k] = a[k], sum[1][kFirst + k] = b[k], sum[2][kFirst + k] = c[k], sum[3][kFirst + k] = d[k];
}

struct Sums { eight_doubles re, im, slope_re, slope_im; };   // of the harmonics

inline Sums harmonic_sums(const double* ahead, const double* behind, const Taps& taps, const double* const* rows) {
    vd sum[4][kHarmonics];
#if SIMD_BYTES == 64
    sum_harmonics<0, 6>(ahead, behind, taps, rows, sum);
#else
    sum_harmonics<0, 3>(ahead, behind, taps, rows, sum);        // 16 registers hold 12 sums
    sum_harmonics<3, 3>(ahead, behind, taps, rows, sum);
#endif
    eight_doubles out[4];
    for (int part = 0; part < 4; part += 2) {
        const auto *re = sum[part], *im = sum[part + 1];
        const auto first = sums(re[0], re[1], re[2], re[3]), mixed = sums(re[4], re[5], im[4], im[5]);
        const auto second = sums(im[0], im[1], im[2], im[3]);
        out[part] = SHUFFLE(first, mixed, 0, 1, 2, 3, 4, 5, 4, 4);
        out[part + 1] = SHUFFLE(second, mixed, 0, 1, 2, 3, 6, 7, 6, 6);
    }
    return {out[0], out[1], out[2], out[3]};
}

// The taps of a window whose centre lies between two samples; room: [6][padded taps].
inline Taps shifted_taps(const Plan& plan, int h, double shift, double* room) {
    const int length = plan.window_length[h - plan.least_window];
    const double *cosine = plan.windows[h - plan.least_window], *sine = cosine + length;
    const double angle = 2 * 3.14159265358979323846 * shift / (2 * h + 1);
    const double turn_cos = __builtin_cos(angle), turn_sin = __builtin_sin(angle);
    double *fwd = room + 4 * length, *back = fwd + length;
    for (int o = 0; o < length; ++o) {
        const double c = cosine[o] * turn_cos - sine[o] * turn_sin, d = cosine[o] * turn_cos + sine[o] * turn_sin;
        fwd[o] = o < h ? 0.34 + 0.5 * c + 0.16 * c * c : 0.0;
        back[o] = o < h + 2 ? 0.34 + 0.5 * d + 0.16 * d * d : 0.0;
    }
    for (int o = 0; o < length; ++o) {
        double* at = room + 4 * (o - o % kPad) + o % kPad;
        const double later = o + 1 < length ? fwd[o + 1] : 0.0, earlier = o + 1 < length ? back[o + 1] : 0.0;
        at[0] = fwd[o], at[kPad] = o ? back[o] : 0.0;
        at[2 * kPad] = o == 0 ? (back[1] - fwd[1]) / 2 : o < h ? (fwd[o - 1] - later) / 2 : 0.0;
        at[3 * kPad] = o > 0 && o < h + 2 ? (earlier - back[o - 1]) / 2 : 0.0;
    }
    return {room, length};
}

template <class V> inline auto halves(V v) { return SHUFFLE(v, v, 0, 1, 2, 3) + SHUFFLE(v, v, 4, 5, 6, 7); }

template <class V> inline V sums4(V a, V b, V c) {   // sum of a's lanes, of b's, of c's
    const V ab = SHUFFLE(a, b, 0, 4, 1, 5) + SHUFFLE(a, b, 2, 6, 3, 7);
    const V cc = SHUFFLE(c, c, 0, 1, 0, 1) + SHUFFLE(c, c, 2, 3, 2, 3);
    return SHUFFLE(ab, cc, 0, 1, 4, 4) + SHUFFLE(ab, cc, 2, 3, 5, 5);
}

// ahead[o] = x(c + o), behind[o] = x(c - o) about the sample c nearest the frame; shift = c - frame time, in samples.
inline Sums sums_at(const Plan& plan, const double* ahead, const double* behind, double shift, const Bins& bins, double* room) {
    const Harmonics& dft = plan.harmonics[bins.log2_n];
    const int window = bins.h - plan.least_window;
    const Taps taps = plan.whole_frames ? Taps{plan.windows[window], plan.window_length[window]} : shifted_taps(plan, bins.h, shift, room);
    const double* rows[kHarmonics];
    for (int k = 0; k < kHarmonics; ++k) rows[k] = dft.exact + std::size_t(bins.bin[k]) * 2 * dft.length;
    return harmonic_sums(ahead, behind, taps, rows);
}

inline Exact refine(const Plan& plan, const Sums& sum, const Bins& bins, double f0) {
    const eight_doubles power = sum.re * sum.re + sum.im * sum.im;
    const eight_longs silent = power == 0.0;
    const eight_longs used = __builtin_convertvector(eight_ints{0, 1, 2, 3, 4, 5, 6, 7} < bins.count, eight_longs);
    const eight_doubles inverse = inverse_root((eight_doubles)(((eight_longs)power & ~silent) | ((eight_longs)(power + 1.0) & silent)));
    eight_doubles off = away_hz(plan, bins, f0) + (sum.im * sum.slope_re - sum.re * sum.slope_im) * (inverse * inverse) * slope_to_hz(plan);
    off = (eight_doubles)(((eight_longs)off & ~silent) | ((eight_longs)(kOrder * -f0) & silent));  // instantaneous - k f0
    const eight_doubles amplitude = (eight_doubles)((eight_longs)(power * inverse) & used);
    off = (eight_doubles)((eight_longs)off & used);
    const eight_doubles share{1, 1. / 2, 1. / 3, 1. / 4, 1. / 5, 1. / 6, 0, 0};
    const eight_doubles pull = amplitude * off, mass = amplitude * kOrder, miss = (off < 0 ? -off : off) * share;
    const auto folded = sums4(halves(pull), halves(mass), halves(miss));
    const double numerator = folded[0], denominator = folded[1], error = folded[2];
    const double refined = (f0 * denominator + numerator) / (denominator + 1e-12), reach = f0 * bins.count;
    const double score = reach / (error + 1e-12 * reach);
    if (!(refined >= plan.floor_hz && refined <= plan.ceil_hz && score >= kLeastScore)) return {0.0, 0.0};
    return {refined, score};
}

}  // namespace
}  // namespace harvest
