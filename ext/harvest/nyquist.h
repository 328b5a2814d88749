// WORLD's filter bank multiplies spectra of N points over the whole file, and its loop that mirrors them writes the last two
// bins twice: bin N/2 - 1 and bin N/2 both end as Y[N/2] Y[N/2-1] H[N/2-1] in place of Y[N/2-1] H[N/2-1] and Y[N/2] H[N/2].
// The filters let through what little there is at the Nyquist frequency, and in quiet frames a peak or dip may hang on it.
// The same follows from a tone that is added to the filter bank's input, so that our numbers stay those of pyworld.
#pragma once

#include "harvest/vectors.h"

namespace harvest {
namespace {

struct NyquistTone {
    long long n;                        // points of WORLD's transform
    double step;                        // angle by which bin N/2 - 1 lags behind the alternation of signs, per sample
    double even, cosine, sine;          // sums of y over (-1)^i, (-1)^i cos, (-1)^i sin
    double even_one, cosine_one, sine_one;   // the same of a constant 1
    double level, in_phase, quadrature; // the tone: (-1)^i (level + in_phase cos + quadrature sin)

    void bins(const Plan& plan, long long length) {
        const long long least_points = length + 5 + 2 * (long long)(2.0 * plan.rate_hz / plan.lowest_hz);
        for (n = 1; n <= least_points; n *= 2) {}
        step = 2 * 3.14159265358979323846 / double(n);
        even = cosine = sine = even_one = cosine_one = sine_one = 0;
    }

    // Calls use(i, (-1)^i, (-1)^i cos(step i), (-1)^i sin(step i)) for whole vectors of samples i.. from `from` on; samples
    // beyond `to` come with zeros.
    template <class Use>
    void each(long long from, long long to, const Use& use) const {
        const vd turn_cos = all(__builtin_cos(step * kD)), turn_sin = all(__builtin_sin(step * kD));
        vd sign, c, s;
        for (int l = 0; l < kD; ++l) {
            sign[l] = (from + l) % 2 ? -1 : 1;
            c[l] = sign[l] * __builtin_cos(step * double(from + l)), s[l] = sign[l] * __builtin_sin(step * double(from + l));
        }
        for (long long i = from; i < to; i += kD) {
            if (to - i < kD)
                for (int l = int(to - i); l < kD; ++l) sign[l] = c[l] = s[l] = 0;
            use(i, sign, c, s);
            const vd next = c * turn_cos - s * turn_sin;
            s = s * turn_cos + c * turn_sin, c = next;
        }
    }

    void measure(const double* y, long long from, long long to) {
        vd sums[6] = {};
        each(from, to, [&](long long i, vd sign, vd c, vd s) {
            const vd v = load(y + (i - from));
            sums[0] += v * sign, sums[1] += v * c, sums[2] += v * s, sums[3] += sign, sums[4] += c, sums[5] += s;
        });
        double* const totals[6] = {&even, &cosine, &sine, &even_one, &cosine_one, &sine_one};
        for (int j = 0; j < 6; ++j)
            for (int l = 0; l < kD; ++l) *totals[j] += sums[j][l];
    }

    void settle(double mean) {
        // Y[N/2] = last; Y[N/2-1] = re + i im, for exp(-i pi (1 - 2/N) k) = (-1)^k (cos + i sin)
        const double last = even - mean * even_one, re = cosine - mean * cosine_one, im = sine - mean * sine_one;
        level = (last * re - last) / double(n);
        // 2 / N Re((last - 1)(re + i im) exp(i pi (1 - 2/N) k)), the exponential being (-1)^k (cos - i sin)
        in_phase = 2 * (last - 1) * re / double(n), quadrature = 2 * (last - 1) * im / double(n);
    }

    void add(const double* y, long long from, int count, double* out) const {
        each(from, from + count, [&](long long i, vd sign, vd c, vd s) {
            store(out + (i - from), load(y + (i - from)) + (level * sign + in_phase * c + quadrature * s));
        });
    }
};

}  // namespace
}  // namespace harvest
