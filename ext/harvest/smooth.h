// The contour's last step: a second-order Butterworth low-pass (30 Hz) forward and backward over each voiced section.
#pragma once

#include "harvest/refine.h"
#include "harvest/vectors.h"

namespace harvest {
namespace {

constexpr double kSmoothA[2] = {1.7347257688092754, -0.76600660094326412};   // 30 Hz at 1000 frames a second
constexpr double kSmoothB = 0.0078202080334971724;
constexpr int kHoldFrames = 300;       // the section's ends are held so long that the filter settles to the last bit

inline double low_pass(double x, double* w) {
    const double now = x + kSmoothA[0] * w[0] + kSmoothA[1] * w[1], y = kSmoothB * (now + 2 * w[0] + w[1]);
    w[1] = w[0], w[0] = now;
    return y;
}

void smooth(const Refined* merged, int frames, double* f0, Buffer& buffer) {
    for (int begin = 0; begin < frames; ++begin) {
        f0[begin] = 0;
        if (!(merged[begin].f0 > 0)) continue;
        int end = begin;
        while (end + 1 < frames && merged[end + 1].f0 > 0) ++end;
        const int count = end - begin + 1 + 2 * kHoldFrames;
        double *room = static_cast<double*>(buffer.need(sizeof(double) * count)), w[2] = {0, 0};
        for (int i = 0; i < count; ++i)
            room[i] = low_pass(merged[least(most(begin + i - kHoldFrames, begin), end)].f0, w);
        w[0] = w[1] = 0;
        for (int i = count - 1; i >= kHoldFrames; --i) {
            const double y = low_pass(room[i], w);
            if (begin + i - kHoldFrames <= end) f0[begin + i - kHoldFrames] = y;
        }
        begin = end;
    }
}

}  // namespace
}  // namespace harvest
