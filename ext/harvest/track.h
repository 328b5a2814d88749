// One contour out of many candidates: steady stretches of best candidates become sections, sections grow into their
// surroundings, and sections that overlap are merged by score. Work and memory stay within each section's own range.
#pragma once

namespace {

constexpr int kShortest = 7;           // frames of a section
constexpr int kReach = 100;            // frames that a section grows to each side
constexpr int kPatience = 4;           // frames without a candidate at which growth stops
constexpr double kGrowth = 0.18;       // relative F0 step allowed in growth
constexpr double kVoiceCycles = 2200;  // frames of a section times its mean F0: 2.2 periods
constexpr int kBridge = 9;             // shorter gaps between sections are filled
constexpr int kKeep = kReach + kShortest + 21;  // frames of candidates behind the newest that growth may still ask for

struct Section { int begin, end, from, to; long long before, after; bool grown_back, grown_on; };  // ends included

struct Choices {                       // where choices are settled at once, `from` is that of the newest, or null
    Refined* found;
    double* from;
    long long from_mask = -1;
    Choice operator[](long long i) const { return {found[i].f0, found[i].score, from ? from[i & from_mask] : 0.0}; }
    void set(long long i, const Choice& c) {
        found[i] = {c.f0, c.score};
        if (from) from[i & from_mask] = c.from;
    }
};

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

// Whether a best candidate continues the line through its two predecessors, or else its predecessor.
template <class Rows>
inline bool steady(const Choices& best, int i, Rows& rows) {
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
template <class Rows>
inline int grow(Rows& rows, Choice last_found, int from, int step, int frames, Choice* added) {
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
template <class Rows>
void advance(Tracks& t, int known, Rows& rows, Workspace& w) {
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

inline Choice at(const Tracks& t, const Section& s, int i) {
    if (i < s.begin) return t.extension[s.before + s.begin - 1 - i];
    if (i > s.end) return t.extension[s.after + i - s.end - 1];
    return t.best[i];
}

// Sections long enough to be voice move to the front. The mean starts from the mean of the section before: so does WORLD's.
template <class Rows>
inline int select(const Tracks& t, Rows& rows) {
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
template <class Rows>
void merge(Tracks& t, Workspace& w, Rows& rows, Choices& merged) {
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

}  // namespace
