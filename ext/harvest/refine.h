// Refinement: a candidate's instantaneous frequency from its first six harmonics, and how well they agree.
//
// Harvest multiplies three periods of signal by a Blackman window and by the window's slope, and takes two DFTs. Only six
// bins are needed, so they are summed directly: with x forward and backward from the centre, the sums over even and odd
// parts need one cosine and one sine row per bin.
#pragma once

namespace {

struct Taps { const float *main_fwd, *main_back, *slope_fwd, *slope_back; int length; };

template <int kFirst, int kCount>
inline void sum_harmonics(const float* ahead, const float* behind, const Taps& taps, const float* const* rows, int row_length,
                          vf* re, vf* im, vf* slope_re, vf* slope_im) {
    vf a[kCount] = {}, b[kCount] = {}, c[kCount] = {}, d[kCount] = {};
    for (int o = 0; o < taps.length; o += kF) {
        const vf x = load(ahead + o), y = load(behind + o);
        const vf p = x * load(taps.main_fwd + o), q = y * load(taps.main_back + o);
        const vf r = x * load(taps.slope_fwd + o), s = y * load(taps.slope_back + o);
        const vf even = p + q, odd = p - q, slope_even = r + s, slope_odd = r - s;
#pragma GCC unroll 6
        for (int k = 0; k < kCount; ++k) {
            const vf cosine = load(rows[kFirst + k] + o), sine = load(rows[kFirst + k] + row_length + o);
            a[k] += even * cosine, b[k] += odd * sine, c[k] += slope_even * cosine, d[k] += slope_odd * sine;
        }
    }
#pragma GCC unroll 6
    for (int k = 0; k < kCount; ++k) re[kFirst + k] = a[k], im[kFirst + k] = b[k], slope_re[kFirst + k] = c[k], slope_im[kFirst + k] = d[k];
}

inline void harmonic_sums(const float* ahead, const float* behind, const Taps& taps, const float* const* rows, int row_length,
                          float* sum) {   // [4][8]: re, im, slope re, slope im
    vf re[6], im[6], sre[6], sim[6];
#if HARVEST_BYTES == 64
    sum_harmonics<0, 6>(ahead, behind, taps, rows, row_length, re, im, sre, sim);
#else
    sum_harmonics<0, 3>(ahead, behind, taps, rows, row_length, re, im, sre, sim);  // 16 registers hold 12 sums
    sum_harmonics<3, 3>(ahead, behind, taps, rows, row_length, re, im, sre, sim);
#endif
    auto put = [](float* to, four_floats v) { __builtin_memcpy(to, &v, sizeof v); };
    put(sum, sums(re[0], re[1], re[2], re[3]));
    put(sum + 4, sums(re[4], re[5], im[4], im[5]));
    put(sum + 8, sums(im[0], im[1], im[2], im[3]));
    __builtin_memcpy(sum + 12, sum + 6, 8);
    put(sum + 16, sums(sre[0], sre[1], sre[2], sre[3]));
    put(sum + 20, sums(sre[4], sre[5], sim[4], sim[5]));
    put(sum + 24, sums(sim[0], sim[1], sim[2], sim[3]));
    __builtin_memcpy(sum + 28, sum + 22, 8);
}

// The four tap rows of a window whose centre lies between two samples; room: [4 + 1][window taps + 2 kPad].
inline Taps shifted_taps(const Plan& plan, int h, double shift, float* room) {
    const int length = plan.window_length[h - plan.least_window];
    const float *cosine = plan.windows[h - plan.least_window], *sine = cosine + length;
    const double angle = 2 * 3.14159265358979323846 * shift / (2 * h + 1);
    const float turn_cos = float(__builtin_cos(angle)), turn_sin = float(__builtin_sin(angle));
    float *fwd = room, *back = room + length, *sf = room + 2 * length, *sb = room + 3 * length;
    for (int o = 0; o < length; ++o) {
        const float c = cosine[o] * turn_cos - sine[o] * turn_sin, d = cosine[o] * turn_cos + sine[o] * turn_sin;
        fwd[o] = o < h ? 0.34f + 0.5f * c + 0.16f * c * c : 0.f;
        back[o] = o < h + 2 ? 0.34f + 0.5f * d + 0.16f * d * d : 0.f;
    }
    sf[0] = (back[1] - fwd[1]) / 2, sb[0] = 0;
    for (int o = 1; o < length; ++o) {
        const float next = o + 1 < length ? fwd[o + 1] : 0.f, earlier = o + 1 < length ? back[o + 1] : 0.f;
        sf[o] = o < h ? (fwd[o - 1] - next) / 2 : 0.f;
        sb[o] = o < h + 2 ? (earlier - back[o - 1]) / 2 : 0.f;
    }
    back[0] = 0;
    return {fwd, back, sf, sb, length};
}

struct Refined { float f0, score; };

// ahead[o] = x(c + o), behind[o] = x(c - o) about the sample c nearest the frame; shift = c - frame time, in samples.
inline Refined refine(const Plan& plan, const float* ahead, const float* behind, double shift, double f0, float* room) {
    const double rate = plan.rate_hz;
    const int h = int(1.5 * rate / f0 + 1.0);
    int log2_n = 2 + 31 - __builtin_clz(2 * h + 1);
    const Harmonics& dft = plan.harmonics[log2_n];
    Taps taps;
    if (plan.whole_frames) {
        const float* w = plan.windows[h - plan.least_window];
        const int length = plan.window_length[h - plan.least_window];
        taps = {w, w + length, w + 2 * length, w + 3 * length, length};
    } else {
        taps = shifted_taps(plan, h, shift, room);
    }
    const int count = least(int(rate / 2.0 / f0), kHarmonics);
    const float* rows[kHarmonics];
    eight_floats bin_hz{}, away{}, order{1, 2, 3, 4, 5, 6, 7, 8}, weight{};
    for (int k = 0; k < kHarmonics; ++k) {
        const int bin = k < count ? int(f0 * dft.n / rate * (k + 1) + 0.5) : 0;
        rows[k] = dft.rows + size_t(bin) * 2 * dft.length;
        const double hz = double(bin) * rate / dft.n;
        bin_hz[k] = float(hz), away[k] = float(hz - (k + 1) * f0), weight[k] = k < count ? 1.f : 0.f;
    }
    alignas(32) float sum[32];
    sum[14] = sum[15] = sum[30] = sum[31] = 0;
    harmonic_sums(ahead, behind, taps, rows, dft.length, sum);
    eight_floats re, im, slope_re, slope_im, amplitude;
    __builtin_memcpy(&re, sum, 32), __builtin_memcpy(&im, sum + 8, 32);
    __builtin_memcpy(&slope_re, sum + 16, 32), __builtin_memcpy(&slope_im, sum + 24, 32);
    const eight_floats power = re * re + im * im, to_hz = float(rate / 2.0 / 3.14159265358979323846) - eight_floats{};
    const eight_ints silent = power == 0.f;
    const eight_floats one{1, 1, 1, 1, 1, 1, 1, 1};
    const eight_floats divisor = (eight_floats)(((eight_ints)power & ~silent) | ((eight_ints)one & silent));
    eight_floats off = away + (im * slope_re - re * slope_im) / divisor * to_hz;   // instantaneous - k f0
    off = (eight_floats)(((eight_ints)off & ~silent) | ((eight_ints)(away - bin_hz) & silent));
    for (int k = 0; k < 8; ++k) amplitude[k] = __builtin_sqrtf(power[k]);
    amplitude *= weight;
    const eight_floats pull = amplitude * off, mass = amplitude * order, miss = (eight_floats)((eight_ints)(off / order * weight) & 0x7fffffff);
    double numerator = 0, denominator = 0, error = 0;
    for (int k = 0; k < kHarmonics; ++k) numerator += pull[k], denominator += mass[k], error += miss[k];
    const double refined = (f0 * denominator + numerator) / (denominator + 1e-12);
    const double score = 1.0 / (error / f0 / count + 1e-12);
    if (!(refined >= plan.floor_hz && refined <= plan.ceil_hz && score >= 2.5)) return {0.f, 0.f};
    return {float(refined), float(score)};
}

}  // namespace
