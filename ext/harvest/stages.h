// The kernel's doors: the whole way, and each step by itself, as tests call it.
#pragma once

#include "harvest/bank.h"
#include "harvest/decimate.h"
#include "harvest/merge.h"
#include "harvest/run.h"
#include "harvest/smooth.h"
#include "harvest/spread.h"
#include "harvest/track.h"
#include "harvest/vectors.h"

namespace harvest {
namespace {

void run_float(const Plan& plan, const float* x, long long n, double* f0) { Run(plan, {x, nullptr}, n).f0(f0); }
void run_double(const Plan& plan, const double* x, long long n, double* f0) { Run(plan, {nullptr, x}, n).f0(f0); }

void decimate_stage(const Plan& plan, const double* x, long long n, double* y) {
    decimate(plan, x, n, 0, int(harvest::decimated_length(plan, n)), y, workspace().forward);
}

void filter_stage(const Plan& plan, int channel, const double* y, int n, double* filtered) {
    const ChannelPair& pair = plan.bank[channel / 2];
    const BlockSize& size = plan.sizes[pair.size];
    const int m = size.fft.m, room = m + 192;
    double* work = static_cast<double*>(workspace().spectra.need(sizeof(double) * (4 * room + 3 * m)));
    double *re = work + 4 * room, *im = re + m, *block = im + m;
    for (int q = 0; q < n + 2; q += size.hop) {
        for (int i = 0; i < m; ++i) {
            const int at = q - size.half + i;
            block[i] = at >= 0 && at < n ? y[at] : 0.0;
        }
        spectrum(size.fft, block, re, im, work, room);
        double* u[2];
        filter_pair(pair, size.fft, re, im, work, room, u);
        for (int i = 0; i < size.hop && q + i < n + 2; ++i) filtered[q + i] = u[channel % 2][size.half + i];
    }
}

void candidates_stage(const Plan& plan, const double* x, long long n, double* f0) {
    Run run(plan, {nullptr, x}, n);
    Candidates& found = run.candidates;
    for (int begin = 0; begin < run.frames; begin += kChunk) {
        const int end = least(begin + kChunk, run.frames);
        run.finder.find(begin, end);
        for (int f = begin; f < end; ++f)
            for (int j = 0; j < plan.slots; ++j) f0[std::size_t(f) * plan.slots + j] = j < found.count_of(f) ? found.of(f)[j] : 0.0;
        found.forget_before(most(0, end - kBehind - kSpread));
    }
}

void refine_stage(const Plan& plan, const double* y, int n, const int* frame, const double* f0, int count, float* refined, float* score) {
    Workspace& w = workspace();
    const int reach = plan.most_window + kPad, hop = int(plan.frame_samples);
    double *window = static_cast<double*>(w.exact.need(sizeof(double) * 8 * reach)), *ahead = window, *behind = window + reach;
    float *near = static_cast<float*>(w.near.need(sizeof(float) * (2 * reach + kAcross * hop + 4 * kAcross * reach))), *wave = near + 2 * reach + kAcross * hop;
    for (int j = 0; j < count; ++j) {
        double shift = 0;
        const int c = int(centre(plan, frame[j], f0[j], shift));
        const Bins bins = bins_of(plan, f0[j]);
        auto held = [&](int i) { return y[least(most(i, 0), n - 1)]; };
        float found[2 * kAcross];
        if (plan.whole_frames) {
            for (int i = 0; i < 2 * reach + kAcross * hop; ++i) near[i] = float(held(c - reach + i));
            spread_wave(near, 2 * reach, hop, wave);
            Partials partials;
            measure_partials(plan, bins, wave + 2 * kAcross * reach, partials);
            finish(plan, bins, f0[j], partials, found);
        }
        if (!plan.whole_frames || found[0] < 0) {
            for (int o = 0; o < reach; ++o) ahead[o] = held(c + o), behind[o] = held(c - o);
            const Refined exact = rounded(refine(plan, sums_at(plan, ahead, behind, shift, bins, behind + reach), bins, f0[j]));
            found[0] = exact.f0, found[1] = exact.score;
        }
        refined[j] = found[0], score[j] = found[1];
    }
}

// A matrix of candidates [frames, slots], 0 = none, as rows.
Rows rows_of(const float* f0, const float* score, int frames, int slots, Buffer& buffer) {
    int room = 1;
    while (room < frames) room *= 2;
    Rows rows = make_rows(buffer, room, slots);
    for (int f = 0; f < frames; ++f) {
        Row row = rows(f);
        row.count = 0;
        for (int j = 0; j < slots; ++j)
            if (f0[std::size_t(f) * slots + j] > 0) {
                row.f0[row.count] = f0[std::size_t(f) * slots + j];
                row.score[row.count++] = score[std::size_t(f) * slots + j];
            }
        row.pad();
        rows.set(f, row);
    }
    return rows;
}

void prune_stage(const float* f0, const float* score, int frames, int slots, float* kept_score) {
    const Rows rows = rows_of(f0, score, frames, slots, workspace().refined);
    Rows out = make_rows(workspace().pruned, 1, slots);
    for (int f = 0; f < frames; ++f) {
        const bool edge = f == 0 || f == frames - 1;
        const Row row = rows(f), before = edge ? row : rows(f - 1), after = edge ? row : rows(f + 1);
        Row left = out(0);
        prune(row, edge ? nullptr : &before, edge ? nullptr : &after, left);
        for (int j = 0, k = 0; j < slots; ++j) {
            const std::size_t at = std::size_t(f) * slots + j;
            const bool stays = k < left.count && f0[at] == left.f0[k] && score[at] == left.score[k];
            kept_score[at] = stays ? score[at] : 0.f;
            k += stays;
        }
    }
}

void track_stage(const float* f0, const float* score, int frames, int slots, double* contour) {
    Workspace& w = workspace();
    Rows rows = rows_of(f0, score, frames, slots, w.pruned);
    Tracks tracks = new_tracks(frames, false, w);
    for (int f = 0; f < frames; ++f) tracks.best.set(f, best(rows, f));
    advance(tracks, frames, rows, w);
    const Refined* merged = join(tracks, rows, w);
    for (int f = 0; f < frames; ++f) contour[f] = merged[f].f0;
}

void smooth_stage(const double* contour, int frames, double* f0) {
    Workspace& w = workspace();
    Refined* merged = static_cast<Refined*>(w.merged.need(sizeof(Refined) * std::size_t(frames)));
    for (int f = 0; f < frames; ++f) merged[f] = {float(contour[f]), 0.f};
    smooth(merged, frames, f0, w.smooth);
}

constexpr Kernel kStages = {
    run_float, run_double, decimate_stage, filter_stage, candidates_stage, refine_stage, prune_stage, track_stage, smooth_stage,
};

}  // namespace
}  // namespace harvest
