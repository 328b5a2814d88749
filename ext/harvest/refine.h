// Refinement: a candidate's instantaneous frequency from its first six harmonics, and how well they agree.
//
// Harvest multiplies three periods of signal by a Blackman window and by the window's slope, and takes two DFTs. Only six
// bins are needed, so they are summed directly: with x forward and backward from the centre, the sums over even and odd
// parts need one cosine and one sine row per bin. Every candidate is refined in float; the few that are chosen in the end,
// and those that come close to being chosen, again in double (`settle` in run.h), so that no choice rests on rounding.
#pragma once

namespace {

template <class T> struct Vectors;
template <> struct Vectors<float> {
    typedef vf wide;
    typedef float eight __attribute__((vector_size(32)));
    typedef int mask __attribute__((vector_size(32)));
    static const RefineTables<float>& tables(const Plan& plan) { return plan.quick; }
};
template <> struct Vectors<double> {
    typedef vd wide;
    typedef double eight __attribute__((vector_size(64)));
    typedef long long mask __attribute__((vector_size(64)));
    static const RefineTables<double>& tables(const Plan& plan) { return plan.exact; }
};

// A window's taps in blocks of kPad: [main forward, main backward, slope forward, slope backward].
template <class T> struct Taps { const T* block; int length; };

template <int kFirst, int kCount, class T>
inline void sum_harmonics(const T* ahead, const T* behind, const Taps<T>& taps, const T* const* rows,
                          typename Vectors<T>::wide (*sum)[kHarmonics]) {   // [re, im, slope re, slope im]
    typedef typename Vectors<T>::wide wide;
    constexpr int kLanes = HARVEST_BYTES / sizeof(T);
    wide a[kCount] = {}, b[kCount] = {}, c[kCount] = {}, d[kCount] = {};
    const T *row[kCount], *window = taps.block;
    for (int k = 0; k < kCount; ++k) row[k] = rows[kFirst + k];
    for (std::ptrdiff_t o = 0; o < taps.length; o += kPad, window += 4 * kPad)
#pragma GCC unroll 8
        for (std::ptrdiff_t l = 0; l < kPad; l += kLanes) {
            const wide x = load(ahead + o + l), y = load(behind + o + l);
            const wide p = x * load(window + l), q = y * load(window + kPad + l);
            const wide r = x * load(window + 2 * kPad + l), s = y * load(window + 3 * kPad + l);
            const wide even = p + q, odd = p - q, slope_even = r + s, slope_odd = r - s;
#pragma GCC unroll 6
            for (int k = 0; k < kCount; ++k) {
                const wide cosine = load(row[k] + 2 * o + l), sine = load(row[k] + 2 * o + kPad + l);
                a[k] += even * cosine, b[k] += odd * sine, c[k] += slope_even * cosine, d[k] += slope_odd * sine;
            }
        }
#pragma GCC unroll 6
    for (int k = 0; k < kCount; ++k)
        sum[0][kFirst + k] = a[k], sum[1][kFirst + k] = b[k], sum[2][kFirst + k] = c[k], sum[3][kFirst + k] = d[k];
}

template <class T>
inline void harmonic_sums(const T* ahead, const T* behind, const Taps<T>& taps, const T* const* rows,
                          typename Vectors<T>::eight* out) {                // [re, im, slope re, slope im], six lanes each
    typename Vectors<T>::wide sum[4][kHarmonics];
#if HARVEST_BYTES == 64
    sum_harmonics<0, 6>(ahead, behind, taps, rows, sum);
#else
    sum_harmonics<0, 3>(ahead, behind, taps, rows, sum);        // 16 registers hold 12 sums
    sum_harmonics<3, 3>(ahead, behind, taps, rows, sum);
#endif
    for (int part = 0; part < 4; part += 2) {
        const auto *re = sum[part], *im = sum[part + 1];
        const auto first = sums(re[0], re[1], re[2], re[3]), mixed = sums(re[4], re[5], im[4], im[5]);
        const auto second = sums(im[0], im[1], im[2], im[3]);
        out[part] = HARVEST_SWAP(first, mixed, 0, 1, 2, 3, 4, 5, 4, 4);
        out[part + 1] = HARVEST_SWAP(second, mixed, 0, 1, 2, 3, 6, 7, 6, 6);
    }
}

// The taps of a window whose centre lies between two samples; room: [6][padded taps].
template <class T>
Taps<T> shifted_taps(const Plan& plan, int h, double shift, T* room) {
    const int length = plan.window_length[h - plan.least_window];
    const T *cosine = Vectors<T>::tables(plan).windows[h - plan.least_window], *sine = cosine + length;
    const double angle = 2 * 3.14159265358979323846 * shift / (2 * h + 1);
    const T turn_cos = T(__builtin_cos(angle)), turn_sin = T(__builtin_sin(angle));
    T *fwd = room + 4 * length, *back = fwd + length;
    for (int o = 0; o < length; ++o) {
        const T c = cosine[o] * turn_cos - sine[o] * turn_sin, d = cosine[o] * turn_cos + sine[o] * turn_sin;
        fwd[o] = o < h ? T(0.34) + T(0.5) * c + T(0.16) * c * c : T(0);
        back[o] = o < h + 2 ? T(0.34) + T(0.5) * d + T(0.16) * d * d : T(0);
    }
    for (int o = 0; o < length; ++o) {
        T* at = room + 4 * (o - o % kPad) + o % kPad;
        const T later = o + 1 < length ? fwd[o + 1] : T(0), earlier = o + 1 < length ? back[o + 1] : T(0);
        at[0] = fwd[o], at[kPad] = o ? back[o] : T(0);
        at[2 * kPad] = o == 0 ? (back[1] - fwd[1]) / 2 : o < h ? (fwd[o - 1] - later) / 2 : T(0);
        at[3 * kPad] = o > 0 && o < h + 2 ? (earlier - back[o - 1]) / 2 : T(0);
    }
    return {room, length};
}

inline int window_half(const Plan& plan, double f0) { return int(1.5 * plan.rate_hz / f0 + 1.0); }

template <class V> inline auto halves(V v) { return HARVEST_SWAP(v, v, 0, 1, 2, 3) + HARVEST_SWAP(v, v, 4, 5, 6, 7); }

template <class V> inline V sums4(V a, V b, V c) {   // sum of a's lanes, of b's, of c's
    const V ab = HARVEST_SWAP(a, b, 0, 4, 1, 5) + HARVEST_SWAP(a, b, 2, 6, 3, 7);
    const V cc = HARVEST_SWAP(c, c, 0, 1, 0, 1) + HARVEST_SWAP(c, c, 2, 3, 2, 3);
    return HARVEST_SWAP(ab, cc, 0, 1, 4, 4) + HARVEST_SWAP(ab, cc, 2, 3, 5, 5);
}

struct Refined { float f0, score; };

// ahead[o] = x(c + o), behind[o] = x(c - o) about the sample c nearest the frame; shift = c - frame time, in samples.
template <class T>
inline Refined refine(const Plan& plan, const T* ahead, const T* behind, double shift, double f0, T* room) {
    typedef typename Vectors<T>::eight eight;
    typedef typename Vectors<T>::mask mask;
    typedef double eight_doubles __attribute__((vector_size(64)));
    typedef int eight_ints __attribute__((vector_size(32)));
    const RefineTables<T>& tables = Vectors<T>::tables(plan);
    const double rate = plan.rate_hz;
    const int h = window_half(plan, f0), log2_n = 2 + 31 - __builtin_clz(2 * h + 1);
    const auto& dft = tables.harmonics[log2_n];
    const Taps<T> taps = plan.whole_frames ? Taps<T>{tables.windows[h - plan.least_window], plan.window_length[h - plan.least_window]}
                                           : shifted_taps(plan, h, shift, room);
    const int count = f0 * 12.01 < rate ? kHarmonics : least(int(rate / 2.0 / f0), kHarmonics);
    const eight_doubles order{1, 2, 3, 4, 5, 6, 7, 8};
    const eight_ints bins = __builtin_convertvector(f0 * dft.n / rate * order + 0.5, eight_ints);
    int bin[8];
    __builtin_memcpy(bin, &bins, sizeof bin);
    const T* rows[kHarmonics];
    for (int k = 0; k < kHarmonics; ++k) rows[k] = dft.rows + std::size_t(k < count ? bin[k] : 0) * 2 * dft.length;
    const eight_doubles bin_hz = __builtin_convertvector(bins, eight_doubles) * (rate / dft.n);
    eight sum[4];
    harmonic_sums(ahead, behind, taps, rows, sum);
    const eight power = sum[0] * sum[0] + sum[1] * sum[1];
    const mask silent = power == T(0), used = __builtin_convertvector(eight_ints{0, 1, 2, 3, 4, 5, 6, 7} < count, mask);
    const eight divisor = (eight)(((mask)power & ~silent) | ((mask)(power + T(1)) & silent));
    const eight away = __builtin_convertvector(bin_hz - order * f0, eight);             // bin - k f0
    const T to_hz = T(rate / 2.0 / 3.14159265358979323846);
    eight off = away + (sum[1] * sum[2] - sum[0] * sum[3]) / divisor * to_hz;           // instantaneous - k f0
    const eight unheard = __builtin_convertvector(order * -f0, eight);
    off = (eight)(((mask)off & ~silent) | ((mask)unheard & silent));
    eight amplitude;
    for (int k = 0; k < 8; ++k) amplitude[k] = sizeof(T) == 4 ? __builtin_sqrtf(power[k]) : __builtin_sqrt(power[k]);
    amplitude = (eight)((mask)amplitude & used);
    off = (eight)((mask)off & used);
    const eight harmonic{1, 2, 3, 4, 5, 6, 7, 8}, share{1, T(1) / 2, T(1) / 3, T(1) / 4, T(1) / 5, T(1) / 6, 0, 0};
    const eight pull = amplitude * off, mass = amplitude * harmonic, miss = (off < 0 ? -off : off) * share;
    const auto folded = sums4(halves(pull), halves(mass), halves(miss));
    const double numerator = folded[0], denominator = folded[1], error = folded[2];
    const double refined = (f0 * denominator + numerator) / (denominator + 1e-12), reach = f0 * count;
    const double score = reach / (error + 1e-12 * reach);
    if (!(refined >= plan.floor_hz && refined <= plan.ceil_hz && score >= 2.5)) return {0.f, 0.f};
    return {float(refined), float(score)};
}

}  // namespace
