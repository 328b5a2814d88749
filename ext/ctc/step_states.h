// One frame of the best path, in vectors of SIMD_BYTES that the compiler makes of plain loops.
#pragma once

#include "ctc/step.h"
#include "simd/target.h"

namespace ctc {
namespace {

void step_states(const double* __restrict label, const double* __restrict gap, const double* __restrict barred,
                 const int* __restrict classes, const float* __restrict log_p, std::ptrdiff_t blank, std::ptrdiff_t from,
                 std::ptrdiff_t end, double* __restrict new_label, double* __restrict new_gap) {
    const double of_blank = log_p[blank];
    for (std::ptrdiff_t j = from; j < end; ++j) {
        const double stays = label[j], comes = gap[j], leaves = label[j - 1], skips = leaves + barred[j];
        const double nearer = comes > stays ? comes : stays;
        new_label[j] = (skips > nearer ? skips : nearer) + log_p[classes[j]];
        new_gap[j] = (leaves > comes ? leaves : comes) + of_blank;
    }
}

}  // namespace
}  // namespace ctc
