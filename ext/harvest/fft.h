// Inverse complex FFT (no scaling) over split arrays, decimation in time: every pass sums over the next digit of the
// frequency and makes a digit of the time. The first pass brings the eight outputs of a sum together, so that from then on
// the vectors hold eight neighbouring times; the others work in place, and only the last one writes to other arrays, in
// order. So few lines are written twice, and a block of 1024 points stays in the first cache.
// The forward transform is the same with real and imaginary parts exchanged at both ends.
#pragma once

#include "harvest/vectors.h"

namespace harvest {
namespace {

// A twiddle factor w = cosine (1 + i tangent): in this form a + w b and a - w b take six multiply-adds. Where the cosine is
// all but zero the tangent is huge, and their product still the sine.
struct Twiddle { vd cosine, tangent; };
inline Twiddle twiddle(const double* at) { return {load(at), load(at + 8)}; }

// (a, b) = (a + w b, a - w b)
inline void turn(vd& ar, vd& ai, vd& br, vd& bi, const Twiddle& w) {
    const vd p = br - w.tangent * bi, q = bi + w.tangent * br;
    br = ar - w.cosine * p, bi = ai - w.cosine * q;
    ar = ar + w.cosine * p, ai = ai + w.cosine * q;
}

// (a, b) = (a + i w b, a - i w b)
inline void turn_quarter(vd& ar, vd& ai, vd& br, vd& bi, const Twiddle& w) {
    const vd p = br - w.tangent * bi, q = bi + w.tangent * br;
    br = ar + w.cosine * q, bi = ai - w.cosine * p;
    ar = ar - w.cosine * q, ai = ai + w.cosine * p;
}

// Input j stands for x[j] w^j; at: twiddles w^4, w^2, w, w exp(i pi / 4). Outputs are left in bit-reversed order.
inline void butterfly8(vd* r, vd* i, const double* at) {
    const Twiddle w4 = twiddle(at), w2 = twiddle(at + 16), w1 = twiddle(at + 32), w_eighth = twiddle(at + 48);
    for (int j = 0; j < 4; ++j) turn(r[j], i[j], r[j + 4], i[j + 4], w4);
    for (int j = 0; j < 2; ++j) turn(r[j], i[j], r[j + 2], i[j + 2], w2);
    for (int j = 4; j < 6; ++j) turn_quarter(r[j], i[j], r[j + 2], i[j + 2], w2);
    turn(r[0], i[0], r[1], i[1], w1), turn_quarter(r[2], i[2], r[3], i[3], w1);
    turn(r[4], i[4], r[5], i[5], w_eighth), turn_quarter(r[6], i[6], r[7], i[7], w_eighth);
}

inline void butterfly4(vd* r, vd* i, const double* at) {
    const Twiddle w2 = twiddle(at), w1 = twiddle(at + 16);
    turn(r[0], i[0], r[2], i[2], w2), turn(r[1], i[1], r[3], i[3], w2);
    turn(r[0], i[0], r[1], i[1], w1), turn_quarter(r[2], i[2], r[3], i[3], w1);
}

// The same as butterfly8 without twiddles and in order.
inline void first_butterfly(vd* r, vd* i) {
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

// Vectors run along the frequencies p of a sum, so its eight outputs are brought together by a transposition.
template <class Load>
inline void first_pass(const Load& input, double* re, double* im, int m) {
    const int step = m / 8;
    for (int p = 0; p < step; p += kD) {
        vd r[8], i[8];
        for (int j = 0; j < 8; ++j) input(p + step * j, r[j], i[j]);
        first_butterfly(r, i);
        store_transposed(re + 8 * p, r);
        store_transposed(im + 8 * p, i);
    }
}

// Rows of eight times: sums over kRadix rows `step` doubles apart, their outputs `apart` doubles apart.
template <int kRadix>
inline void sum_rows(const double* re, const double* im, int step, double* out_re, double* out_im, int apart, const double* twiddles) {
    constexpr int kLeft[3][8] = {{0, 1}, {0, 2, 1, 3}, {0, 4, 2, 6, 1, 5, 3, 7}};   // where the butterflies leave output k
    vd r[kRadix], i[kRadix];
    for (int j = 0; j < kRadix; ++j) r[j] = load(re + step * j), i[j] = load(im + step * j);
    if (kRadix == 8) butterfly8(r, i, twiddles);
    if (kRadix == 4) butterfly4(r, i, twiddles);
    if (kRadix == 2) turn(r[0], i[0], r[1], i[1], twiddle(twiddles));
    for (int k = 0; k < kRadix; ++k) {
        const int from = kLeft[kRadix / 4][k];
        store(out_re + apart * k, r[from]);
        store(out_im + apart * k, i[from]);
    }
}

template <int kRadix>
inline void pass(double* re, double* im, int rows, const double* twiddles) {
    const int step = 8 * rows / kRadix;
    for (int q = 0; q < 8; q += kD)
        for (int p = q; p < step; p += 8) sum_rows<kRadix>(re + p, im + p, step, re + p, im + p, step, twiddles + q);
}

struct Answer { double *re, *im; };

// The passes over rows whose time, in rows, is known as `place` modulo `known`: depth first, for the sake of the cache.
[[gnu::noinline]] void later_passes(double* re, double* im, int rows, int known, int place, const double* twiddles, const Answer& out) {
    if (rows == 64) {
        pass<8>(re, im, rows, twiddles + 64 * place);
        for (int k = 0; k < 8; ++k) {
            const int row = place + known * k;
            for (int q = 0; q < 8; q += kD)
                sum_rows<8>(re + 64 * k + q, im + 64 * k + q, 8, out.re + 8 * row + q, out.im + 8 * row + q, 64 * known,
                            twiddles + 64 * (known + row) + q);
        }
        return;
    }
    const int radix = radix_of(rows), left = rows / radix;
    const double* here = twiddles + 8 * radix * place;
    if (radix == 8) pass<8>(re, im, rows, here);
    if (radix == 4) pass<4>(re, im, rows, here);
    if (radix == 2) pass<2>(re, im, rows, here);
    for (int k = 0; k < radix; ++k)
        later_passes(re + 8 * left * k, im + 8 * left * k, left, radix * known, place + known * k, twiddles + 8 * radix * known, out);
}

// Of m = 512, 1024, 2048, ... points; room: two arrays of m doubles.
template <class Load>
inline void inverse(const Load& input, double* room_re, double* room_im, const Transform& fft, const Answer& out) {
    first_pass(input, room_re, room_im, fft.m);
    later_passes(room_re, room_im, fft.m / 8, 1, 0, fft.twiddles, out);
}

}  // namespace
}  // namespace harvest
