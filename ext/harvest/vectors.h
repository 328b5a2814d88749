// Vectors of the width that the including kernel chose (SIMD_BYTES: 16, 32 or 64), by GCC's and clang's vector types.
// Everything of a kernel has internal linkage: the three builds of one source must never be mixed by the linker.
#pragma once

#include "harvest/buffers.h"
#include "harvest/harvest.h"
#include "simd/target.h"

#pragma GCC diagnostic ignored "-Wpsabi"   // vectors pass between inline functions only

namespace harvest {
namespace {

typedef double vd __attribute__((vector_size(SIMD_BYTES)));
typedef float vf __attribute__((vector_size(SIMD_BYTES)));
typedef long long vl __attribute__((vector_size(SIMD_BYTES)));
typedef unsigned long long vu __attribute__((vector_size(SIMD_BYTES)));   // each holds two floats
typedef int vi __attribute__((vector_size(SIMD_BYTES / 2)));   // as many as doubles
typedef double vd_any __attribute__((vector_size(SIMD_BYTES), aligned(8), may_alias));
typedef float vf_any __attribute__((vector_size(SIMD_BYTES), aligned(4), may_alias));
typedef double pair_of_doubles __attribute__((vector_size(16), may_alias));
typedef double four_doubles __attribute__((vector_size(32)));

constexpr int kD = SIMD_BYTES / 8;   // doubles in a vector
constexpr int kF = SIMD_BYTES / 4;   // floats in a vector

inline vd load(const double* p) { return *reinterpret_cast<const vd_any*>(p); }
inline vf load(const float* p) { return *reinterpret_cast<const vf_any*>(p); }
inline void store(double* p, vd v) { *reinterpret_cast<vd_any*>(p) = v; }
inline void store(float* p, vf v) { *reinterpret_cast<vf_any*>(p) = v; }
inline vd all(double x) { return x - vd{}; }
inline vf all(float x) { return x - vf{}; }

// Pairs of lanes (little-endian): the floats at p in every pair; a pair exchanged; the first or second lanes of a and b.
typedef unsigned long long two_floats __attribute__((aligned(4), may_alias));
inline vf pairs(const float* p) { return (vf)(*reinterpret_cast<const two_floats*>(p) + vu{}); }
inline vf beside(vf v) { return (vf)((vu)v >> 32 | (vu)v << 32); }
inline vf firsts(vf a, vf b) { return (vf)((vu)a << 32 >> 32 | (vu)b << 32); }
inline vf seconds(vf a, vf b) { return (vf)((vu)a >> 32 | (vu)b >> 32 << 32); }

template <class T> inline T least(T a, T b) { return b < a ? b : a; }
template <class T> inline T most(T a, T b) { return a < b ? b : a; }

// a / b to the last bit or two, for b > 0: with 512 bits the division unit is slower than Newton's steps.
inline vd quotient(vd a, vd b) {
#if SIMD_BYTES == 64
    vd r = (vd)_mm512_maskz_rcp14_pd(0xff, (__m512d)b);
    r += r * (1.0 - b * r);
    const vd q = a * r;
    return q + r * (a - b * q);
#else
    return a / b;
#endif
}

typedef double eight_doubles __attribute__((vector_size(64)));

// 1 / sqrt(a) to the last bits, for a > 0.
inline eight_doubles inverse_root(eight_doubles a) {
#if SIMD_BYTES == 64
    eight_doubles r = (eight_doubles)_mm512_maskz_rsqrt14_pd(0xff, (__m512d)a);
    r += r * (0.5 - 0.5 * a * r * r);
    return r + r * (0.5 - 0.5 * a * r * r);
#else
    for (int l = 0; l < 8; ++l) a[l] = __builtin_sqrt(a[l]);
    return 1.0 / a;
#endif
}

inline vf magnitude(vf a) { return (vf)((vu)a & ~(vu)all(-0.f)); }

inline float greatest(vf a) {
#if SIMD_BYTES == 64
    return _mm512_reduce_max_ps((__m512)a);
#else
    float top = a[0];
    for (int l = 1; l < kF; ++l) top = most(top, a[l]);
    return top;
#endif
}

// Bit l of the answer: lane l of a lies at or below lane l of b.
inline unsigned at_most(vf a, vf b) {
#if SIMD_BYTES == 64
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LE_OQ);
#elif SIMD_BYTES == 32
    return _mm256_movemask_ps(_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_LE_OQ));
#elif defined(__SSE2__)
    return _mm_movemask_ps(_mm_cmple_ps((__m128)a, (__m128)b));
#else
    unsigned bits = 0;
    for (int l = 0; l < kF; ++l) bits |= unsigned(a[l] <= b[l]) << l;
    return bits;
#endif
}

// Bit l of the answer: lane l of a lies above lane l of b.
inline unsigned above(vd a, vd b) {
#if SIMD_BYTES == 64
    return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_GT_OQ);
#elif SIMD_BYTES == 32
    return _mm256_movemask_pd(_mm256_cmp_pd((__m256d)a, (__m256d)b, _CMP_GT_OQ));
#elif defined(__SSE2__)
    return _mm_movemask_pd(_mm_cmpgt_pd((__m128d)a, (__m128d)b));
