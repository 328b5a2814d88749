// Refinement of single candidates in double, at any frame of the signal.
#pragma once

#include "harvest/refine.h"
#include "harvest/signal.h"
#include "harvest/vectors.h"

namespace harvest {
namespace {

// The sample at the window's centre, and how far it lies after the frame's time.
inline long long centre(const Plan& plan, int frame, double f0, double& shift) {
    if (plan.whole_frames) return (long long)frame * (long long)plan.frame_samples;
    const double rate = plan.rate_hz, time = frame / 1000.0;
    const int h = int(1.5 * rate / f0 + 1.0);
    const double place = (time + -h / rate) * rate + 0.001;     // WORLD's rounding, 0.001 included
    const long long c = (long long)(place > 0 ? place + 0.5 : place - 0.5) + h;
    shift = double(c) - time * rate;
    return c;
}

struct ExactRefinement {
    const Plan& plan;
    const Signal& signal;
    Buffer& room;
    int last_frame = -1;
    Bins last_bins{};
    Sums last_sums{};

    Exact refine(int frame, double f0) {
        const Bins bins = bins_of(plan, f0);
        if (frame != last_frame || !(bins == last_bins)) {   // often the same sums serve the candidate before
            last_sums = sums_of(frame, f0, bins);
            last_frame = frame, last_bins = bins;
        }
        return harvest::refine(plan, last_sums, bins, f0);
    }

    Sums sums_of(int frame, double f0, const Bins& bins) const {
        const int reach = plan.most_window + kPad;
        double shift = 0, *held = static_cast<double*>(room.need(sizeof(double) * 8 * reach)), *behind = held + reach;
        const long long c = centre(plan, frame, f0, shift), last = signal.length - 1;
        const int taps = plan.window_length[bins.h - plan.least_window];
        const double* ahead = signal.at(c);
        if (c >= taps && c + taps <= last) {
            for (int o = 0; o < taps; ++o) behind[o] = ahead[-o];
        } else {
            for (int o = 0; o < taps; ++o) held[o] = *signal.at(most(0LL, least(c + o, last)));
            for (int o = 0; o < taps; ++o) behind[o] = *signal.at(most(0LL, least(c - o, last)));
            ahead = held;
        }
        return sums_at(plan, ahead, behind, shift, bins, behind + reach);
    }
};

}  // namespace
}  // namespace harvest
