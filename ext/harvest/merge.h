// Sections that grew are merged where they overlap, and short gaps between them bridged.
#pragma once

#include "harvest/rows.h"
#include "harvest/track.h"
#include "harvest/vectors.h"

namespace harvest {
namespace {

constexpr double kVoiceCycles = 2200;  // frames of a section times its mean F0: 2.2 periods
constexpr int kBridge = 9;             // shorter gaps between sections are filled

inline Choice at(const Tracks& t, const Section& s, int i) {
    if (i < s.begin) return t.extension[s.before + s.begin - 1 - i];
    if (i > s.end) return t.extension[s.after + i - s.end - 1];
    return t.best[i];
}

// Sections long enough to be voice move to the front. The mean starts from the mean of the section before: so does WORLD's.
template <class Source>
inline int select(const Tracks& t, Source& rows) {
    double mean = 0;
    int chosen = 0;
    for (int s = 0; s < t.count; ++s) {
        Section& here = t.sections[s];
        const int length = here.to - here.from;
        double sum = mean, exact = mean;
        for (int i = here.from; i < here.to; ++i) sum += at(t, here, i).f0;
        if (__builtin_fabs(kVoiceCycles * length / sum - length) < 0.01) {   // too close for float
            for (int i = here.from; i < here.to; ++i) exact += rows.settled(at(t, here, i), i).f0;
            sum = exact;
        }
        mean = sum / length;
        if (kVoiceCycles / mean < length) {
            const Section moved = here;
            here = t.sections[chosen], t.sections[chosen++] = moved;
        }
    }
    return chosen;
}

// order: [count]. Each section changes places with earlier ones only while they begin later than what stands in its place.
inline void sort_sections(const Section* s, int count, int* order) {
    for (int i = 0; i < count; ++i) order[i] = i;
    for (int i = 1; i < count; ++i)
        for (int j = i - 1; j >= 0 && s[order[j]].from > s[order[i]].from; --j) {
            const int moved = order[i];
            order[i] = order[j], order[j] = moved;
        }
}

// merged: [frames], zeros at first.
template <class Source>
void merge(Tracks& t, Workspace& w, Source& rows, Choices& merged) {
    const int chosen = select(t, rows);
    if (chosen == 0) {                   // WORLD then keeps the steady stretches as they are
        for (int s = 0; s < t.count; ++s)
            for (int i = t.sections[s].begin; i <= t.sections[s].end; ++i) merged.set(i, t.best[i]);
        if (t.steady[t.frames - 1]) merged.set(t.frames - 1, t.best[t.frames - 1]);
        return;
    }
    t.sections = static_cast<Section*>(w.sections.need(sizeof(Section) * t.count + sizeof(int) * chosen));
    int* order = reinterpret_cast<int*>(t.sections + t.count);
    sort_sections(t.sections, chosen, order);
    auto copy = [&](const Section& s, int from, int to) {
        for (int i = from; i <= to; ++i) merged.set(i, at(t, s, i));
    };
    // The first section's own bounds are the state of the merge, even where the order names it again.
    int begin = t.sections[0].from, end = t.sections[0].to;
    copy(t.sections[0], begin, end);
    for (int k = 1; k < chosen; ++k) {
        const Section& next = t.sections[order[k]];
        const int from = order[k] == 0 ? begin : next.from, to = order[k] == 0 ? end : next.to;
        if (from > end) {
            copy(next, from, to);
            begin = from, end = to;
        } else if (!(begin <= from && end >= to)) {
            double mine, theirs;
            auto compare = [&](bool exact) {
                mine = theirs = 0;
                for (int i = from; i <= end; ++i) {
                    mine += (exact ? rows.settled(merged[i], i) : merged[i]).score;
                    if (i < next.from || i > next.to) continue;
                    const Choice other = at(t, next, i);
                    theirs += (exact ? rows.settled(other, i) : other).score;
                }
            };
            compare(false);
            if (__builtin_fabs(mine - theirs) <= 0.03 * mine) compare(true);   // too close for float
            if (mine > theirs) {
                copy(next, end, to);
            } else {
                copy(next, from, to);
            }
            end = to;
        }
    }
}

// Fills short gaps with a straight line; its ends lie 1 Hz above the left and 1 Hz below the right neighbour, as in WORLD.
inline void bridge(Refined* merged, int frames) {
    int end = -1;
    for (int i = 1; i < frames - 1; ++i) {
        if (!(merged[i].f0 > 0)) continue;
        if (end > 0 && i - end > 1 && i - end - 1 < kBridge) {
            const double left = merged[end].f0 + 1.0, right = merged[i].f0 - 1.0, slope = (right - left) / (i - end);
            for (int j = 1; j < i - end; ++j) merged[end + j].f0 = float(left + slope * j);
        }
        end = i;
    }
}

template <class Source>
Refined* join(Tracks& tracks, Source& rows, Workspace& w) {
    Choices merged = new_choices(tracks.frames, tracks.later ? tracks.frames : 0, w.merged);
    merge(tracks, w, rows, merged);
    if (tracks.later)
        for (int i = 0; i < tracks.frames; ++i) merged.set(i, rows.settled(merged[i], i));
    bridge(merged.found, tracks.frames);
    return merged.found;
}

}  // namespace
}  // namespace harvest
