/* Energy of one windowed frame of float32 samples, with the same bits on every processor.

   Two times 16 lanes add up every 32nd sample, whatever the width of the registers that hold them, and join in one fixed
   order. Products and sums stay separate (no fused multiply-add), so all forms round alike. An even lane holds even
   samples only, which gives X_{N/2} without another pass. */
#ifndef MSFTK_ENERGY_H
#define MSFTK_ENERGY_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#if defined(__clang__)
#define SEPARATE _Pragma("clang fp contract(off)")
#define UNFUSED
#else
#define SEPARATE
#define UNFUSED __attribute__((optimize("fp-contract=off")))
#endif

#define LANES 32 /* two accumulators of 16 */

typedef float lanes4_t __attribute__((vector_size(16), aligned(4), may_alias));
typedef float lanes8_t __attribute__((vector_size(32), aligned(4), may_alias));
typedef float lanes16_t __attribute__((vector_size(64), aligned(4), may_alias));

/* One-sided spectrum norm; `size` is a multiple of LANES. The lanes add up few terms in float32 and the last four join in
   double: relative error below 5e-7. NaN where the squares left the range of float32: take another way. */
#define FRAME_ENERGY(NAME, VECTOR, TARGET)                                                                             \
    TARGET UNFUSED static double NAME(const float *samples, const float *window, ptrdiff_t size)                       \
    {                                                                                                                  \
        SEPARATE                                                                                                       \
        enum { WIDTH = sizeof(VECTOR) / sizeof(float), COUNT = LANES / WIDTH };                                        \
        VECTOR power[COUNT], sum[COUNT];                                                                               \
        memset(power, 0, sizeof power);                                                                                \
        memset(sum, 0, sizeof sum);                                                                                    \
        for (ptrdiff_t n = 0; n < size; n += LANES)                                                                    \
            for (int k = 0; k < COUNT; k++) {                                                                          \
                VECTOR x = *(const VECTOR *)(samples + n + k * WIDTH) * *(const VECTOR *)(window + n + k * WIDTH);     \
                power[k] += x * x;                                                                                     \
                sum[k] += x;                                                                                           \
            }                                                                                                          \
        for (int k = 0; k < COUNT / 2; k++) {                                                                          \
            power[k] += power[k + COUNT / 2];                                                                          \
            sum[k] += sum[k + COUNT / 2];                                                                              \
        }                                                                                                              \
        lanes4_t p[4], s[4];                                                                                           \
        memcpy(p, power, sizeof p);                                                                                    \
        memcpy(s, sum, sizeof s);                                                                                      \
        lanes4_t p4 = (p[0] + p[2]) + (p[1] + p[3]), s4 = (s[0] + s[2]) + (s[1] + s[3]);                               \
        double total = ((double)p4[0] + p4[1]) + ((double)p4[2] + p4[3]);                                              \
        double even = (double)s4[0] + s4[2], odd = (double)s4[1] + s4[3];                                              \
        if (!(total > 1e-30 && total < 1e30))                                                                          \
            return NAN;                                                                                                \
        /* X_0 = even + odd and X_{N/2} = even - odd: their squares sum to 2 (even^2 + odd^2) */                       \
        return sqrt(size * total / 2 + even * even + odd * odd);                                                       \
    }

typedef double (*frame_energy_t)(const float *, const float *, ptrdiff_t);

FRAME_ENERGY(frame_energy_scalar, lanes4_t, )

#if defined(__x86_64__) && defined(__GNUC__)
FRAME_ENERGY(frame_energy_avx2, lanes8_t, __attribute__((target("avx2"))))
FRAME_ENERGY(frame_energy_avx512, lanes16_t, __attribute__((target("avx512f"))))
#endif

/* `simd`: "scalar", "avx2", "avx512", or anything else for the widest that this processor has. */
static frame_energy_t choose_frame_energy(const char *simd)
{
#if defined(__x86_64__) && defined(__GNUC__)
    if (strcmp(simd, "scalar") == 0)
        return frame_energy_scalar;
    if (__builtin_cpu_supports("avx512f") && strcmp(simd, "avx2") != 0)
        return frame_energy_avx512;
    if (__builtin_cpu_supports("avx2"))
        return frame_energy_avx2;
#endif
    return frame_energy_scalar;
}

#endif
