// Scores of labels and gaps after a frame, from those before it: one form for each vector width (simd/widths.h).
#pragma once

#include <cstddef>

namespace ctc {

// Of classes with log_p in this frame, for labels and gaps j in [from, end):
//     new_label[j] = max(label[j], gap[j], label[j - 1] + barred[j]) + log_p[classes[j]]
//     new_gap[j] = max(gap[j], label[j - 1]) + log_p[blank]
// Every width has the same bits.
using Step = void (*)(const double* label, const double* gap, const double* barred, const int* classes, const float* log_p,
                      std::ptrdiff_t blank, std::ptrdiff_t from, std::ptrdiff_t end, double* new_label, double* new_gap);

extern const Step step_scalar, step_avx2, step_avx512;
Step step(int width);   // one that is present

}  // namespace ctc