#else
    unsigned bits = 0;
    for (int l = 0; l < kD; ++l) bits |= unsigned(a[l] > b[l]) << l;
    return bits;
#endif
}

#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

// The vectors whose lanes lie two further on in (a, b), and two before the end of a.
inline vd two_on(vd a, vd b) {
#if SIMD_BYTES == 64
    return SHUFFLE(a, b, 2, 3, 4, 5, 6, 7, 8, 9);
#elif SIMD_BYTES == 32
    return SHUFFLE(a, b, 2, 3, 4, 5);
#else
    return b;
#endif
}
inline vd two_back(vd a, vd b) {
#if SIMD_BYTES == 64
    return SHUFFLE(a, b, 6, 7, 8, 9, 10, 11, 12, 13);
#else
    return SIMD_BYTES == 32 ? two_on(a, b) : a;
#endif
}

// out[2 l] = lane l of a, out[2 l + 1] = lane l of b.
inline void store_pairs(double* out, vd a, vd b) {
#if SIMD_BYTES == 64
    store(out, SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11));
    store(out + 8, SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15));
#elif SIMD_BYTES == 32
    store(out, SHUFFLE(a, b, 0, 4, 1, 5));
    store(out + 4, SHUFFLE(a, b, 2, 6, 3, 7));
#else
    store(out, SHUFFLE(a, b, 0, 2));
    store(out + 2, SHUFFLE(a, b, 1, 3));
#endif
}

// v rounded up, for v from 0 to 2^31 - 1.
inline vi ceiling(vd v) {
#if SIMD_BYTES == 64
    return (vi)_mm512_cvt_roundpd_epi32((__m512d)v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
#else
    const vi below = __builtin_convertvector(v, vi);
    return below - __builtin_convertvector(__builtin_convertvector(below, vd) < v, vi);
#endif
}

// out[8 l + k] = lane l of v[k]: eight vectors become kD runs of eight.
[[gnu::always_inline]] inline void store_transposed(double* out, const vd* v) {
#if SIMD_BYTES == 64
    vd t[8], u[8];
    for (int k = 0; k < 8; k += 2) {
        t[k] = SHUFFLE(v[k], v[k + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        t[k + 1] = SHUFFLE(v[k], v[k + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (int k = 0; k < 8; k += 4)
        for (int j = 0; j < 2; ++j) {
            u[k + j] = SHUFFLE(t[k + j], t[k + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            u[k + j + 2] = SHUFFLE(t[k + j], t[k + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int j = 0; j < 4; ++j) {
        store(out + 8 * j, SHUFFLE(u[j], u[j + 4], 0, 1, 2, 3, 8, 9, 10, 11));
        store(out + 8 * (j + 4), SHUFFLE(u[j], u[j + 4], 4, 5, 6, 7, 12, 13, 14, 15));
    }
#elif SIMD_BYTES == 32
    for (int k = 0; k < 8; k += 4) {
        vd a = SHUFFLE(v[k], v[k + 1], 0, 4, 2, 6), b = SHUFFLE(v[k], v[k + 1], 1, 5, 3, 7);
        vd c = SHUFFLE(v[k + 2], v[k + 3], 0, 4, 2, 6), d = SHUFFLE(v[k + 2], v[k + 3], 1, 5, 3, 7);
        store(out + k, SHUFFLE(a, c, 0, 1, 4, 5));
        store(out + 8 + k, SHUFFLE(b, d, 0, 1, 4, 5));
        store(out + 16 + k, SHUFFLE(a, c, 2, 3, 6, 7));
        store(out + 24 + k, SHUFFLE(b, d, 2, 3, 6, 7));
    }
#else
    for (int k = 0; k < 8; k += 2) {
        store(out + k, SHUFFLE(v[k], v[k + 1], 0, 2));
        store(out + 8 + k, SHUFFLE(v[k], v[k + 1], 1, 3));
    }
#endif
}

// Sums of four vectors' lanes.
inline four_doubles sums(vd a, vd b, vd c, vd d) {
#if SIMD_BYTES == 64
    const vd ab = SHUFFLE(a, b, 0, 8, 2, 10, 4, 12, 6, 14) + SHUFFLE(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
    const vd cd = SHUFFLE(c, d, 0, 8, 2, 10, 4, 12, 6, 14) + SHUFFLE(c, d, 1, 9, 3, 11, 5, 13, 7, 15);
    const vd s = SHUFFLE(ab, cd, 0, 1, 8, 9, 4, 5, 12, 13) + SHUFFLE(ab, cd, 2, 3, 10, 11, 6, 7, 14, 15);
    return SHUFFLE(s, s, 0, 1, 2, 3) + SHUFFLE(s, s, 4, 5, 6, 7);
#elif SIMD_BYTES == 32
    const vd ab = SHUFFLE(a, b, 0, 4, 2, 6) + SHUFFLE(a, b, 1, 5, 3, 7);
    const vd cd = SHUFFLE(c, d, 0, 4, 2, 6) + SHUFFLE(c, d, 1, 5, 3, 7);
    return SHUFFLE(ab, cd, 0, 1, 4, 5) + SHUFFLE(ab, cd, 2, 3, 6, 7);
#else
    return four_doubles{a[0] + a[1], b[0] + b[1], c[0] + c[1], d[0] + d[1]};
#endif
}

}  // namespace
}  // namespace harvest
