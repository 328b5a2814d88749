// Harvest F0 on a 1 ms grid, without Python. One kernel for each vector width (simd/widths.h);
// all give the same numbers up to rounding.
#pragma once

#include "harvest/plan.h"

namespace harvest {

struct Kernel {
    // f0: [frames(n, rate)]
    void (*run_float)(const Plan&, const float* samples, long long n, double* f0);
    void (*run_double)(const Plan&, const double* samples, long long n, double* f0);
    // Stages, for tests.
    void (*decimate)(const Plan&, const double* samples, long long n, double* decimated);       // [decimated_length], mean kept
    void (*filter)(const Plan&, int channel, const double* decimated, int n, double* filtered);  // [n + 2]
    void (*candidates)(const Plan&, const double* samples, long long n, double* f0);            // [frames, plan.slots]
    void (*refine)(const Plan&, const double* decimated, int n, const int* frame, const double* f0, int count, float* refined,
                   float* score);
    void (*prune)(const float* f0, const float* score, int frames, int slots, float* kept);     // score, 0 where dropped
    void (*track)(const float* f0, const float* score, int frames, int slots, double* contour); // before smoothing
    void (*smooth)(const double* contour, int frames, double* f0);
};

int frame_count(long long n, int sample_rate_hz, double hop_ms);
long long decimated_length(const Plan& plan, long long n);

extern const Kernel kernel_scalar, kernel_avx2, kernel_avx512;
const Kernel& kernel(int width);          // one that is present (simd/widths.h)

}  // namespace harvest
