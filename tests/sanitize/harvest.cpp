// Runs every step of every kernel that this processor has over edge lengths, rates and strange signals: `make sanitize`
// builds it with the address and undefined-behaviour sanitizers, which end it with an error where memory or arithmetic go wrong.
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "harvest/harvest.h"

using namespace harvest;

static std::vector<double> voice(int n, double rate, double loudness) {
    std::mt19937 draw(n);
    std::normal_distribution<double> noise(0, 1e-3 * loudness);
    std::vector<double> x(n);
    double phase = 0;
    for (int i = 0; i < n; ++i) {
        phase += 2 * M_PI * (110 + 120.0 * i / n) / rate;
        for (int k = 1; k <= 8; ++k) x[i] += loudness * std::sin(k * phase) / k;
        x[i] += noise(draw);
    }
    return x;
}

static void run(const Kernel& kernel, const std::vector<double>& x, int rate, double floor, double ceil) {
    const auto tables = plan(rate, floor, ceil);
    const int frames = frame_count((long long)x.size(), rate, 1.0);
    std::vector<double> f0(frames), candidates(std::size_t(frames) * tables->slots), smooth(frames);
    kernel.run_double(*tables, x.data(), (long long)x.size(), f0.data());
    const std::vector<float> single(x.begin(), x.end());
    kernel.run_float(*tables, single.data(), (long long)x.size(), f0.data());
    kernel.candidates(*tables, x.data(), (long long)x.size(), candidates.data());
    kernel.smooth(f0.data(), frames, smooth.data());

    std::vector<double> y(decimated_length(*tables, (long long)x.size())), filtered(y.size() + 2);
    kernel.decimate(*tables, x.data(), (long long)x.size(), y.data());
    for (int channel : {0, tables->channels / 2, tables->channels - 1})
        kernel.filter(*tables, channel, y.data(), int(y.size()), filtered.data());

    std::vector<int> frame;
    std::vector<double> tried;
    for (int i = 0; i < frames; i += 7)
        for (int j = 0; j < tables->slots; ++j)
            if (candidates[std::size_t(i) * tables->slots + j] > 0) frame.push_back(i), tried.push_back(candidates[std::size_t(i) * tables->slots + j]);
    std::vector<float> refined(frame.size()), score(frame.size());
    kernel.refine(*tables, y.data(), int(y.size()), frame.data(), tried.data(), int(frame.size()), refined.data(), score.data());

    const std::vector<float> matrix(candidates.begin(), candidates.end());
    std::vector<float> kept(matrix.size());
    kernel.prune(matrix.data(), matrix.data(), frames, tables->slots, kept.data());
    kernel.track(matrix.data(), kept.data(), frames, tables->slots, f0.data());
}

static void suite(const Kernel& kernel) {
    for (int n : {1, 2, 3, 17, 80, 755, 3136, 9000, 2047 * 16, 2048 * 16, 2049 * 16 + 1, 90000}) run(kernel, voice(n, 16000, 0.1), 16000, 71, 800);
    for (int rate : {8000, 11025, 22050, 44100, 48000, 96000, 192000}) run(kernel, voice(rate / 2, rate, 0.1), rate, 71, 800);
    run(kernel, voice(16000, 16000, 0.1), 16000, 20, 4000);
    run(kernel, voice(16000, 16000, 0.1), 16000, 400, 7900);
    for (double loudness : {0.0, 1e-320, 1e-300, 1e30, 1e307}) run(kernel, voice(8000, 16000, loudness), 16000, 71, 800);
    std::vector<double> x = voice(8000, 16000, 0.1);
    for (double strange : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        x[4000] = strange;
        run(kernel, x, 16000, 71, 800);
    }
    for (double constant : {0.0, 0.5}) run(kernel, std::vector<double>(20000, constant), 16000, 71, 800);
    std::vector<double> long_file = voice(2200000, 16000, 0.1);
    std::vector<double> f0(frame_count((long long)long_file.size(), 16000, 1.0));
    kernel.run_double(*plan(16000, 71, 800), long_file.data(), (long long)long_file.size(), f0.data());
}

int main() {
    for (const char* name : {"scalar", "avx2", "avx512"})
        if (const Kernel* found = kernel(name)) {
            std::vector<std::thread> threads;
            for (int i = 0; i < 2; ++i) threads.emplace_back(suite, *found);
            for (auto& thread : threads) thread.join();
            std::printf("%s: clean\n", found->name);
        }
}
