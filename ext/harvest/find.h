// From the signal to each frame's candidates, a stretch of frames at a time: what is kept of it does not grow with the file.
#pragma once

namespace {

constexpr int kChunk = 2048;            // frames in a stretch
constexpr double kAheadS = 0.25;        // filtered beyond a stretch, so that the contours' next points are known: 16 periods

struct Tail { int edges[2]; long long seen[2]; };   // of a channel: edges carried into the next stretch

struct Finder {
    const Plan& plan;
    Workspace& w;
    Signal signal;
    int frames, margin, tail_room;
    long long done[kMaxSizes] = {};     // blocks filtered
    double* raw;                        // [frame - raw_first][slots]
    int *raw_count, raw_first = 0, raw_known = 0;

    Finder(const Plan& p, Samples x, long long n, int n_frames)
        : plan(p), w(workspace()), signal{p, x, n, (n + p.ratio - 1) / p.ratio, w}, frames(n_frames) {
        int largest = 0, hop = 0;
        for (int z = 0; z < p.sizes_used; ++z) largest = most(largest, p.sizes[z].fft.m), hop = most(hop, p.sizes[z].hop);
        margin = largest + p.longest_half + 64;
        tail_room = (int(kAheadS * p.rate_hz) + hop + 71) / 8 * 8;
        const int room = least(frames, kChunk) + kKeep + 4 * kSpread + 16;
        const std::size_t places = std::size_t(room) * p.slots;
        raw = static_cast<double*>(w.raw.need(places * 8 + sizeof(int) * room));
        raw_count = reinterpret_cast<int*>(raw + places);
        for (int c = 0; c < 2 * p.pairs; ++c) *tail(c) = {};
        signal.prepare(margin);
    }

    Tail* tail(int channel) {
        const std::size_t bytes = sizeof(Tail) + 2 * sizeof(double) * tail_room;
        return reinterpret_cast<Tail*>(static_cast<char*>(w.tails.need(bytes * 2 * plan.pairs)) + bytes * channel);
    }

    bool last(int end) const { return end == frames; }

    // Candidates of the frames first..end-1 into raw.
    void find(int begin, int end) {
        const long long length = signal.length;
        const long long goal = last(end) ? length : least(length, (long long)(end * plan.frame_samples + kAheadS * plan.rate_hz));
        long long from = (long long)(raw_first * plan.frame_samples) - plan.most_window - 4;
        for (int z = 0; z < plan.sizes_used; ++z) from = least(from, done[z] * plan.sizes[z].hop - plan.sizes[z].half);
        signal.see(from, goal + margin);
        const int count = end - begin, room = (count + 2 * kPad) / kPad * kPad;
        double* contour = static_cast<double*>(w.contour.need(sizeof(double) * room * 8));
        double *rows = contour, *first = contour + 4 * room, *second = first + room;
        const Runs runs{second + room, second + 2 * room, raw + std::size_t(begin - raw_first) * plan.slots,
                        raw_count + (begin - raw_first), plan.slots};
        __builtin_memset(contour, 0, sizeof(double) * room * 8);
        __builtin_memset(runs.count, 0, sizeof(int) * count);
        for (int z = 0, p = 0; z < plan.sizes_used; ++z) {
            const BlockSize& size = plan.sizes[z];
            const int m = size.fft.m, work_room = m + 192;
            int blocks = 0;
            while (1 + (done[z] + blocks) * size.hop < goal) ++blocks;
            double* work = static_cast<double*>(w.blocks.need(sizeof(double) * (4 * std::size_t(work_room) + 2 * std::size_t(m) * blocks)));
            double* spectra = work + 4 * work_room;
            double* heard = static_cast<double*>(w.heard.need(sizeof(double) * m));
            for (int b = 0; b < blocks; ++b) {
                const long long at = 1 + (done[z] + b) * size.hop - size.half;
                signal.tone.add(signal.at(at), at, m, heard);
                spectrum(size.fft, heard, spectra + 2 * m * std::size_t(b), spectra + 2 * m * std::size_t(b) + m, work, work_room);
            }
            for (; p < plan.pairs && plan.bank[p].size == z; ++p) {
                hear(p, size, blocks, spectra, work, work_room, begin, count, rows);
                running_sum(rows, count, first, second);
                add_channel(first, plan.bank[p].low_hz[0], plan.bank[p].high_hz[0], count, runs);
                add_channel(second, plan.bank[p].low_hz[1], plan.bank[p].high_hz[1], count, runs);
            }
            done[z] += blocks;
        }
    }

    // Filters a pair of channels, and adds the lines of their contours to rows.
    void hear(int p, const BlockSize& size, int blocks, const double* spectra, double* work, int work_room, int begin, int count,
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
            const bool heard = t->seen[0] >= kFewestEdges && t->seen[1] >= kFewestEdges;
            for (int l = 0; l < 2; ++l) {
                const int past = heard ? add_lines(start[c][l], edges[l], plan, begin, count, jumps, rows + 2 * c)
                                       : most(0, edges[l] - kFewestEdges);
                const int left = least(edges[l] - past, tail_room);
                t->edges[l] = left;
                __builtin_memcpy(reinterpret_cast<double*>(t + 1) + l * tail_room, start[c][l] + edges[l] - left, sizeof(double) * left);
            }
        }
    }

    const double* raw_list(int frame) const { return raw + std::size_t(frame - raw_first) * plan.slots; }

    // Drops the candidates of the frames before this one.
    void forget_before(int from) {
        const int known = raw_known;
        if (from <= raw_first) return;
        __builtin_memmove(raw, raw + std::size_t(from - raw_first) * plan.slots, sizeof(double) * plan.slots * std::size_t(known - from));
        __builtin_memmove(raw_count, raw_count + (from - raw_first), sizeof(int) * std::size_t(known - from));
        raw_first = from;
    }
};

}  // namespace
