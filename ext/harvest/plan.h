// What Harvest needs to know before it sees a signal: tables for one (sample rate, floor, ceil). Immutable, shared by threads.
//
// Harvest: M. Morise, "Harvest: a high-performance fundamental frequency estimator from speech signals", Interspeech 2017,
// with the constants and edge rules of WORLD, so that its numbers are those of pyworld.harvest.
#pragma once

#include <cstddef>
#include <memory>

namespace harvest {

constexpr int kPad = 16;             // taps of refinement go in blocks: whole vectors on every machine
constexpr int kHarmonics = 6;        // harmonics that refine a candidate
constexpr int kSpread = 3;           // a candidate is tried in the 3 frames before and after its own
constexpr int kLeastRun = 10;        // neighbouring channels that must agree on a candidate
constexpr int kMaxSizes = 12;        // block sizes of the filter bank

// Radix of the pass that meets so many rows: a small one soon, so that 64 rows are left for the last two passes.
inline int radix_of(int rows) { return rows == 128 ? 2 : rows == 256 ? 4 : 8; }

struct Transform {                   // complex FFT of m points, at least 512
    int m;
    const double* twiddles;          // [place][factors][cosine, tangent][8] of each pass after the first
};

struct BlockSize {
    Transform fft;
    int half;                        // longest filter half-length in this size
    int hop;                         // outputs that a block adds
};

struct ChannelPair {                 // two band-pass filters run as real and imaginary part of one transform
    int size;                        // index into sizes
    const double* response[2];       // [m] each, real, 1 / m included
    double low_hz[2], high_hz[2];    // accepted range of each channel's contour; low > high: the channel counts as unvoiced
};

struct Harmonics {                   // cosines and sines of one DFT size, rows for each bin
    int n;
    int length;                      // padded taps in a row
    const double* exact;             // [bin][length / kPad][cos, sin][kPad]
    const float* quick;              // [bin][length][cos, sin]
};

struct Plan {
    int sample_rate_hz;
    double floor_hz, ceil_hz;
    int ratio;                       // decimation
    double rate_hz;                  // after decimation
    double frame_samples;            // decimated samples in a 1 ms frame
    bool whole_frames;               // a frame is a whole number of samples: one window table serves every frame
    double a[3], b[2];               // low-pass of the decimation: poles, and b0, b1 = 3 b0
    int hold;                        // samples by which the edge values are held before and after the signal
    int memory;                      // samples after which the low-pass has forgotten
    double lowest_hz;                // centre of channel 0
    int channels, pairs, sizes_used, longest_half;
    BlockSize sizes[kMaxSizes];
    const ChannelPair* bank;         // [pairs]
    int slots;                       // most candidates that a frame can have before they are spread
    int least_window, most_window;   // half-lengths h of refinement windows
    const int* window_length;        // [h - least_window], padded taps
    const double* const* windows;    // [h - least_window] -> [taps / kPad][main fwd, main back, slope fwd, slope back][kPad]
    const float* const* quick_windows;   // [h - least_window] -> [taps][main fwd, slope fwd, main back, slope back]
    Harmonics harmonics[32];         // [log2 n]
    virtual ~Plan() = default;
};

std::shared_ptr<const Plan> plan(int sample_rate_hz, double floor_hz, double ceil_hz);  // cached

}  // namespace harvest
