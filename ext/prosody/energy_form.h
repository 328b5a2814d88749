/* One form of the frame energies, included once per vector width: FORM names it, WIDTH lanes lie in a register and
   TOGETHER frames are summed at a time, as many as there are registers for.

   A frame is two blocks of one hop; a block is the falling half of one frame and the rising half of the next, so
   neighbours share its samples and their squares. Each sum runs over 16 lanes, every 16th sample a lane, which join in
   one fixed order whatever the width; an even lane holds even samples only, which gives X_{N/2} without another pass.
   Forms that fuse products with sums (AVX2, AVX-512) have the same bits; the scalar one differs in the last digits. */
typedef float FORM(lanes_t) __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));

/* The 16 lanes of four frames, (0 + 8) + (4 + 12) and so on: four lanes each. */
#if WIDTH == LANES
static inline void FORM(fold)(float lanes[4][LANES], float folded[4][4])
{
    __m512 a = _mm512_loadu_ps(lanes[0]), b = _mm512_loadu_ps(lanes[1]);
    __m512 c = _mm512_loadu_ps(lanes[2]), d = _mm512_loadu_ps(lanes[3]);
    __m512 ab = _mm512_shuffle_f32x4(a, b, 0x44) + _mm512_shuffle_f32x4(a, b, 0xee);
    __m512 cd = _mm512_shuffle_f32x4(c, d, 0x44) + _mm512_shuffle_f32x4(c, d, 0xee);
    _mm512_storeu_ps(folded[0], _mm512_shuffle_f32x4(ab, cd, 0x88) + _mm512_shuffle_f32x4(ab, cd, 0xdd));
}
#else
static inline void FORM(fold)(float lanes[4][LANES], float folded[4][4])
{
    for (int k = 0; k < 4; k++) {
        const four_t *quarter = (const four_t *)lanes[k];
        *(four_t *)folded[k] = (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
    }
}
#endif

/* Sums of TOGETHER frames over the blocks of a hop that begin at `block` [TOGETHER + 1]: w^2 x^2 and w x. Reads ahead by
   hand: the processor's own guess is late by a half where samples lie beyond its second cache. */
static inline void FORM(sum_frames)(const float *const *block, const float *window, const float *squared, ptrdiff_t hop,
                                    float (*power)[LANES], float (*sum)[LANES])
{
    for (int lane = 0; lane < LANES; lane += WIDTH) {
        FORM(lanes_t) rising_power[TOGETHER] = {0}, falling_power[TOGETHER] = {0};
        FORM(lanes_t) rising_sum[TOGETHER] = {0}, falling_sum[TOGETHER] = {0};
#pragma GCC unroll 2 /* a tenth faster: half as many moves between registers */
        for (ptrdiff_t n = lane; n < hop; n += LANES) {
            FORM(lanes_t) rising = *(const FORM(lanes_t) *)(window + n);
            FORM(lanes_t) falling = *(const FORM(lanes_t) *)(window + hop + n);
            FORM(lanes_t) rising_squared = *(const FORM(lanes_t) *)(squared + n);
            FORM(lanes_t) falling_squared = *(const FORM(lanes_t) *)(squared + hop + n);
            for (int k = 1; k <= TOGETHER && lane == 0; k++)
                __builtin_prefetch(block[TOGETHER] + n + (TOGETHER + k) * hop);
            for (int k = 0; k <= TOGETHER; k++) {
                FORM(lanes_t) x = *(const FORM(lanes_t) *)(block[k] + n), square = x * x;
                if (k < TOGETHER) {
                    rising_power[k] += square * rising_squared;
                    rising_sum[k] += x * rising;
                }
                if (k > 0) {
                    falling_power[k - 1] += square * falling_squared;
                    falling_sum[k - 1] += x * falling;
                }
            }
        }
        for (int k = 0; k < TOGETHER; k++) {
            *(FORM(lanes_t) *)(power[k] + lane) = rising_power[k] + falling_power[k];
            *(FORM(lanes_t) *)(sum[k] + lane) = rising_sum[k] + falling_sum[k];
        }
    }
}

/* Whether n samples are digital silence, as at the padded end of many files. */
static __attribute__((noinline)) int FORM(silent)(const float *samples, ptrdiff_t n)
{
    unsigned int any = 0, bits;
    for (ptrdiff_t i = 0; i < n; i++) {
        memcpy(&bits, samples + i, sizeof bits);
        any |= bits << 1; /* without the sign: -0 is silent */
    }
    return any == 0;
}

/* One-sided spectrum norm of each of n_frames frames of 2 * hop samples; hop is a multiple of LANES. `window` and
   `squared` are [2 * hop]: the window and its square. Sums grow in float32 over few terms a lane and the last four join
   in double: relative error below 5e-7. Returns how many frames are NaN because their squares left the range of float32:
   take another way there. */
static ptrdiff_t FORM(frame_energies)(const float *samples, const float *window, const float *squared, ptrdiff_t hop,
                                      ptrdiff_t n_frames, double *energy)
{
    float lanes[2][4][LANES], power[4][4], sum[4][4];
    ptrdiff_t left = 0;
    for (ptrdiff_t first = 0; first < n_frames; first += 4) {
        for (int k = 0; k < 4; k += TOGETHER) {
            const float *block[TOGETHER + 1];
            for (int j = 0; j <= TOGETHER; j++) { /* past the last frame the last block stands in, and goes nowhere */
                ptrdiff_t at = first + k + j;
                block[j] = samples + (at < n_frames ? at : n_frames) * hop;
            }
            FORM(sum_frames)(block, window, squared, hop, lanes[0] + k, lanes[1] + k);
        }
        FORM(fold)(lanes[0], power);
        FORM(fold)(lanes[1], sum);
        for (int k = 0; k < 4 && first + k < n_frames; k++) {
            two_t total = {(double)power[k][0] + power[k][2], (double)power[k][1] + power[k][3]};
            two_t halves = {(double)sum[k][0] + sum[k][2], (double)sum[k][1] + sum[k][3]}; /* even, odd samples */
            /* X_0 = even + odd and X_{N/2} = even - odd: their squares sum to 2 (even^2 + odd^2) */
            two_t terms = total * (double)hop + halves * halves;
            double square = terms[0] + terms[1]; /* hop to 2 hop times the sum of w^2 x^2 */
            int inside = square > hop * 1e-30 && square < hop * 1e30;
            energy[first + k] = sqrt(square);
            if (!inside && !(square == 0 && FORM(silent)(samples + (first + k) * hop, 2 * hop))) {
                energy[first + k] = NAN;
                left++;
            }
        }
    }
    return left;
}

#undef FORM
#undef WIDTH
#undef TOGETHER
