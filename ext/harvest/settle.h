// The candidates that pruning left, as `best` and `nearest` choose among them: those in question are refined again in double,
// so that no choice rests on rounding.
#pragma once

#include "harvest/candidates.h"
#include "harvest/exact.h"
#include "harvest/rows.h"
#include "harvest/vectors.h"

namespace harvest {
namespace {

struct Settler {
    const Plan& plan;
    const Signal& signal;
    const Candidates& candidates;
    ExactRefinement& exact;
    Rows kept;

    Row operator()(int frame) const { return kept(frame); }

    // A choice in double.
    Exact exactly(const Choice& c, int frame) {
        const Exact found = c.from == 0 ? Exact{} : exact.refine(frame, __builtin_fabs(c.from));
        return found.f0 > 0 ? found : Exact{c.f0, c.score};
    }

    // The same for candidate j of the frame, which takes the result.
    Exact settle(int frame, int j) {
        const Row row = kept(frame);
        if (!(row.source[j] & kSettled)) {
            row.exact[j] = exactly(chosen(frame, row, j), frame);
            const Refined found = rounded(row.exact[j]);
            row.f0[j] = found.f0, row.score[j] = found.score, row.source[j] |= kSettled;
        }
        return row.exact[j];
    }

    // Most choices are never part of the contour, so they are settled in the end, if the signal is still there then.
    Choice choose(int frame, int j) {
        const Row row = kept(frame);
        if (!signal.whole()) settle(frame, j);
        return chosen(frame, row, j);
    }

    Choice settled(const Choice& c, int frame) {
        if (!(c.from > 0)) return c;
        const Refined found = rounded(exactly(c, frame));
        return {found.f0, found.score, -c.from};
    }

    // Whether two candidates of the frame have one F0 to the last digit, as they were refined from the same sums.
    bool alike(int frame, int i, int j) const {
        const Row row = kept(frame);
        return i == j || bins_of(plan, tried_hz(frame, row.source[i])) == bins_of(plan, tried_hz(frame, row.source[j]));
    }

    Choice chosen(int frame, const Row& row, int j) const {
        const double tried = tried_hz(frame, row.source[j]);
        return {row.f0[j], row.score[j], row.source[j] & kSettled ? -tried : tried};
    }

    double tried_hz(int frame, int source) const {
        const int place = source & ~kSettled;
        return candidates.of(frame_of(frame, place / plan.slots))[place % plan.slots];
    }
};

}  // namespace
}  // namespace harvest
