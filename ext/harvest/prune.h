// Candidates of one frame against those of its neighbours, and the best of what is left.
#pragma once

namespace {

struct Row { float *f0, *score; int count; };   // f0 is padded with zeros to whole vectors

inline bool any_near(float f0, const Row& row) {
    const vf reach = all(0.05f * f0), centre = all(f0);
    for (int j = 0; j < row.count; j += kF) {
        const vf apart = load(row.f0 + j) - centre;
        const auto near = (apart <= reach) & (apart >= -reach);
        auto hit = near[0];
        for (int l = 1; l < kF; ++l) hit |= near[l];
        if (hit) return true;
    }
    return false;
}

// Keeps the candidates that have another within 5 % in one of the frames beside; without neighbours all stay.
inline void prune(const Row& row, const Row* before, const Row* after, Row& kept) {
    kept.count = 0;
    for (int j = 0; j < row.count; ++j)
        if (!before || !after || any_near(row.f0[j], *after) || any_near(row.f0[j], *before)) {
            kept.f0[kept.count] = row.f0[j];
            kept.score[kept.count++] = row.score[j];
        }
}

inline Refined best(const Row& row) {           // the first with the highest score
    Refined found{0.f, 0.f};
    for (int j = 0; j < row.count; ++j)
        if (row.score[j] > found.score) found = {row.f0[j], row.score[j]};
    return found;
}

// The candidate nearest to f0 (the last of equals) within a relative distance, with its score in that frame.
inline Refined nearest(double f0, const Row& row, double within) {
    double closest = within;
    Refined found{0.f, 0.f};
    for (int j = 0; j < row.count; ++j) {
        const double apart = __builtin_fabs(f0 - row.f0[j]) / f0;
        if (apart > closest) continue;
        closest = apart, found.f0 = row.f0[j];
    }
    if (found.f0 > 0)
        for (int j = 0; j < row.count; ++j)
            if (row.f0[j] == found.f0 && row.score[j] > found.score) found.score = row.score[j];
    return found;
}

}  // namespace
