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
};

// Adds the jumps of a list's lines to rows[frame][0..1] = level, slope; frame 0 gets the lines that hold there. Returns
// how many edges no later frame needs.
[[gnu::noinline]] int add_lines(const double* edge, int edges, const Plan& plan, long long first_frame, int frames, const Lines& w,
                     double* rows) {
    const int points = edges - 2, lines = edges - 4;
    const double rate = plan.rate_hz, per_sample = 0.5 / plan.frame_samples, origin = double(first_frame);
    for (int k = 0; k < points; ++k) {
        w.f0[k] = rate / (edge[k + 2] - edge[k]);
        w.at[k] = (edge[k + 2] + edge[k]) * per_sample - origin;
    }
    for (int k = 0; k < lines; ++k) {
        w.slope[k] = (w.f0[k + 2] - w.f0[k]) / (w.at[k + 2] - w.at[k]);
        w.level[k] = w.f0[k] - w.slope[k] * w.at[k];
    }
    int k = 1;                                    // the lines k - 1 and k, one of each kind, hold at frame 0
    while (k + 1 < lines && w.at[k + 1] <= 0) ++k;
    auto add = [&](int frame, double level, double slope) {
        pair_of_doubles* row = reinterpret_cast<pair_of_doubles*>(rows + 4 * frame);
        *row += pair_of_doubles{level, slope};
    };
    add(0, w.level[k - 1] + w.level[k], w.slope[k - 1] + w.slope[k]);
    int past = k - 1;
    for (++k; k < lines; ++k) {
        if (!(w.at[k] < frames)) break;           // also where a signal near the largest double made it NaN
        const int frame = most(0, int(__builtin_ceil(w.at[k])));
        if (frame < frames) add(frame, w.level[k] - w.level[k - 2], w.slope[k] - w.slope[k - 2]);
        past = k - 1;
    }
    return past;
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
    for (int f = 0; f < frames; ++f, rows += 4) {
        a += rows[0], b += rows[1], c += rows[2], d += rows[3];
        *reinterpret_cast<four*>(rows) = four{};
        first[f] = 0.25 * (a + b * f);
        second[f] = 0.25 * (c + d * f);
    }
}

}  // namespace
