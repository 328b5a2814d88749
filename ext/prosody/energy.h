/* Energy of overlapping windowed frames of float32 samples: one form for each vector width, chosen at run time. */
#ifndef MSFTK_ENERGY_H
#define MSFTK_ENERGY_H

#include <math.h>
#include <stddef.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define LANES 16 /* hop is a multiple of it */

typedef float four_t __attribute__((vector_size(16), aligned(4), may_alias));
typedef double two_t __attribute__((vector_size(16)));
typedef ptrdiff_t (*frame_energies_t)(const float *, const float *, const float *, ptrdiff_t, ptrdiff_t, double *);

#define FORM(NAME) NAME##_scalar
#define WIDTH 4
#define TOGETHER 2
#include "energy_form.h"

#if defined(__x86_64__) && defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define FORM(NAME) NAME##_avx2
#define WIDTH 8
#define TOGETHER 2
#include "energy_form.h"
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,fma")
#define FORM(NAME) NAME##_avx512
#define WIDTH 16
#define TOGETHER 4
#include "energy_form.h"
#pragma GCC pop_options
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
