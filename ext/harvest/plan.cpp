#include "harvest/plan.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <initializer_list>
#include <list>
#include <mutex>
#include <new>
#include <tuple>
#include <vector>

namespace harvest {
namespace {

using Complex = std::complex<double>;
constexpr double kPi = 3.14159265358979323846;
constexpr double kTargetRate = 8000.0, kChannelsPerOctave = 40.0;   // WORLD's harvest.cpp
constexpr int kSmallestBlock = 512;

int padded(int taps) { return (taps + kPad - 1) / kPad * kPad; }

int log2_floor(int n) { return 31 - __builtin_clz(unsigned(n)); }

// Third-order Chebyshev filter of type I, 0.05 dB ripple, cut at 0.8 of the new band (MATLAB's decimate), by the bilinear map.
void design_low_pass(Plan& plan) {
    const double ripple = std::sqrt(std::pow(10.0, 0.005) - 1), spread = std::asinh(1 / ripple) / 3;
    const double warped = 4 * std::tan(kPi * 0.8 / plan.ratio / 2);
    Complex denominator[4] = {1, 0, 0, 0};
    for (int k = -1; k <= 1; ++k) {
        const double angle = kPi * k / 3;
        const Complex pole = warped * Complex(-std::sinh(spread) * std::cos(angle), -std::cosh(spread) * std::sin(angle));
        const Complex z = (4.0 + pole) / (4.0 - pole);
        for (int j = 3; j > 0; --j) denominator[j] -= z * denominator[j - 1];
    }
    double sum = 1;
    for (int j = 0; j < 3; ++j) plan.a[j] = -denominator[j + 1].real(), sum -= plan.a[j];
    plan.b[0] = sum / 8, plan.b[1] = 3 * plan.b[0];
    double w[3] = {1, 0, 0};
    for (plan.memory = 1; std::abs(w[0]) + std::abs(w[1]) + std::abs(w[2]) > 1e-18; ++plan.memory) {
        const double next = plan.a[0] * w[0] + plan.a[1] * w[1] + plan.a[2] * w[2];
        w[2] = w[1], w[1] = w[0], w[0] = next;
    }
}

void transform(std::vector<Complex>& x) {   // forward DFT, for the tables only
    const std::size_t n = x.size();
    if (n == 1) return;
    std::vector<Complex> even(n / 2), odd(n / 2);
    for (std::size_t k = 0; k < n / 2; ++k) even[k] = x[2 * k], odd[k] = x[2 * k + 1];
    transform(even), transform(odd);
    for (std::size_t k = 0; k < n / 2; ++k) {
        const Complex t = std::polar(1.0, -2 * kPi * double(k) / double(n)) * odd[k];
        x[k] = even[k] + t, x[k + n / 2] = even[k] - t;
    }
}

struct OwnedPlan : Plan {
    std::list<std::unique_ptr<void, decltype(&std::free)>> tables;
    std::vector<ChannelPair> pairs_made;
    std::vector<int> lengths;
    std::vector<const double*> windows_made;
    std::vector<const float*> quick_windows_made;

    template <class T> const T* keep(const std::vector<T>& table) {   // on a cache line, as wide loads like it
        const std::size_t bytes = (table.size() * sizeof(T) + 63) / 64 * 64;
        void* memory = std::aligned_alloc(64, bytes);
        if (!memory) throw std::bad_alloc();
        tables.emplace_back(memory, &std::free);
        return std::copy(table.begin(), table.end(), static_cast<T*>(memory)) - table.size();
    }

    // In float, blocks of [parts][kPad] turned into [parts] of each tap, in the given order.
    const float* keep_by_tap(const std::vector<double>& table, std::initializer_list<int> parts) {
        std::vector<float> turned;
        for (std::size_t block = 0; block < table.size(); block += parts.size() * kPad)
            for (int tap = 0; tap < kPad; ++tap)
                for (const int part : parts) turned.push_back(float(table[block + std::size_t(part) * kPad + tap]));
        return keep(turned);
    }

