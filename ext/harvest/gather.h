// Each frame's row of candidates: its own and those of the 3 frames before and after it, refined in this frame.
#pragma once

#include "harvest/candidates.h"
#include "harvest/exact.h"
#include "harvest/quick.h"
#include "harvest/rows.h"
#include "harvest/vectors.h"

namespace harvest {
namespace {

struct Gatherer {
    const Plan& plan;
    const Candidates& candidates;
    ExactRefinement& exact;
    QuickRefinement quick;
    Rows rows;
    int known = 0;                      // frames whose row is made

    Gatherer(const Plan& p, const Signal& signal, const Candidates& c, ExactRefinement& e, int newest, Workspace& w)
        : plan(p), candidates(c), exact(e), quick(p, signal, c, w), rows(make_rows(w.refined, newest, kTries * p.slots)) {}

    // Makes the rows of the frames before `end`.
    void gather_to(int end) {
        if (plan.whole_frames)
            gather_quickly(end);
        else
            for (int f = known; f < end; ++f)
                gather(f, [&](int, int g, int j) { return rounded(exact.refine(f, candidates.of(g)[j])); });
        known = end;
    }

    void gather_quickly(int end) {
        quick.refine_to(least(candidates.known, end + kSpread), [&](int g) {
            if (g - kSpread >= known) gather_refined(g - kSpread);
        });
        for (int f = most(known, candidates.known - kSpread); f < end; ++f) gather_refined(f);
    }

    void gather_refined(int f) {
        gather(f, [&](int s, int g, int j) {
            const Refined found = quick.refined(g, j)[s <= kSpread ? s + kSpread : 2 * kSpread - s];
            return found.f0 < 0 ? rounded(exact.refine(f, candidates.of(g)[j])) : found;   // float cannot tell
        });
    }

    // refined(s, frame, candidate): of the s-th frame whose candidates are tried.
    template <class Refine>
    void gather(int f, const Refine& refined) {
        Row row = rows(f);
        row.count = 0;
        for (int s = 0; s < kTries; ++s) {
            const int g = frame_of(f, s);
            if (g < 0 || g >= candidates.known) continue;
            const int count = candidates.count_of(g);
            for (int j = 0; j < count; ++j) {
                const Refined found = refined(s, g, j);
                row.f0[row.count] = found.f0, row.score[row.count] = found.score;
                row.source[row.count] = (unsigned short)(s * plan.slots + j);
                row.count += found.f0 > 0;
            }
        }
        row.pad();
        rows.set(f, row);
    }
};

}  // namespace
}  // namespace harvest
