// One contour out of many candidates: steady stretches of best candidates become sections, sections grow into their
// surroundings, and sections that overlap are merged by score. Work and memory stay within each section's own range.
#pragma once

#include "harvest/prune.h"
#include "harvest/rows.h"
#include "harvest/vectors.h"

namespace harvest {
namespace {

constexpr int kShortest = 7;           // frames of a section
constexpr int kReach = 100;            // frames that a section grows to each side
constexpr int kPatience = 4;           // frames without a candidate at which growth stops
constexpr double kGrowth = 0.18;       // relative F0 step allowed in growth
constexpr int kBehind = kReach + kShortest + 21;  // frames of candidates behind the newest that growth may still ask for
constexpr int kRing = 256;             // frames whose candidates are held: those at work and kBehind before them

struct Section { int begin, end, from, to; long long before, after; bool grown_back, grown_on; };  // ends included

struct Tracks {                        // of a whole file
    int frames;
    bool later;                        // choices are settled only when the contour is known
    Choices best;
    bool* steady;                      // [frames]
    Section* sections;
    int count, closed;                 // sections; those below `closed` have grown to both sides
    int known;                         // frames whose best candidate is known
    int open;                          // first frame of the steady stretch that has not ended, or -1
    Choices extension;                 // what sections grew by
    long long grown;                   // frames in it
};

inline Tracks new_tracks(int frames, bool later, Workspace& w) {
    bool* steady = static_cast<bool*>(w.steady.need(std::size_t(frames)));
    return {frames, later, new_choices(frames, later ? frames : kRing, w.base), steady, nullptr, 0, 0, 0, -1, {}, 0};
}

// Whether a best candidate continues the line through its two predecessors, or else its predecessor.
template <class Source>
inline bool steady(const Choices& best, int i, Source& rows) {
    constexpr double kStep = 0.008, kDoubt = 4e-4;   // kDoubt: what float may be wrong by
    double f0[3] = {best.found[i - 2].f0, best.found[i - 1].f0, best.found[i].f0};
    if (f0[2] == 0) return false;
    for (bool exact = false;; exact = true) {
        // Unvoiced predecessors divide by zero: infinity lies outside, as it should.
        const double line = 2.0 * f0[1] - f0[0];
        const double off = least(__builtin_fabs((f0[2] - line) / line), __builtin_fabs(f0[2] - f0[1]) / f0[1]);
        if (exact || __builtin_fabs(off - kStep) >= kDoubt) return off <= kStep;
        for (int j = 0; j < 3; ++j) f0[j] = rows.exactly(best[i - 2 + j], i - 2 + j).f0;
    }
}

// Follows the candidates from a section's last one, step = +1 or -1; returns how many frames were added.
template <class Source>
inline int grow(Source& rows, Choice last_found, int from, int step, int frames, Choice* added) {
    const int last = step > 0 ? least(frames - 2, from + kReach) : most(1, from - kReach);
    const int tries = (last - from) * step + 1;
    int count = 0, missed = 0;
    for (int i = 1; i <= tries && missed < kPatience; ++i) {
        added[i - 1] = nearest(rows, from + i * step, last_found, from + count * step, kGrowth);
        if (added[i - 1].f0 == 0) {
            ++missed;
        } else {
            last_found = added[i - 1], missed = 0, count = i;
        }
    }
    return count;
}

// Takes the frames up to `known` into sections and grows those whose surroundings are known.
template <class Source>
void advance(Tracks& t, int known, Source& rows, Workspace& w) {
    const bool ended = known == t.frames;
    Choice steps[kReach + 2];
    auto add_section = [&](int begin) {
        t.sections = static_cast<Section*>(w.sections.need(sizeof(Section) * (t.count + 1)));
        t.sections[t.count++] = {begin, -1, begin, -1, 0, 0, false, false};
    };
    auto keep = [&](int count) {
        t.extension.found = static_cast<Refined*>(w.extension.need(sizeof(Refined) * (t.grown + count)));
        if (t.later) t.extension.from = static_cast<double*>(w.extension_from.need(sizeof(double) * (t.grown + count)));
        for (int i = 0; i < count; ++i) t.extension.set(t.grown + i, steps[i]);
        t.grown += count;
        return t.grown - count;
    };
    for (int i = t.known; i < known; ++i) {
        t.steady[i] = i >= 2 && steady(t.best, i, rows);
        const bool voiced = t.steady[i] && i < t.frames - 1;
        if (voiced && t.open < 0) t.open = i;
        if (t.open >= 0 && voiced && i - t.open == kShortest - 1) add_section(t.open);
        if (t.open >= 0 && !voiced) {
            if (i - t.open >= kShortest) t.sections[t.count - 1].end = t.sections[t.count - 1].to = i - 1;
            t.open = -1;
        }
    }
    t.known = known;
    for (int s = t.closed; s < t.count; ++s) {
        Section& here = t.sections[s];
        if (!here.grown_back) {
            const int count = grow(rows, t.best[here.begin], here.begin, -1, t.frames, steps);
            here.before = keep(count), here.from = here.begin - count, here.grown_back = true;
        }
        if (here.end >= 0 && !here.grown_on && (ended || here.end + kReach + 2 <= known)) {
            const int count = grow(rows, t.best[here.end], here.end, 1, t.frames, steps);
            here.after = keep(count), here.to = here.end + count, here.grown_on = true;
        }
    }
    while (t.closed < t.count && t.sections[t.closed].grown_on) ++t.closed;
}

}  // namespace
}  // namespace harvest
