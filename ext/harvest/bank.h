// The filter bank: band-pass outputs of two channels per inverse FFT, and the places where they cross zero or turn.
#pragma once

#include "harvest/fft.h"
#include "harvest/vectors.h"

namespace harvest {
namespace {

// Spectrum of the m samples at y, split into re and im.
void spectrum(const Transform& fft, const double* y, double* re, double* im, double* work, int room) {
    // Forward: real and imaginary parts are exchanged at both ends.
    inverse([&](int at, vd& r, vd& i) { r = vd{}, i = load(y + at); }, work, work + room, fft, {im, re});
}

// Circular convolution with both channels of a pair; u[0], u[1]: [m], of which all but `half` at both ends is linear.
[[gnu::noinline]] void filter_pair(const ChannelPair& pair, const Transform& fft, const double* re, const double* im, double* work,
                        int room, double* u[2]) {
    const double *h0 = pair.response[0], *h1 = pair.response[1];
    u[0] = work + 2 * room, u[1] = work + 3 * room;
    inverse(
        [&](int at, vd& r, vd& i) {
            const vd yr = load(re + at), yi = load(im + at), g0 = load(h0 + at), g1 = load(h1 + at);
            r = yr * g0 - yi * g1;
            i = yr * g1 + yi * g0;
        },
        work, work + room, fft, {u[0], u[1]});
}

inline unsigned long long next_bits(const unsigned long long* word) { return word[0] >> 1 | word[1] << 63; }

// Positions q + a / (a - b) where u falls through zero or rises through it, and where its first difference does. Falls and
// rises take turns in each list. Tests samples 0.. of u at positions first..; returns the new ends of the lists.
[[gnu::noinline]] void crossings(const double* u, long long first, int zero_tests, int turn_tests, double*& zeros, double*& turns) {
    constexpr int kWords = 66;
    unsigned long long positive[kWords], rising[kWords];
    for (int begin = 0; begin < zero_tests; begin += 64 * (kWords - 2)) {
        const int tests = least(zero_tests - begin, 64 * (kWords - 2)), words = (tests + 63) / 64;
        for (int w = 0; w < words; ++w) {
            unsigned long long p = 0, r = 0;
            const double* v = u + begin + 64 * w;
#pragma GCC unroll 32
            for (int l = 0; l < 64; l += kD) {
                const vd now = load(v + l);
                p |= (unsigned long long)above(now, vd{}) << l;
                r |= (unsigned long long)above(load(v + l + 1), now) << l;
            }
            positive[w] = p, rising[w] = r;
        }
        const double* end = u + begin + 64 * words;
        positive[words] = end[0] > 0, rising[words] = end[1] > end[0];
        for (int w = 0; w < words; ++w) {
            const double *v = u + begin + 64 * w, at = double(first + begin + 64 * w);
            const int left = zero_tests - begin - 64 * w, turn_left = turn_tests - begin - 64 * w;
            unsigned long long bits = positive[w] ^ next_bits(positive + w);
            if (left < 64) bits &= (1ULL << left) - 1;
            for (; bits; bits &= bits - 1) {
                const int l = __builtin_ctzll(bits);
                *zeros++ = at + l + v[l] / (v[l] - v[l + 1]);
            }
            bits = rising[w] ^ next_bits(rising + w);
            if (turn_left < 64) bits &= turn_left > 0 ? (1ULL << turn_left) - 1 : 0;
            for (; bits; bits &= bits - 1) {
                const int l = __builtin_ctzll(bits);
                const double a = v[l + 1] - v[l], b = v[l + 2] - v[l + 1];
                *turns++ = at + l + a / (a - b);
            }
        }
    }
}

}  // namespace
}  // namespace harvest
