// The kernel for any processor: vectors of 16 bytes, which the compiler maps to what the baseline has.
#include <cstddef>

#include "buffers.h"
#include "harvest.h"
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#define HARVEST_BYTES 16
#define HARVEST_NAME "scalar"
#define HARVEST_KERNEL kernel_scalar
#include "build.h"
