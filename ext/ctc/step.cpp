#include "ctc/step.h"

#include "simd/widths.h"

namespace ctc {

Step step(int width) {
#if SIMD_X86
    if (width == simd::kAvx2) return step_avx2;
    if (width == simd::kAvx512) return step_avx512;
#endif
    return step_scalar;
}

}  // namespace ctc