    // Cosines and tangents of the passes after the first; before a pass 8 `known` times are told apart, eight in a row.
    Transform twiddles(int m) {
        std::vector<double> table;
        for (int known = 1, radix; 8 * known < m; known *= radix) {
            radix = radix_of(m / (8 * known));
            for (int place = 0; place < known; ++place)
                for (int factor = 0; factor < radix / 2; ++factor) {   // w^4, w^2, w, w exp(i pi / 4); w^2, w; or w
                    const double power = factor < 3 ? std::max(1, radix / 2 >> factor) : 1, eighth = factor == 3 ? 1 / 8.0 : 0;
                    double angle[8];
                    for (int k = 0; k < 8; ++k) angle[k] = 2 * kPi * (power * (8 * place + k) / (8.0 * known * radix) + eighth);
                    for (double x : angle) table.push_back(std::cos(x));
                    for (double x : angle) table.push_back(std::tan(x));
                }
        }
        return {m, keep(table)};
    }

    double centre_hz(int channel) const { return floor_hz * 0.9 * std::pow(2.0, (channel + 1) / kChannelsPerOctave); }
    int half_length(int channel) const { return std::max(1, int(rate_hz / centre_hz(channel) * 2.0 + 0.5)); }

    // A Nuttall window of four periods on a cosine, centred on sample 0.
    void place_filter(int channel, std::vector<Complex>& x, Complex unit) const {
        const int half = half_length(channel), m = int(x.size());
        for (int i = -half; i <= half; ++i) {
            const double t = (i + half) / (2.0 * half);
            const double nuttall = 0.355768 - 0.487396 * std::cos(2 * kPi * t) + 0.144232 * std::cos(4 * kPi * t) - 0.012604 * std::cos(6 * kPi * t);
            x[(i + m) % m] += unit * (nuttall * std::cos(2 * kPi * centre_hz(channel) * i / rate_hz) / m);
        }
    }

    int size_for(int half) {
        int m = kSmallestBlock;
        while (half > m / 8) m *= 2;
        for (int z = 0; z < sizes_used; ++z)
            if (sizes[z].fft.m == m) return z;
        const int longest = (half + 7) / 8 * 8;                       // the first pair of a size has its longest filter
        sizes[sizes_used] = {twiddles(m), longest, (m - 2 * longest - 2) / 8 * 8};
        return sizes_used++;
    }

    void build_bank() {
        channels = 1 + int(std::log(ceil_hz * 1.1 / (floor_hz * 0.9)) / std::log(2.0) * kChannelsPerOctave);
        pairs = (channels + 1) / 2;
        slots = channels / (kLeastRun + 1) + 1;
        longest_half = half_length(0), lowest_hz = centre_hz(0);
        for (int p = 0; p < pairs; ++p) {
            ChannelPair pair{};
            pair.size = size_for(half_length(2 * p));
            const int m = sizes[pair.size].fft.m;
            std::vector<Complex> x(m);
            for (int c = 0; c < 2; ++c) {
                const int channel = 2 * p + c;
                const bool inner = channel > 0 && channel < channels - 1;
                pair.low_hz[c] = inner ? std::max(centre_hz(channel) * 0.9, floor_hz) : 1.0;
                pair.high_hz[c] = inner ? std::min(centre_hz(channel) * 1.1, ceil_hz) : 0.0;
                if (channel < channels) place_filter(channel, x, c ? Complex(0, 1) : Complex(1, 0));
            }
            transform(x);
            std::vector<double> response[2] = {std::vector<double>(m), std::vector<double>(m)};
            for (int k = 0; k < m; ++k) response[0][k] = x[k].real(), response[1][k] = x[k].imag();
            for (int c = 0; c < 2; ++c) pair.response[c] = keep(response[c]);
            pairs_made.push_back(pair);
        }
        bank = pairs_made.data();
    }

