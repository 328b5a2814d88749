// The kernel for x86-64 processors with AVX-512 F, DQ, BW and VL.
#include "simd/widths.h"
#if SIMD_X86
#define SIMD_BYTES 64
#include "harvest/stages.h"

const harvest::Kernel harvest::kernel_avx512 = harvest::kStages;
#endif
