// The filter bank's candidates for F0: of a stretch of frames, whose oldest are dropped as the work moves on.
#pragma once

#include "harvest/vectors.h"

namespace harvest {
namespace {

struct Candidates {
    int slots;
    double* f0;                         // [frame - first][slots], Hz
    int* count;                         // [frame - first]
    int first = 0, known = 0;           // frames first..known-1 are here

    // frames: the most that lie between `first` and `known`.
    Candidates(const Plan& plan, int frames, Buffer& buffer) : slots(plan.slots) {
        const std::size_t places = std::size_t(frames) * slots;
        f0 = static_cast<double*>(buffer.need(sizeof(double) * places + sizeof(int) * frames));
        count = reinterpret_cast<int*>(f0 + places);
    }

    double* of(int frame) const { return f0 + std::size_t(frame - first) * slots; }
    int count_of(int frame) const { return count[frame - first]; }

    void forget_before(int frame) {
        if (frame <= first) return;
        __builtin_memmove(f0, of(frame), sizeof(double) * slots * std::size_t(known - frame));
        __builtin_memmove(count, count + (frame - first), sizeof(int) * std::size_t(known - frame));
        first = frame;
    }
};

constexpr int kTries = 2 * kSpread + 1;   // frames in which a candidate is tried

// A candidate is tried in its own frame, in the three after it and in the three before it. The frame whose candidates are
// the s-th to be tried in `frame`; the order decides ties.
inline int frame_of(int frame, int s) { return s <= kSpread ? frame - s : frame + s - kSpread; }

}  // namespace
}  // namespace harvest
