// Inverse complex FFT (no scaling) over split arrays: Stockham passes of radix 8, the last of 2 or 4 where m asks for it.
// The forward transform is the same with real and imaginary parts exchanged at both ends.
#pragma once

namespace {

inline void butterfly8(vd* r, vd* i) {
    const vd half = all(0.70710678118654752440);
    const vd a0 = r[0] + r[4], b0 = i[0] + i[4], a1 = r[0] - r[4], b1 = i[0] - i[4];
    const vd a2 = r[2] + r[6], b2 = i[2] + i[6], a3 = r[2] - r[6], b3 = i[2] - i[6];
    const vd c0 = r[1] + r[5], d0 = i[1] + i[5], c1 = r[1] - r[5], d1 = i[1] - i[5];
    const vd c2 = r[3] + r[7], d2 = i[3] + i[7], c3 = r[3] - r[7], d3 = i[3] - i[7];
    const vd e0 = a0 + a2, f0 = b0 + b2, e2 = a0 - a2, f2 = b0 - b2;
    const vd e1 = a1 - b3, f1 = b1 + a3, e3 = a1 + b3, f3 = b1 - a3;
    const vd o0 = c0 + c2, q0 = d0 + d2, o2 = c0 - c2, q2 = d0 - d2;
    const vd o1 = c1 - d3, q1 = d1 + c3, o3 = c1 + d3, q3 = d1 - c3;
    const vd g1 = o1 - q1, h1 = o1 + q1, g3 = o3 + q3, h3 = o3 - q3;
    r[0] = e0 + o0, i[0] = f0 + q0, r[4] = e0 - o0, i[4] = f0 - q0;
    r[2] = e2 - q2, i[2] = f2 + o2, r[6] = e2 + q2, i[6] = f2 - o2;
    r[1] = e1 + half * g1, i[1] = f1 + half * h1, r[5] = e1 - half * g1, i[5] = f1 - half * h1;
    r[3] = e3 - half * g3, i[3] = f3 + half * h3, r[7] = e3 + half * g3, i[7] = f3 - half * h3;
}

// Stride 1: vectors run along p, so the eight outputs of a p are brought together by a transposition.
template <class Load>
inline void first_pass(const Load& input, double* re, double* im, const Transform& fft) {
    const int step = fft.m / 8;
    for (int p = 0; p < step; p += kD) {
        vd r[8], i[8];
        for (int j = 0; j < 8; ++j) input(p + step * j, r[j], i[j]);
        butterfly8(r, i);
        for (int k = 1; k < 8; ++k) {
            const vd c = load(fft.first + (2 * k - 2) * step + p), s = load(fft.first + (2 * k - 1) * step + p);
            const vd t = r[k] * c - i[k] * s;
            i[k] = r[k] * s + i[k] * c;
            r[k] = t;
        }
        store_transposed(re + 8 * p, r);
        store_transposed(im + 8 * p, i);
    }
}

inline void pass8(const double* xr, const double* xi, double* yr, double* yi, int n, int s, const double* twiddle) {
    const int step = n / 8;
    for (int p = 0; p < step; ++p, twiddle += 14)
        for (int q = 0; q < s; q += kD) {
            vd r[8], i[8];
            for (int j = 0; j < 8; ++j) r[j] = load(xr + q + s * (p + step * j)), i[j] = load(xi + q + s * (p + step * j));
            butterfly8(r, i);
            double *zr = yr + q + s * 8 * p, *zi = yi + q + s * 8 * p;
            store(zr, r[0]), store(zi, i[0]);
            for (int k = 1; k < 8; ++k) {
                const vd c = all(twiddle[2 * k - 2]), w = all(twiddle[2 * k - 1]);
                store(zr + s * k, r[k] * c - i[k] * w);
                store(zi + s * k, r[k] * w + i[k] * c);
            }
        }
}

inline void last8(const double* xr, const double* xi, double* yr, double* yi, int s) {
    for (int q = 0; q < s; q += kD) {
        vd r[8], i[8];
        for (int j = 0; j < 8; ++j) r[j] = load(xr + q + s * j), i[j] = load(xi + q + s * j);
        butterfly8(r, i);
        for (int k = 0; k < 8; ++k) store(yr + q + s * k, r[k]), store(yi + q + s * k, i[k]);
    }
}

inline void last4(const double* xr, const double* xi, double* yr, double* yi, int s) {
    for (int q = 0; q < s; q += kD) {
        vd r[4], i[4];
        for (int j = 0; j < 4; ++j) r[j] = load(xr + q + s * j), i[j] = load(xi + q + s * j);
        const vd a = r[0] + r[2], b = i[0] + i[2], c = r[0] - r[2], d = i[0] - i[2];
        const vd e = r[1] + r[3], f = i[1] + i[3], g = r[1] - r[3], h = i[1] - i[3];
        store(yr + q, a + e), store(yi + q, b + f);
        store(yr + q + s, c - h), store(yi + q + s, d + g);
        store(yr + q + 2 * s, a - e), store(yi + q + 2 * s, b - f);
        store(yr + q + 3 * s, c + h), store(yi + q + 3 * s, d - g);
    }
}

inline void last2(const double* xr, const double* xi, double* yr, double* yi, int s) {
    for (int q = 0; q < s; q += kD) {
        const vd a = load(xr + q), b = load(xi + q), c = load(xr + q + s), d = load(xi + q + s);
        store(yr + q, a + c), store(yi + q, b + d);
        store(yr + q + s, a - c), store(yi + q + s, b - d);
    }
}

// Work areas hold m doubles each; the answer lies in re, im.
template <class Load>
inline void inverse(const Load& input, double*& re, double*& im, double*& spare_re, double*& spare_im, const Transform& fft) {
    first_pass(input, re, im, fft);
    int n = fft.m / 8, s = 8;
    const double* twiddle = fft.later;
    auto swap = [&] {
        double* t = re;
        re = spare_re, spare_re = t;
        t = im, im = spare_im, spare_im = t;
    };
    for (; n > 8; n /= 8, s *= 8) {
        pass8(re, im, spare_re, spare_im, n, s, twiddle);
        twiddle += 14 * (n / 8);
        swap();
    }
    if (n == 8) last8(re, im, spare_re, spare_im, s), swap();
    if (n == 4) last4(re, im, spare_re, spare_im, s), swap();
    if (n == 2) last2(re, im, spare_re, spare_im, s), swap();
}

}  // namespace
