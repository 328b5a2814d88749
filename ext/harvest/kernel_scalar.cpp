// The kernel for any processor: vectors of 16 bytes, which the compiler maps to what the baseline has.
#define SIMD_BYTES 16
#include "harvest/stages.h"

const harvest::Kernel harvest::kernel_scalar = harvest::kStages;
