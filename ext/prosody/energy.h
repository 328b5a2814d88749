/* Energy of overlapping windowed frames of float32 samples.

   Two times 16 lanes add up every 32nd sample of a frame, whatever the width of the registers that hold them, and join in
   one fixed order; an even lane holds even samples only, which gives X_{N/2} without another pass. AVX2 and AVX-512 fuse
   products with sums and have the same bits; the scalar form cannot and differs in the last digits. */
#ifndef MSFTK_ENERGY_H
#define MSFTK_ENERGY_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#define LANES 32 /* two accumulators of 16 */

typedef float lanes4_t __attribute__((vector_size(16), aligned(4), may_alias));
typedef float lanes8_t __attribute__((vector_size(32), aligned(4), may_alias));
typedef float lanes16_t __attribute__((vector_size(64), aligned(4), may_alias));

/* The norm of a frame of `size` samples from its 16 lanes; NaN where the squares left the range of float32. */
static inline double joined(const lanes4_t p[4], const lanes4_t s[4], ptrdiff_t size)
{
    lanes4_t power = (p[0] + p[2]) + (p[1] + p[3]), sum = (s[0] + s[2]) + (s[1] + s[3]);
    double total = ((double)power[0] + power[1]) + ((double)power[2] + power[3]);
    double even = (double)sum[0] + sum[2], odd = (double)sum[1] + sum[3];
    if (!(total > 1e-30 && total < 1e30))
        return NAN;
    /* X_0 = even + odd and X_{N/2} = even - odd: their squares sum to 2 (even^2 + odd^2) */
    return sqrt(size * total / 2 + even * even + odd * odd);
}

/* One-sided spectrum norm of each of n_frames frames of 2 * hop samples; hop is a multiple of LANES. `window` and
   `squared` are [2 * hop]: the window and its square. Sums grow in float32 over few terms a lane and the last four join
   in double: relative error below 5e-7. NaN where the squares left the range of float32: take another way there. */
#define FRAME_ENERGIES(NAME, VECTOR, TARGET)                                                                           \
    TARGET static void NAME(const float *samples, const float *window, const float *squared, ptrdiff_t hop,            \
                            ptrdiff_t n_frames, double *energy)                                                        \
    {                                                                                                                  \
        enum { WIDTH = sizeof(VECTOR) / sizeof(float), COUNT = LANES / WIDTH };                                        \
        for (ptrdiff_t frame = 0; frame < n_frames; frame++, samples += hop) {                                         \
            VECTOR power[COUNT], sum[COUNT];                                                                           \
            for (int k = 0; k < COUNT; k++)                                                                            \
                power[k] = sum[k] = (VECTOR){0};                                                                       \
            for (ptrdiff_t n = 0; n < 2 * hop; n += LANES)                                                             \
                for (int k = 0; k < COUNT; k++) {                                                                      \
                    VECTOR x = *(const VECTOR *)(samples + n + k * WIDTH), square = x * x;                             \
                    power[k] += square * *(const VECTOR *)(squared + n + k * WIDTH);                                   \
                    sum[k] += x * *(const VECTOR *)(window + n + k * WIDTH);                                           \
                }                                                                                                      \
            for (int k = 0; k < COUNT / 2; k++) {                                                                      \
                power[k] += power[k + COUNT / 2];                                                                      \
                sum[k] += sum[k + COUNT / 2];                                                                          \
            }                                                                                                          \
            lanes4_t p[4], s[4];                                                                                       \
            memcpy(p, power, sizeof p);                                                                                \
            memcpy(s, sum, sizeof s);                                                                                  \
            energy[frame] = joined(p, s, 2 * hop);                                                                     \
        }                                                                                                              \
    }

typedef void (*frame_energies_t)(const float *, const float *, const float *, ptrdiff_t, ptrdiff_t, double *);

FRAME_ENERGIES(frame_energies_scalar, lanes4_t, )

#if defined(__x86_64__) && defined(__GNUC__)
FRAME_ENERGIES(frame_energies_avx2, lanes8_t, __attribute__((target("avx2,fma"))))

/* The same sums with each sample read once: a block of one hop is the falling half of a frame and the rising half of the
   next, and its square serves both. */
__attribute__((target("avx512f,fma"))) static void frame_energies_avx512(
    const float *samples, const float *window, const float *squared, ptrdiff_t hop, ptrdiff_t n_frames, double *energy)
{
    const lanes16_t zero = {0};
    lanes16_t power_a = zero, power_b = zero, sum_a = zero, sum_b = zero;
    for (ptrdiff_t block = 0; block <= n_frames; block++, samples += hop) {
        lanes16_t next_power_a = zero, next_power_b = zero, next_sum_a = zero, next_sum_b = zero;
        for (ptrdiff_t n = 0; n < hop; n += LANES) {
            lanes16_t a = *(const lanes16_t *)(samples + n), square_a = a * a;
            lanes16_t b = *(const lanes16_t *)(samples + n + 16), square_b = b * b;
            power_a += square_a * *(const lanes16_t *)(squared + hop + n);
            power_b += square_b * *(const lanes16_t *)(squared + hop + n + 16);
            sum_a += a * *(const lanes16_t *)(window + hop + n);
            sum_b += b * *(const lanes16_t *)(window + hop + n + 16);
            next_power_a += square_a * *(const lanes16_t *)(squared + n);
            next_power_b += square_b * *(const lanes16_t *)(squared + n + 16);
            next_sum_a += a * *(const lanes16_t *)(window + n);
            next_sum_b += b * *(const lanes16_t *)(window + n + 16);
        }
        if (block > 0) {
            lanes16_t power = power_a + power_b, sum = sum_a + sum_b;
            lanes4_t p[4], s[4];
            memcpy(p, &power, sizeof p);
            memcpy(s, &sum, sizeof s);
            energy[block - 1] = joined(p, s, 2 * hop);
        }
        power_a = next_power_a, power_b = next_power_b, sum_a = next_sum_a, sum_b = next_sum_b;
    }
}
#endif

/* `simd`: "scalar", "avx2", "avx512", or anything else for the widest that this processor has. */
static frame_energies_t choose_frame_energies(const char *simd)
{
#if defined(__x86_64__) && defined(__GNUC__)
    if (strcmp(simd, "scalar") == 0)
        return frame_energies_scalar;
    if (__builtin_cpu_supports("avx512f") && strcmp(simd, "avx2") != 0)
        return frame_energies_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return frame_energies_avx2;
#endif
    return frame_energies_scalar;
}

#endif
