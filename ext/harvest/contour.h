// From crossings to candidates: each channel's F0 contour, and runs of neighbouring channels that agree.
//
// A channel has four kinds of events: falls and rises of its signal and of its first difference. Two events of a kind in
// a row give an F0 (one over their distance) at their middle; the contour is the mean of the four linear interpolations.
// Their sum is a straight line between any two points, so a frame holds the jumps of slope and intercept at its points,
// and one running sum over frames yields the contour.
#pragma once

namespace {

constexpr int kFewestEdges = 8;        // three intervals of each kind: with fewer in the file a channel has no contour

struct Lines {                         // of one list of edges, where two kinds take turns
    double *f0, *at, *slope, *level;   // [edges]
    int* frame;                        // [edges]
};

// Adds the jumps of a list's lines to rows[frame][0..1] = level, slope; frame 0 gets the lines that hold there. The row
// after the last takes what lies beyond. Returns how many edges no later frame needs.
[[gnu::noinline]] int add_lines(const double* __restrict edge, int edges, const Plan& plan, long long first_frame, int frames,
                                const Lines& w, double* rows) {
    const int points = edges - 2, lines = edges - 4;
    const double beyond = frames;
    double *__restrict f0 = w.f0, *__restrict at = w.at, *__restrict slope = w.slope, *__restrict level = w.level;
    int* __restrict frame = w.frame;
    const vd rate = all(plan.rate_hz), per_sample = all(0.5 / plan.frame_samples), origin = all(double(first_frame));
    const vd limit = all(beyond), zero{};
    for (int k = 0; k < points; k += kD) {               // whole vectors: the lists have room behind their ends
        const vd early = load(edge + k), late = load(edge + k + 2), t = (late + early) * per_sample - origin;
        store(f0 + k, quotient(rate, late - early));
        store(at + k, t);
        vd held = t < limit ? t : limit;                 // also where a signal near the largest double made it NaN
        held = held > zero ? held : zero;
        const vi below = __builtin_convertvector(held, vi);
        const vi up = __builtin_convertvector(__builtin_convertvector(below, vd) < held, vi);
        const vi rounded = below - up;
        __builtin_memcpy(frame + k, &rounded, sizeof rounded);
    }
    for (int k = 0; k < lines; k += kD) {
        const vd x = load(at + k), y = load(f0 + k), tilt = quotient(load(f0 + k + 2) - y, load(at + k + 2) - x);
        store(slope + k, tilt);
        store(level + k, y - tilt * x);
    }
    auto add = [&](int place, double more_level, double more_slope) {
        pair_of_doubles* row = reinterpret_cast<pair_of_doubles*>(rows + 4 * place);
        *row += pair_of_doubles{more_level, more_slope};
    };
    int k = 1;                                    // the lines k - 1 and k, one of each kind, hold at frame 0
    while (k + 1 < lines && at[k + 1] <= 0) ++k;
    add(0, level[k - 1] + level[k], slope[k - 1] + slope[k]);
    int here = k + 1, later = lines;              // the first line beyond the last frame
    while (here < later) {
        const int middle = (here + later) / 2;
        if (at[middle] < beyond) here = middle + 1; else later = middle;
    }
    for (++k; k < here; ++k) add(frame[k], level[k] - level[k - 2], slope[k] - slope[k - 2]);
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
