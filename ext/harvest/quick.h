// Refinement of all candidates in float, frame after frame, each in the seven frames where it is tried (spread.h).
#pragma once

#include "harvest/candidates.h"
#include "harvest/signal.h"
#include "harvest/spread.h"
#include "harvest/vectors.h"

namespace harvest {
namespace {

struct QuickRefinement {
    const Plan& plan;
    const Signal& signal;
    const Candidates& candidates;
    Workspace& w;
    Refined* ring;                         // [kAcross frames][slots][kAcross], newest frames
    Bins* bins;                            // [2 frames][slots]: of the frame at work and the next
    int next_frame = 0;
    unsigned long long done_ahead = 0;     // bit j: candidate j of the next frame was refined with the frame before

    QuickRefinement(const Plan& p, const Signal& s, const Candidates& c, Workspace& room) : plan(p), signal(s), candidates(c), w(room) {
        ring = static_cast<Refined*>(w.ring.need(sizeof(Refined) * (kAcross * p.slots + 1) * kAcross)) + 1;
        bins = static_cast<Bins*>(w.bins.need(sizeof(Bins) * 2 * p.slots));
    }

    // Candidate j of frame g as it was refined in frames g - 3..g + 3.
    Refined* refined(int g, int j) const { return ring + std::size_t(g % kAcross * plan.slots + j) * kAcross; }
    Bins& bins_at(int g, int j) const { return bins[g % 2 * plan.slots + j]; }

    // Refines the candidates of the frames before `stop`; calls use(g) after each frame g.
    template <class Use>
    void refine_to(int stop, const Use& use) {
        const int hop = int(plan.frame_samples), reach = plan.most_window + 1;
        const long long from = (long long)(next_frame - kSpread) * hop - reach;
        const int samples = (stop - next_frame) * hop + 2 * reach, room = samples + kAcross * hop;
        float *near = static_cast<float*>(w.near.need(sizeof(float) * ((room + kPad) / kPad * kPad + 2 * kAcross * std::size_t(samples))));
        float* wave = near + (room + kPad) / kPad * kPad;
        for (int i = 0; i < room; ++i) near[i] = float(*signal.at(most(0LL, least(from + i, signal.length - 1))));  // ends are held
        spread_wave(near, samples, hop, wave);
        find_bins(next_frame);
        for (; next_frame < stop; ++next_frame, wave += 2 * kAcross * hop) {
            find_bins(next_frame + 1);
            refine_frame(next_frame, wave + 2 * kAcross * reach);
            use(next_frame);
        }
    }

    void find_bins(int g) {
        if (g >= candidates.known) return;
        for (int j = 0; j < candidates.count_of(g); ++j) bins_at(g, j) = bins_of(plan, candidates.of(g)[j]);
    }

    // The candidates of frame g, and those of the next that need the same sums.
    void refine_frame(int g, const float* wave) {
        const int count = candidates.count_of(g), next_count = g + 1 < candidates.known ? candidates.count_of(g + 1) : 0;
        unsigned long long next = 0;
        for (int j = 0; j < count; ++j) {
            if (done_ahead >> j & 1) continue;
            const Bins& own = bins_at(g, j);
            Partials partials;
            measure_partials(plan, own, wave, partials);
            finish(plan, own, candidates.of(g)[j], partials, &refined(g, j)->f0);
            for (int i = 0; i < next_count; ++i)
                if (bins_at(g + 1, i) == own) finish(plan, own, candidates.of(g + 1)[i], partials, &refined(g + 1, i)->f0 - 2), next |= 1ULL << i;
        }
        done_ahead = next;
    }
};

}  // namespace
}  // namespace harvest
