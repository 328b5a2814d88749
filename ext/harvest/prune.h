// Candidates of one frame against those of its neighbours, and the best of what is left.
#pragma once

namespace {

constexpr unsigned short kSettled = 0xffff;

struct Row {                                    // candidates of a frame; f0 is padded with zeros to whole vectors
    float *f0, *score;
    unsigned short* source;                     // which spread candidate it was refined from; kSettled: refined in double
    int count;
};

inline bool any_near(float f0, const Row& row) {
    const vf reach = all(0.05f * f0), centre = all(f0);
    for (int j = 0; j < row.count; j += kF)
        if (any_within(load(row.f0 + j) - centre, reach)) return true;
    return false;
}

// Keeps the candidates that have another within 5 % in one of the frames beside; without neighbours all stay.
[[gnu::noinline]] void prune(const Row& row, const Row* before, const Row* after, Row& kept) {
    kept.count = 0;
    for (int j = 0; j < row.count; ++j)
        if (!before || !after || any_near(row.f0[j], *after) || any_near(row.f0[j], *before)) {
            kept.f0[kept.count] = row.f0[j];
            kept.score[kept.count] = row.score[j];
            kept.source[kept.count++] = row.source[j];
        }
}

// The first candidate with the highest score, after all that come within 1 % of it were settled.
template <class Rows>
inline Refined best(Rows& rows, int frame) {
    const Row row = rows(frame);
    float top = 0;
    for (int j = 0; j < row.count; ++j) top = most(top, row.score[j]);
    Refined found{0.f, 0.f};
    for (int j = 0; j < row.count; ++j) {
        if (row.score[j] < 0.99f * top) continue;
        rows.settle(frame, j);
        if (row.score[j] > found.score) found = {row.f0[j], row.score[j]};
    }
    return found;
}

// The candidate nearest to f0 (the last of equals) within a relative distance, with its score in that frame.
template <class Rows>
inline Refined nearest(Rows& rows, int frame, double f0, double within) {
    const Row row = rows(frame);
    const double limit = within * f0;
    double closest = limit;
    for (int j = 0; j < row.count; ++j) closest = least(closest, __builtin_fabs(f0 - row.f0[j]));
    const double close = closest + 1e-4 * f0;   // float misplaces a candidate by less
    closest = limit;
    Refined found{0.f, 0.f};
    for (int j = 0; j < row.count; ++j) {
        if (__builtin_fabs(f0 - row.f0[j]) > close) continue;
        rows.settle(frame, j);
        const double apart = __builtin_fabs(f0 - row.f0[j]);
        if (apart > closest) continue;
        closest = apart, found = {row.f0[j], row.score[j]};
    }
    for (int j = 0; j < row.count; ++j)
        if (row.f0[j] == found.f0 && row.score[j] > found.score) found.score = row.score[j];
    return found;
}

}  // namespace