    // Blackman over 2 h + 1 samples, from sample -h - 1 to h - 1 (one early, as in WORLD), and half the difference of its neighbours.
    std::vector<double> window(int h, int length) const {
        std::vector<double> table(4 * std::size_t(length));
        auto main = [&](int o) {
            if (o < -h - 1 || o > h - 1) return 0.0;
            const double angle = 2 * kPi * o / (2 * h + 1);
            return 0.42 + 0.5 * std::cos(angle) + 0.08 * std::cos(2 * angle);
        };
        auto slope = [&](int o) { return o < -h - 1 || o > h - 1 ? 0.0 : -(main(o + 1) - main(o - 1)) / 2; };
        for (int o = 0; o < length; ++o) {
            double* at = table.data() + 4 * (o - o % kPad) + o % kPad;
            at[0] = main(o), at[2 * kPad] = slope(o);
            if (o > 0) at[kPad] = main(-o), at[3 * kPad] = slope(-o);
        }
        return table;
    }

    std::vector<double> phasors(int h, int length) const {
        std::vector<double> table(2 * std::size_t(length));
        for (int o = 0; o < length; ++o) {
            table[o] = std::cos(2 * kPi * o / (2 * h + 1));
            table[length + o] = std::sin(2 * kPi * o / (2 * h + 1));
        }
        return table;
    }

    void build_refinement() {
        least_window = std::max(1, int(1.5 * rate_hz / ceil_hz + 1.0) - 1);
        most_window = int(1.5 * rate_hz / floor_hz + 1.0) + 1;
        for (int h = least_window; h <= most_window; ++h) {
            const int length = padded(h + 2);
            lengths.push_back(length);
            const std::vector<double> table = whole_frames ? window(h, length) : phasors(h, length);
            windows_made.push_back(keep(table));
            quick_windows_made.push_back(whole_frames ? keep_by_tap(table, {0, 2, 1, 3}) : nullptr);
        }
        window_length = lengths.data(), windows = windows_made.data(), quick_windows = quick_windows_made.data();
        for (int h = least_window; h <= most_window; ++h) {
            const int log2_n = 2 + log2_floor(2 * h + 1), n = 1 << log2_n;
            if (harmonics[log2_n].n) continue;           // h is the shortest window of this DFT size
            const int longest = std::min(most_window, (n / 2 - 1) / 2), length = padded(longest + 2);
            const double highest = std::min(ceil_hz * 1.01, 1.5 * rate_hz / std::max(h - 1, 1));
            const int bins = std::min(n / 2, int(highest * n / rate_hz * kHarmonics) + 2) + 1;
            std::vector<double> rows(2 * std::size_t(length) * bins);
            for (int bin = 0; bin < bins; ++bin)
                for (int o = 0; o < length; ++o) {
                    const double angle = 2 * kPi * ((long long)bin * o % n) / n;
                    double* at = rows.data() + 2 * (std::size_t(length) * bin + o - o % kPad) + o % kPad;
                    at[0] = std::cos(angle), at[kPad] = std::sin(angle);
                }
            harmonics[log2_n] = {n, length, keep(rows), whole_frames ? keep_by_tap(rows, {0, 1}) : nullptr};
        }
    }

    OwnedPlan(int rate, double floor, double ceil) : Plan() {
        sample_rate_hz = rate, floor_hz = floor, ceil_hz = ceil;
        ratio = std::clamp(int(rate / kTargetRate + 0.5), 1, 12);
        rate_hz = double(rate) / ratio, frame_samples = rate_hz / 1000.0;
        whole_frames = rate % (1000 * ratio) == 0;
        hold = int(std::ceil(140.0 / ratio) * ratio) + 9;
        if (ratio > 1) design_low_pass(*this);
        build_bank();
        build_refinement();
    }
};

}  // namespace

std::shared_ptr<const Plan> plan(int sample_rate_hz, double floor_hz, double ceil_hz) {
    using Key = std::tuple<int, double, double>;
    static std::mutex mutex;
    static std::list<std::pair<Key, std::shared_ptr<const Plan>>> made;   // newest first
    const Key key{sample_rate_hz, floor_hz, ceil_hz};
    const std::lock_guard<std::mutex> lock(mutex);
    for (const auto& entry : made)
        if (entry.first == key) return entry.second;
    made.emplace_front(key, std::make_shared<OwnedPlan>(sample_rate_hz, floor_hz, ceil_hz));
    if (made.size() > 16) made.pop_back();
    return made.front().second;
}

}  // namespace harvest
