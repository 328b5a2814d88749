// The kernel for x86-64 processors with AVX2 and FMA.
#include "simd/widths.h"
#if SIMD_X86
#define SIMD_BYTES 32
#include "harvest/stages.h"

const harvest::Kernel harvest::kernel_avx2 = harvest::kStages;
#endif
