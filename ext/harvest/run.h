// The whole way from samples to F0, a stretch of frames at a time.
#pragma once

#include "harvest/candidates.h"
#include "harvest/exact.h"
#include "harvest/find.h"
#include "harvest/gather.h"
#include "harvest/merge.h"
#include "harvest/prune.h"
#include "harvest/settle.h"
#include "harvest/signal.h"
#include "harvest/smooth.h"
#include "harvest/track.h"
#include "harvest/vectors.h"

namespace harvest {
namespace {

constexpr int kAtOnce = 128;            // frames refined, pruned and tracked while they lie in the cache
static_assert(kRing >= kBehind + kAtOnce);

struct Run {
    const Plan& plan;
    Workspace& w = workspace();
    int frames;
    Signal signal;
    Candidates candidates;
    Finder finder;
    ExactRefinement exact{plan, signal, w.exact};
    Gatherer gatherer{plan, signal, candidates, exact, kRing, w};
    Settler settler{plan, signal, candidates, exact, make_rows(w.pruned, kRing, kTries * plan.slots)};
    Tracks tracks;
    int pruned_to = 0;

    Run(const Plan& p, Samples x, long long n)
        : plan(p), frames(frame_count(n, p.sample_rate_hz, 1.0)), signal{p, x, n, decimated_length(p, n), w},
          candidates(p, least(frames, kChunk) + kBehind + 4 * kSpread + 16, w.raw), finder(p, signal, candidates, frames, w),
          tracks(new_tracks(frames, signal.whole(), w)) {}

    bool last(int frame) const { return frame == frames; }

    void prune_to(int end) {
        for (int f = pruned_to; f < end; ++f) {
            const Row row = gatherer.rows(f);
            const bool edge = f == 0 || f == frames - 1;
            const Row before = edge ? row : gatherer.rows(f - 1), after = edge ? row : gatherer.rows(f + 1);
            Row left = settler.kept(f);
            prune(row, edge ? nullptr : &before, edge ? nullptr : &after, left);
            settler.kept.set(f, left);
        }
        for (int f = pruned_to; f < end; ++f)      // a second loop, as rows just written are slow to read in vectors
            tracks.best.set(f, best(settler, f));
        pruned_to = end;
    }

    // Takes the candidates up to `known` through to the sections of the contour.
    void track_to(int known) {
        const int stop = last(known) ? frames : known - kSpread;
        while (gatherer.known < stop) {
            gatherer.gather_to(least(gatherer.known + kAtOnce, stop));
            prune_to(last(gatherer.known) ? frames : gatherer.known - 1);
            advance(tracks, pruned_to, settler, w);
        }
        if (!last(known)) candidates.forget_before(most(0, pruned_to - kBehind - kSpread));
    }

    void f0(double* out) {
        for (int begin = 0; begin < frames; begin += kChunk) {
            const int end = least(begin + kChunk, frames);
            finder.find(begin, end);
            track_to(end);
        }
        smooth(join(tracks, settler, w), frames, out, w.smooth);
    }
};

}  // namespace
}  // namespace harvest
