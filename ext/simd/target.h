// The compiler's target for vectors of SIMD_BYTES: 16 (what every processor has), 32 (AVX2) or 64 (AVX-512).
//
// A kernel_*.cpp or the like chooses SIMD_BYTES, and what it includes after this is compiled for that target. Everything of
// such a build has internal linkage, as the linker must never mix two of them. So the headers that are shared with other
// files, and the standard ones, are included before this is.
#pragma once

#include <cstddef>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#ifndef SIMD_BYTES
#define SIMD_BYTES 16
#endif

#if SIMD_BYTES == 32
#pragma GCC target("avx2,fma,bmi,bmi2,lzcnt,popcnt")
#elif SIMD_BYTES == 64
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,bmi,bmi2,lzcnt,popcnt,prefer-vector-width=512")
#endif
