// From crossings to candidates: each channel's F0 contour, and runs of neighbouring channels that agree.
//
// A channel has four kinds of events: falls and rises of its signal and of its first difference. Two events of a kind in
// a row give an F0 (one over their distance) at their middle; the contour is the mean of the four linear interpolations.
// Their sum is a straight line between any two points, so a frame holds the jumps of slope and intercept at its points,
// and one running sum over frames yields the contour.
#pragma once

#include "harvest/vectors.h"

namespace harvest {
namespace {

constexpr int kFewestEdges = 8;        // three intervals of each kind: with fewer in the file a channel has no contour

struct Jumps {                         // of the lines of one list of edges
    pair_of_doubles* jump;             // [edges] level, slope
    int* frame;                        // [edges]
};

// Adds the jumps of a list's lines to rows[frame][0..1] = level, slope; frame 0 gets the lines that hold there. The row
// after the last takes what lies beyond. Returns how many edges no later frame needs.
[[gnu::noinline]] int add_lines(const double* __restrict edge, int edges, const Plan& plan, long long first_frame, int frames,
                                const Jumps& room, double* rows) {
    const int lines = edges - 4;
    const double beyond = frames, half = 0.5 / plan.frame_samples, origin = double(first_frame);
    const vd rate = all(plan.rate_hz), per_sample = all(half), limit = all(beyond), zero{};
    auto time = [&](int k) { return (edge[k + 2] + edge[k]) * half - origin; };
    auto points = [&](int k, vd& at, vd& f0) {
        const vd early = load(edge + k), late = load(edge + k + 2);
        at = (late + early) * per_sample - origin;
        f0 = quotient(rate, late - early);
    };
    pair_of_doubles* __restrict const jump = room.jump;
    int* __restrict const frame = room.frame;
    pair_of_doubles* __restrict const row = reinterpret_cast<pair_of_doubles*>(rows);   // every second one is this channel's
    vd at, f0, next_at, next_f0, level{}, slope{};
    points(0, at, f0);
    for (int k = 0; k < lines; k += kD) {                // whole vectors: the lists have room behind their ends
        points(k + kD, next_at, next_f0);
        const vd tilt = quotient(two_on(f0, next_f0) - f0, two_on(at, next_at) - at), base = f0 - tilt * at;
        store_pairs(reinterpret_cast<double*>(jump + k), base - two_back(level, base), tilt - two_back(slope, tilt));
        vd held = at < limit ? at : limit;               // also where a signal near the largest double made it NaN
        held = held > zero ? held : zero;
        const vi up = ceiling(held);
        __builtin_memcpy(frame + k, &up, sizeof up);
        level = base, slope = tilt, at = next_at, f0 = next_f0;
    }
    int k = 1;                                    // the lines k - 1 and k, one of each kind, hold at frame 0
    while (k + 1 < lines && time(k + 1) <= 0) ++k;
    int here = k + 1, later = lines;              // the first line beyond the last frame
    while (here < later) {
        const int middle = (here + later) / 2;
        if (time(middle) < beyond) here = middle + 1; else later = middle;
    }
    for (int line = k - 1; line <= k; ++line) {
        const double x = time(line), y = plan.rate_hz / (edge[line + 2] - edge[line]);
        const double tilt = (plan.rate_hz / (edge[line + 4] - edge[line + 2]) - y) / (time(line + 2) - x);
        row[0] += pair_of_doubles{y - tilt * x, tilt};
    }
    for (++k; k < here; ++k) row[2 * std::size_t(frame[k])] += jump[k];
    return here - 2;
}

struct Runs {                          // runs of agreeing channels that are open in each frame
    double *sum, *length;              // [frames]
    double* f0;                        // [frame][slots], found
    int* count;                        // [frame]
    int slots;
};

// Takes one channel's contour (0 = none) into the runs; a run that ends with enough channels becomes a candidate.
[[gnu::noinline]] void add_channel(const double* contour, double low_hz, double high_hz, int frames, const Runs& runs) {
    const vd low = all(low_hz), high = all(high_hz), long_enough = all(kLeastRun - 0.5);
    for (int f = 0; f < frames; f += kD) {
        const vd v = load(contour + f), sum = load(runs.sum + f), length = load(runs.length + f);
        const vl in = (v >= low) & (v <= high);
        store(runs.sum + f, (vd)((vl)(sum + v) & in));
        store(runs.length + f, (vd)((vl)(length + 1.0) & in));
        unsigned ended = above((vd)((vl)length & ~in), long_enough);
        for (; ended; ended &= ended - 1) {
            const int l = __builtin_ctz(ended);
            if (f + l < frames) runs.f0[(f + l) * runs.slots + runs.count[f + l]++] = sum[l] / length[l];
        }
    }
}

// Running sum over the rows of two channels, which are cleared; contour[0], contour[1]: [frames].
[[gnu::noinline]] void running_sum(double* rows, int frames, double* first, double* second) {
    typedef double four __attribute__((vector_size(32)));
    double a = 0, b = 0, c = 0, d = 0;
    *reinterpret_cast<four*>(rows + 4 * frames) = four{};
    for (int f = 0; f < frames; ++f, rows += 4) {
        a += rows[0], b += rows[1], c += rows[2], d += rows[3];
        *reinterpret_cast<four*>(rows) = four{};
        first[f] = 0.25 * (a + b * f);
        second[f] = 0.25 * (c + d * f);
    }
}

}  // namespace
}  // namespace harvest
