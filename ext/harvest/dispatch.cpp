#include "harvest/harvest.h"
#include "simd/widths.h"

namespace harvest {

int frame_count(long long n, int sample_rate_hz, double hop_ms) { return int(1000.0 * n / sample_rate_hz / hop_ms) + 1; }

long long decimated_length(const Plan& plan, long long n) { return (n + plan.ratio - 1) / plan.ratio; }

const Kernel& kernel(int width) {
#if SIMD_X86
    if (width == simd::kAvx2) return kernel_avx2;
    if (width == simd::kAvx512) return kernel_avx512;
#endif
    return kernel_scalar;
}

}  // namespace harvest
