#include <cmath>
#include <cstring>
#include <initializer_list>

#include "harvest.h"

namespace harvest {

extern const Kernel kernel_scalar, kernel_avx2, kernel_avx512;

int frame_count(long long n, int sample_rate_hz, double hop_ms) { return int(1000.0 * n / sample_rate_hz / hop_ms) + 1; }

long long decimated_length(const Plan& plan, long long n) { return (n + plan.ratio - 1) / plan.ratio; }

const char* known_kernels() { return "scalar, avx2, avx512"; }

const Kernel* kernel(const char* name) {
    if (!std::strcmp(name, "scalar")) return &kernel_scalar;
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    if (!std::strcmp(name, "avx2") && avx2) return &kernel_avx2;
    if (!std::strcmp(name, "avx512") && avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return &kernel_avx512;
#endif
    return nullptr;
}

const Kernel* best_kernel() {
    for (const char* name : {"avx512", "avx2"})
        if (const Kernel* found = kernel(name)) return found;
    return &kernel_scalar;
}

}  // namespace harvest
