// Vector widths that kernels are built for, and which of them this processor has: F0 and energy both ask here.
#pragma once

// clang takes no target by pragma; it has the narrowest alone.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SIMD_X86 1
#else
#define SIMD_X86 0
#endif

namespace simd {

enum Width { kScalar, kAvx2, kAvx512, kWidths };

constexpr const char* kNames[kWidths] = {"scalar", "avx2", "avx512"};

// Whether this processor has all that target.h asks of it.
inline bool present(int width) {
    if (width == kScalar) return true;
#if SIMD_X86
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    if (width == kAvx2) return avx2;
    if (width == kAvx512)
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
    return false;
}

}  // namespace simd
