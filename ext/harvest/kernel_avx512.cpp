// The kernel for x86-64 processors with AVX-512 F, DQ, BW and VL.
#include <cstddef>

#include "buffers.h"
#include "harvest.h"
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,bmi,bmi2,lzcnt,popcnt,prefer-vector-width=512")

#define HARVEST_BYTES 64
#define HARVEST_NAME "avx512"
#define HARVEST_KERNEL kernel_avx512
#include "build.h"
#endif
