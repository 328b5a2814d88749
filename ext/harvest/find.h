// From the signal to each frame's candidates, a stretch of frames at a time: what is held does not grow with the file.
#pragma once

#include "harvest/bank.h"
#include "harvest/candidates.h"
#include "harvest/contour.h"
#include "harvest/signal.h"
#include "harvest/vectors.h"

namespace harvest {
namespace {

constexpr int kChunk = 2048;            // frames in a stretch
constexpr double kAheadS = 0.25;        // filtered beyond a stretch, so that the contours' next points are known: 16 periods

struct Tail { int edges[2]; long long seen[2]; };   // of a channel: edges carried into the next stretch

struct Finder {
    const Plan& plan;
    Signal& signal;
    Candidates& candidates;
    int frames;
    Workspace& w;
    int margin, tail_room;
    long long done[kMaxSizes] = {};     // blocks filtered

    Finder(const Plan& p, Signal& s, Candidates& c, int n_frames, Workspace& room)
        : plan(p), signal(s), candidates(c), frames(n_frames), w(room) {
        int largest = 0, hop = 0;
        for (int z = 0; z < p.sizes_used; ++z) largest = most(largest, p.sizes[z].fft.m), hop = most(hop, p.sizes[z].hop);
        margin = largest + p.longest_half + 64;
        tail_room = (int(kAheadS * p.rate_hz) + hop + 71) / 8 * 8;
        for (int channel = 0; channel < 2 * p.pairs; ++channel) *tail(channel) = {};
        signal.prepare(margin);
    }

    Tail* tail(int channel) {
        const std::size_t bytes = sizeof(Tail) + 2 * sizeof(double) * tail_room;
        return reinterpret_cast<Tail*>(static_cast<char*>(w.tails.need(bytes * 2 * plan.pairs)) + bytes * channel);
    }

    // Candidates of the frames begin..end-1.
    void find(int begin, int end) {
        const long long ahead = (long long)(end * plan.frame_samples + kAheadS * plan.rate_hz);
        const long long goal = end == frames ? signal.length : least(signal.length, ahead);
        long long from = (long long)(candidates.first * plan.frame_samples) - plan.most_window - 4;
        for (int z = 0; z < plan.sizes_used; ++z) from = least(from, done[z] * plan.sizes[z].hop - plan.sizes[z].half);
        signal.see(from, goal + margin);
        const int count = end - begin, room = (count + 2 * kPad) / kPad * kPad;
        double* contour = static_cast<double*>(w.contour.need(sizeof(double) * room * 8));
        double *rows = contour, *first = contour + 4 * room, *second = first + room;
        const Runs runs{second + room, second + 2 * room, candidates.of(begin), candidates.count + (begin - candidates.first),
                        plan.slots};
        __builtin_memset(contour, 0, sizeof(double) * room * 8);
        __builtin_memset(runs.count, 0, sizeof(int) * count);
        for (int z = 0, p = 0; z < plan.sizes_used; ++z) {
            const BlockSize& size = plan.sizes[z];
            const int m = size.fft.m, work_room = m + 192;
            int blocks = 0;
            while (1 + (done[z] + blocks) * size.hop < goal) ++blocks;
            double* work = static_cast<double*>(w.spectra.need(sizeof(double) * (4 * std::size_t(work_room) + 2 * std::size_t(m) * blocks)));
            double* spectra = work + 4 * work_room;
            double* block = static_cast<double*>(w.block.need(sizeof(double) * m));
            for (int b = 0; b < blocks; ++b) {
                const long long at = 1 + (done[z] + b) * size.hop - size.half;
                signal.tone.add(signal.at(at), at, m, block);
                spectrum(size.fft, block, spectra + 2 * m * std::size_t(b), spectra + 2 * m * std::size_t(b) + m, work, work_room);
            }
            for (; p < plan.pairs && plan.bank[p].size == z; ++p) {
                add_pair(p, size, blocks, spectra, work, work_room, begin, count, rows);
                running_sum(rows, count, first, second);
                add_channel(first, plan.bank[p].low_hz[0], plan.bank[p].high_hz[0], count, runs);
                add_channel(second, plan.bank[p].low_hz[1], plan.bank[p].high_hz[1], count, runs);
            }
            done[z] += blocks;
        }
        candidates.known = end;
    }

    // Filters a pair of channels, and adds the lines of their contours to rows.
    void add_pair(int p, const BlockSize& size, int blocks, const double* spectra, double* work, int work_room, int begin, int count,
                  double* rows) {
        const int m = size.fft.m;
        const std::size_t room = std::size_t(tail_room) + (std::size_t(size.hop) * blocks + 15) / 8 * 8;
        double* list = static_cast<double*>(w.edges.need(sizeof(double) * room * 7));
        double *start[2][2], *end[2][2];
        for (int c = 0; c < 2; ++c)
            for (int l = 0; l < 2; ++l) {
                const Tail* t = tail(2 * p + c);
                start[c][l] = list + (2 * c + l) * room, end[c][l] = start[c][l] + t->edges[l];
                __builtin_memcpy(start[c][l], reinterpret_cast<const double*>(t + 1) + l * tail_room, sizeof(double) * t->edges[l]);
            }
        for (int b = 0; b < blocks; ++b) {
            const long long q = 1 + (done[plan.bank[p].size] + b) * size.hop;
            const int tests = int(least((long long)size.hop, signal.length - q));
            const int turn_tests = int(least((long long)size.hop, signal.length - 1 - q));  // WORLD's list of differences is one shorter
            double* u[2];
            filter_pair(plan.bank[p], size.fft, spectra + 2 * m * std::size_t(b), spectra + 2 * m * std::size_t(b) + m, work, work_room, u);
            for (int c = 0; c < 2; ++c) crossings(u[c] + size.half, q, tests, turn_tests, end[c][0], end[c][1]);
        }
        double* scratch = list + 4 * room;
        const Jumps jumps{reinterpret_cast<pair_of_doubles*>(scratch), reinterpret_cast<int*>(scratch + 2 * room)};
        for (int c = 0; c < 2; ++c) {
            Tail* t = tail(2 * p + c);
            int edges[2];
            for (int l = 0; l < 2; ++l) edges[l] = int(end[c][l] - start[c][l]), t->seen[l] += edges[l] - t->edges[l];
            const bool enough = t->seen[0] >= kFewestEdges && t->seen[1] >= kFewestEdges;
            for (int l = 0; l < 2; ++l) {
                const int past = enough ? add_lines(start[c][l], edges[l], plan, begin, count, jumps, rows + 2 * c)
                                        : most(0, edges[l] - kFewestEdges);
                const int left = least(edges[l] - past, tail_room);
                t->edges[l] = left;
                __builtin_memcpy(reinterpret_cast<double*>(t + 1) + l * tail_room, start[c][l] + edges[l] - left, sizeof(double) * left);
            }
        }
    }
};

}  // namespace
}  // namespace harvest
