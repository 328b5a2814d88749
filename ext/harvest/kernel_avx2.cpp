// The kernel for x86-64 processors with AVX2 and FMA.
#include <cstddef>

#include "buffers.h"
#include "harvest.h"
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>
#pragma GCC target("avx2,fma,bmi,bmi2,lzcnt,popcnt")

#define HARVEST_BYTES 32
#define HARVEST_NAME "avx2"
#define HARVEST_KERNEL kernel_avx2
#include "build.h"
#endif
