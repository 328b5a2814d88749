// Down to about 8 kHz: a third-order low-pass forward and backward, then every ratio-th sample.
//
// The signal's edge values are held for `hold` samples on both sides; outside lies silence. The low-pass forgets within
// `memory` samples, so any stretch of the answer is computed by itself, kD stretches at once in the lanes of a vector.
#pragma once

#include "harvest/vectors.h"

namespace harvest {
namespace {

template <class Sample>
inline double held(const Sample* x, long long n, long long hold, long long i) {
    if (i < -hold || i >= n + hold) return 0.0;
    return x[i < 0 ? 0 : i < n ? i : n - 1];
}

// out[0..count) = samples first.. of the decimated signal; forward: [room for (steps + 2 memory) vectors].
template <class Sample>
void decimate(const Plan& plan, const Sample* x, long long n, long long first, int count, double* out, Buffer& room) {
    if (plan.ratio == 1) {
        for (int i = 0; i < count; ++i) out[i] = x[first + i];
        return;
    }
    const long long ratio = plan.ratio, hold = plan.hold, offset = (n - 1) % ratio;
    const int stretch = (count + kD - 1) / kD;                      // outputs in one lane
    const int steps = int(stretch * ratio) + 2 * plan.memory;
    vd* forward = static_cast<vd*>(room.need(sizeof(vd) * steps));
    const vd a0 = all(plan.a[0]), a1 = all(plan.a[1]), a2 = all(plan.a[2]), b0 = all(plan.b[0]), b1 = all(plan.b[1]);
    const long long begin = offset + ratio * first - plan.memory, apart = ratio * stretch;
    const bool inside = begin >= 0 && begin + apart * (kD - 1) + steps <= n;
    vd w0{}, w1{}, w2{};
    for (int i = 0; i < steps; ++i) {
        vd v;
        if (inside)
            for (int l = 0; l < kD; ++l) v[l] = x[begin + i + l * apart];
        else
            for (int l = 0; l < kD; ++l) v[l] = held(x, n, hold, begin + i + l * apart);
        const vd w = (v + a2 * w2 + a1 * w1) + a0 * w0;
        forward[i] = b0 * (w + w2) + b1 * (w0 + w1);
        w2 = w1, w1 = w0, w0 = w;
    }
    if (!inside)                                                    // the backward pass starts where the held signal ends
        for (int l = 0; l < kD; ++l)
            for (long long i = most(0LL, n + hold - begin - l * apart); i < steps; ++i) forward[i][l] = 0.0;
    w0 = w1 = w2 = vd{};
    int next = (stretch - 1) * int(ratio) + plan.memory, place = stretch - 1;
    for (int i = steps - 1; i >= plan.memory; --i) {
        const vd w = (forward[i] + a2 * w2 + a1 * w1) + a0 * w0;
        const vd y = b0 * (w + w2) + b1 * (w0 + w1);
        w2 = w1, w1 = w0, w0 = w;
        if (i == next) {
            for (int l = 0; l < kD; ++l)
                if (place + l * stretch < count) out[place + l * stretch] = y[l];
            next -= int(ratio), --place;
        }
    }
}

}  // namespace
}  // namespace harvest
