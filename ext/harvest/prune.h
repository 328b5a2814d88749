// Candidates of one frame against those of its neighbours, and the best of what is left.
#pragma once

#include "harvest/rows.h"
#include "harvest/vectors.h"

namespace harvest {
namespace {

// Bit l: another candidate, one of `other`, lies within 5 % of f0[l], l < 2 kF.
inline unsigned near(const float* f0, const Row& other) {
    const vf own[2] = {load(f0), load(f0 + kF)};
    vf least_apart[4];                          // of either half, from every second one of `other`
    for (int i = 0; i < 4; ++i) least_apart[i] = all(__FLT_MAX__);
    for (int j = 0; j < other.count; j += 2)
        for (int i = 0; i < 4; ++i) {
            const vf apart = magnitude(own[i / 2] - other.f0[j + i % 2]);
            least_apart[i] = apart < least_apart[i] ? apart : least_apart[i];
        }
    unsigned bits[4];
    for (int i = 0; i < 4; ++i) bits[i] = at_most(least_apart[i], 0.05f * own[i / 2]);
    return bits[0] | bits[1] | (bits[2] | bits[3]) << kF;
}

// Keeps the candidates that have another within 5 % in one of the frames beside; without neighbours all stay.
[[gnu::noinline]] void prune(const Row& row, const Row* before, const Row* after, Row& kept) {
    kept.count = 0;
    for (int j = 0; j < row.count; j += 2 * kF) {
        const int here = least(2 * kF, row.count - j);
        const unsigned present = (2u << (here - 1)) - 1;
        unsigned stays = before && after ? near(row.f0 + j, *after) & present : present;
        if (stays != present) stays |= near(row.f0 + j, *before) & present;
        if (stays == present) {
            __builtin_memcpy(kept.f0 + kept.count, row.f0 + j, sizeof(float) * 2 * kF);
            __builtin_memcpy(kept.score + kept.count, row.score + j, sizeof(float) * 2 * kF);
            __builtin_memcpy(kept.source + kept.count, row.source + j, sizeof(short) * 2 * kF);
            kept.count += here;
        } else {
            for (; stays; stays &= stays - 1) {
                const int l = j + __builtin_ctz(stays);
                kept.f0[kept.count] = row.f0[l], kept.score[kept.count] = row.score[l];
                kept.source[kept.count++] = row.source[l];
            }
        }
    }
    kept.pad();
}

// Calls use(j) for the row's candidates that test(j) marks in a vector's lanes.
template <class Test, class Use>
inline void each(const Row& row, const Test& test, const Use& use) {
    for (int j = 0; j < row.count; j += kF)
        for (unsigned bits = test(j); bits; bits &= bits - 1) use(j + __builtin_ctz(bits));
}

// The first with the highest score of the candidates that test(j) marks, which are those within 1 % of it; where there are
// several, after all of them were settled.
template <class Source, class Test>
inline int highest(Source& rows, int frame, const Row& row, const Test& test) {
    int rivals = 0, top = 0;
    each(row, test, [&](int j) { ++rivals, top = j; });
    if (rivals == 1) return top;
    double score = 0;
    each(row, test, [&](int j) {
        const double settled = rows.settle(frame, j).score;
        if (settled > score) score = settled, top = j;
    });
    return top;
}

// The candidate with the highest score.
template <class Source>
inline Choice best(Source& rows, int frame) {
    const Row row = rows(frame);
    if (row.count == 0) return {0.f, 0.f, 0.0};
    vf most_score{};
    for (int j = 0; j < row.count; j += kF) {
        const vf score = load(row.score + j);
        most_score = score > most_score ? score : most_score;
    }
    const vf bound = all(0.99f * greatest(most_score));
    return rows.choose(frame, highest(rows, frame, row, [&](int j) { return at_most(bound, load(row.score + j)); }));
}

// The candidate nearest to that of another frame (the last of equals) within a relative distance, with the highest score
// of those of the same F0. Where float cannot tell which that is, all in question are settled.
template <class Source>
inline Choice nearest(Source& rows, int frame, const Choice& other, int other_frame, double within) {
    const Row row = rows(frame);
    const float limit = float(within) * other.f0;
    vf least_apart = all(limit);
    auto apart = [&](int j) { return magnitude(load(row.f0 + j) - other.f0); };
    for (int j = 0; j < row.count; j += kF) least_apart = apart(j) < least_apart ? apart(j) : least_apart;
    const vf reach = all(-greatest(-least_apart) + 1e-4f * other.f0);   // float misplaces a candidate by less
    auto close = [&](int j) { return at_most(apart(j), reach); };
    float low = __FLT_MAX__, high = 0, score = 0;
    int lowest = -1, uppermost = -1;
    each(row, close, [&](int j) {
        if (row.f0[j] < low) low = row.f0[j], lowest = j;
        if (row.f0[j] > high) high = row.f0[j], uppermost = j;
        score = most(score, row.score[j]);
    });
    if (lowest < 0) return {0.f, 0.f, 0.0};
    if (reach[0] < limit && high - low < 2e-7f * low && rows.alike(frame, lowest, uppermost)) {
        const vf bound = all(0.99f * score);
        return rows.choose(frame, highest(rows, frame, row, [&](int j) { return close(j) & at_most(bound, load(row.score + j)); }));
    }
    const double f0 = rows.exactly(other, other_frame).f0;
    double closest = within;
    int found = -1;
    each(row, close, [&](int j) {
        const double distance = __builtin_fabs(f0 - rows.settle(frame, j).f0) / f0;
        if (distance <= closest) closest = distance, found = j;
    });
    if (found < 0) return {0.f, 0.f, 0.0};
    const Exact chosen = rows.settle(frame, found);
    double top = chosen.score;
    each(row, close, [&](int j) {
        const Exact rival = rows.settle(frame, j);
        if (__builtin_fabs(rival.f0 - chosen.f0) <= 1e-12 * f0 && rival.score > top) top = rival.score, found = j;
    });
    return rows.choose(frame, found);
}

}  // namespace
}  // namespace harvest
