// The whole way from samples to F0, a stretch of frames at a time: what is kept of a stretch does not grow with the file.
#pragma once

namespace {

constexpr int kChunk = 2048;            // frames in a stretch
constexpr double kAheadS = 0.25;        // filtered beyond a stretch, so that the contours' next points are known: 16 periods
constexpr long long kWhole = 1 << 20;   // decimated samples up to which the signal is kept whole

constexpr int kAtOnce = 128;            // frames refined, pruned and tracked while they lie in the cache
constexpr int kKept = 256;              // frames whose candidates are kept: kAtOnce and what growth may ask for
static_assert(kKept >= kKeep + kAtOnce);
constexpr long long kPiece = 1 << 15;   // samples decimated at a time

struct Rows {                           // candidates of the newest frames, `stride` places each
    float *f0, *score;
    unsigned short* source;
    int *count, newest, stride;         // newest: a power of two
    Row operator()(int frame) const {
        const std::size_t at = std::size_t(frame % newest) * stride;
        return {f0 + at, score + at, source + at, count[frame % newest]};
    }
    void set(int frame, const Row& row) { count[frame % newest] = row.count; }
    void settle(int, int) {}
    Choice choose(int frame, int j) const {
        const Row row = (*this)(frame);
        return {row.f0[j], row.score[j], 0.0};
    }
    Choice settled(const Choice& c, int) const { return c; }
};

inline Rows make_rows(Buffer& buffer, int newest, int slots) {
    const int stride = (slots + 2 * kPad - 1) / kPad * kPad;
    const std::size_t places = std::size_t(newest) * stride;
    float* f0 = static_cast<float*>(buffer.need(places * 10 + sizeof(int) * newest));
    int* count = reinterpret_cast<int*>(f0 + 2 * places);
    return {f0, f0 + places, reinterpret_cast<unsigned short*>(count + newest), count, newest, stride};
}

struct Tail { int edges[2]; long long seen[2]; };   // of a channel: edges carried into the next stretch

struct Samples { const float* single; const double* full; };   // one of them

struct Signal {                         // the decimated signal without its mean, silence around it
    const Plan& plan;
    Samples x;
    long long n, length;
    Workspace& w;
    double mean = 0;
    double* y = nullptr;                // y[i]: sample first + i
    long long first = 0, end = 0;
    NyquistTone tone{};

    void fill(long long from, long long to) {
        y = static_cast<double*>(w.decimated.need(sizeof(double) * (to - from + kD)));
        first = from, end = to;
        const long long begin = most(from, 0LL), stop = most(begin, least(to, length));
        for (long long i = from; i < least(begin, to); ++i) y[i - from] = 0;
        for (long long i = begin; i < stop; i += kPiece) {
            const int count = int(least(kPiece, stop - i));
            if (x.single) decimate(plan, x.single, n, i, count, y + (i - from), w.forward);
            else decimate(plan, x.full, n, i, count, y + (i - from), w.forward);
        }
        for (long long i = stop; i < to + kD; ++i) y[i - from] = 0;
    }
    bool whole() const { return length <= kWhole; }
    void prepare(int margin) {
        const long long piece = whole() ? length : kPiece;
        tone.bins(plan, length);
        double sum = 0;
        for (long long from = 0; from < length; from += piece) {
            const long long to = least(from + piece, length);
            fill(whole() ? -margin : from, whole() ? length + margin : to);
            for (long long i = from; i < to; ++i) sum += y[i - first];
            tone.listen(y + (from - first), from, to);
        }
        mean = sum / double(length);
        tone.settle(mean);
        if (whole()) subtract();
    }
    void subtract() {
        for (long long i = most(first, 0LL); i < least(end, length); ++i) y[i - first] -= mean;
    }
    void see(long long from, long long to) {
        if (!whole()) fill(from, to), subtract();
    }
    const double* at(long long i) const { return y + (i - first); }
};

struct Run {
    const Plan& plan;
    Workspace& w;
    Signal signal;
    int frames, margin, tail_room, refined_to = 0, pruned_to = 0;
    long long done[kMaxSizes] = {};     // blocks filtered
    double* raw;                        // [frame - raw_first][slots]
    int *raw_count, raw_first = 0;
    Rows refined, kept;

    Run(const Plan& p, Samples x, long long n, int n_frames)
        : plan(p), w(workspace()), signal{p, x, n, (n + p.ratio - 1) / p.ratio, w}, frames(n_frames) {
        int largest = 0, hop = 0;
        for (int z = 0; z < p.sizes_used; ++z) largest = most(largest, p.sizes[z].fft.m), hop = most(hop, p.sizes[z].hop);
        margin = largest + p.longest_half + 64;
        tail_room = (int(kAheadS * p.rate_hz) + hop + 71) / 8 * 8;
        const int room = least(frames, kChunk) + kKeep + 4 * kSpread + 16;
        const std::size_t places = std::size_t(room) * p.slots;
        raw = static_cast<double*>(w.raw.need(places * 8 + sizeof(int) * room));
        raw_count = reinterpret_cast<int*>(raw + places);
        refined = make_rows(w.refined, kKept, (2 * kSpread + 1) * p.slots);
        kept = make_rows(w.pruned, kKept, (2 * kSpread + 1) * p.slots);
        heard_ring = static_cast<Refined*>(w.ring.need(sizeof(Refined) * (kAcross * p.slots + 1) * kAcross)) + 1;
        tried_ring = static_cast<Bins*>(w.tried.need(sizeof(Bins) * 2 * p.slots));
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

    // Candidate j of the frame that spread number s brings to frame f. The order decides ties.
    static int spread_frame(int f, int s) { return s <= kSpread ? f - s : f + s - kSpread; }
    const double* raw_list(int frame) const { return raw + std::size_t(frame - raw_first) * plan.slots; }

    // Refines the candidates of frames refined_to..end-1, each with those of the 3 frames before and after it.
    void refine_to(int end) {
        if (plan.whole_frames)
            refine_spread(refined_to, end);
        else
            for (int f = refined_to; f < end; ++f)
                collect(f, [&](int s, int g, int j) { return refine_exactly(f, raw_list(g)[j]); }, true);
        refined_to = end;
    }

    void refine_spread(int begin, int end) {
        const int hop = int(plan.frame_samples), reach = plan.most_window + 1, stop = least(raw_known, end + kSpread);
        const long long from = (long long)(heard_to - kSpread) * hop - reach;
        const int samples = (stop - heard_to) * hop + 2 * reach, room = samples + kAcross * hop;
        float *near = static_cast<float*>(w.near.need(sizeof(float) * ((room + kPad) / kPad * kPad + 2 * kAcross * std::size_t(samples))));
        float* wave = near + (room + kPad) / kPad * kPad;
        for (int i = 0; i < room; ++i) near[i] = float(*signal.at(most(0LL, least(from + i, signal.length - 1))));  // ends are held
        spread_wave(near, samples, hop, wave);
        look_up(heard_to);
        for (; heard_to < stop; ++heard_to, wave += 2 * kAcross * hop) {
            look_up(heard_to + 1);
            hear_frame(heard_to, wave + 2 * kAcross * reach);
            if (heard_to - kSpread >= begin) collect_spread(heard_to - kSpread);
        }
        for (int f = most(begin, raw_known - kSpread); f < end; ++f) collect_spread(f);
    }

    // Of frame g, candidate j: in frames g - 3..g + 3. The last 8 frames are kept.
    Refined* heard(int g, int j) { return heard_ring + std::size_t(g % kAcross * plan.slots + j) * kAcross; }
    Bins& tried(int g, int j) { return tried_ring[g % 2 * plan.slots + j]; }

    void look_up(int g) {
        if (g >= raw_known) return;
        for (int j = 0; j < raw_count[g - raw_first]; ++j) tried(g, j) = bins_of(plan, raw_list(g)[j]);
    }

    // Refines the candidates of frame g, and those of the next that need the same sums.
    void hear_frame(int g, const float* wave) {
        const int count = raw_count[g - raw_first], next_count = g + 1 < raw_known ? raw_count[g + 1 - raw_first] : 0;
        unsigned long long next = 0;
        for (int j = 0; j < count; ++j) {
            if (heard_before >> j & 1) continue;
            const Bins& bins = tried(g, j);
            Heard sums;
            hear_harmonics(plan, bins, wave, sums);
            finish(plan, bins, raw_list(g)[j], sums, &heard(g, j)->f0);
            for (int i = 0; i < next_count; ++i)
                if (tried(g + 1, i) == bins) finish(plan, bins, raw_list(g + 1)[i], sums, &heard(g + 1, i)->f0 - 2), next |= 1ULL << i;
        }
        heard_before = next;
    }

    void collect_spread(int f) {
        collect(f, [&](int s, int g, int j) { return heard(g, j)[s <= kSpread ? s + kSpread : 2 * kSpread - s]; }, false);
    }

    // The frame's row: refined(spread number, frame, candidate) of all that are spread to it.
    template <class Find>
    void collect(int f, const Find& find, bool exact) {
        Row row = refined(f);
        row.count = 0;
        for (int s = 0; s < 2 * kSpread + 1; ++s) {
            const int g = spread_frame(f, s);
            if (g < 0 || g >= raw_known) continue;
            const int count = raw_count[g - raw_first];
            for (int j = 0; j < count; ++j) {
                const Refined found = find(s, g, j);
                row.f0[row.count] = found.f0, row.score[row.count] = found.score;
                row.source[row.count] = exact ? kSettled : (unsigned short)(s * plan.slots + j);
                row.count += found.f0 > 0;
            }
        }
        row.pad();
        refined.set(f, row);
    }

    // The frame's kept candidates as `best` and `nearest` want them.
    Row operator()(int frame) const { return kept(frame); }

    double tried_hz(int frame, int source) const { return raw_list(spread_frame(frame, source / plan.slots))[source % plan.slots]; }

    // Refines candidate j of the frame again, in double.
    void settle(int frame, int j) {
        const Row row = kept(frame);
        if (row.source[j] == kSettled) return;
        const Refined found = refine_exactly(frame, tried_hz(frame, row.source[j]));
        row.source[j] = kSettled;
        if (found.f0 > 0) row.f0[j] = found.f0, row.score[j] = found.score;
    }

    // Most choices are never heard, so they are settled in the end, as long as the signal is still there then.
    Choice choose(int frame, int j) {
        const Row row = kept(frame);
        if (!signal.whole()) settle(frame, j);
        return {row.f0[j], row.score[j], row.source[j] == kSettled ? 0.0 : tried_hz(frame, row.source[j])};
    }

    Choice settled(const Choice& c, int frame) {
        const Refined found = c.from > 0 ? refine_exactly(frame, c.from) : Refined{0.f, 0.f};
        return found.f0 > 0 ? Choice{found.f0, found.score, 0.0} : Choice{c.f0, c.score, 0.0};
    }

    Refined refine_exactly(int frame, double f0) {
        const Bins bins = bins_of(plan, f0);
        if (frame != last_frame || !(bins == last_bins)) {   // often the same sums serve the candidate before
            last_sums = exact_sums(frame, f0, bins);
            last_frame = frame, last_bins = bins;
        }
        return refine(plan, last_sums, bins, f0);
    }

    Sums exact_sums(int frame, double f0, const Bins& bins) {
        const int reach = plan.most_window + kPad;
        double shift = 0, *room = static_cast<double*>(w.exact.need(sizeof(double) * 8 * reach)), *behind = room + reach;
        const long long c = centre(plan, frame, f0, shift), last = signal.length - 1;
        const int taps = plan.window_length[bins.h - plan.least_window];
        const double* ahead = signal.at(c);
        if (c >= taps && c + taps <= last) {
            for (int o = 0; o < taps; ++o) behind[o] = ahead[-o];
        } else {
            for (int o = 0; o < taps; ++o) room[o] = *signal.at(most(0LL, least(c + o, last)));
            for (int o = 0; o < taps; ++o) behind[o] = *signal.at(most(0LL, least(c - o, last)));
            ahead = room;
        }
        return sums_at(plan, ahead, behind, shift, bins, behind + reach);
    }

    // The sample at the window's centre, and how far it lies after the frame's time.
    static long long centre(const Plan& plan, int frame, double f0, double& shift) {
        if (plan.whole_frames) return (long long)frame * (long long)plan.frame_samples;
        const double rate = plan.rate_hz, time = frame / 1000.0;
        const int h = int(1.5 * rate / f0 + 1.0);
        const double place = (time + -h / rate) * rate + 0.001;     // WORLD's rounding, 0.001 included
        const long long c = (long long)(place > 0 ? place + 0.5 : place - 0.5) + h;
        shift = double(c) - time * rate;
        return c;
    }

    void prune_to(int end, Tracks& tracks) {
        for (int f = pruned_to; f < end; ++f) {
            const Row row = refined(f);
            const bool edge = f == 0 || f == frames - 1;
            const Row before = edge ? row : refined(f - 1), after = edge ? row : refined(f + 1);
            Row left = kept(f);
            prune(row, edge ? nullptr : &before, edge ? nullptr : &after, left);
            kept.set(f, left);
        }
        for (int f = pruned_to; f < end; ++f) {      // a second loop, as rows just written are slow to read in vectors
            tracks.best.set(f, best(*this, f));
        }
        pruned_to = end;
    }

    void forget() {
        const int from = most(0, pruned_to - kKeep - kSpread), known = raw_known;
        if (from > raw_first) {
            __builtin_memmove(raw, raw + std::size_t(from - raw_first) * plan.slots, sizeof(double) * plan.slots * std::size_t(known - from));
            __builtin_memmove(raw_count, raw_count + (from - raw_first), sizeof(int) * std::size_t(known - from));
            raw_first = from;
        }
    }
    int raw_known = 0, heard_to = 0, last_frame = -1;
    unsigned long long heard_before = 0;   // bit j: candidate j of the next frame was heard with the frame before
    Refined* heard_ring;
    Bins* tried_ring;
    Bins last_bins{};
    Sums last_sums{};
};

// Room for as many choices, at zero; with `from` where some are settled later.
inline Choices new_choices(int frames, bool later, Buffer& buffer) {
    const std::size_t bytes = (later ? sizeof(Refined) + sizeof(double) : sizeof(Refined)) * frames;
    Refined* found = static_cast<Refined*>(buffer.need(bytes));
    __builtin_memset(found, 0, bytes);
    return {found, later ? reinterpret_cast<double*>(found + frames) : nullptr};
}

inline Tracks new_tracks(int frames, bool later, Workspace& w) {
    bool* steady = static_cast<bool*>(w.steady.need(std::size_t(frames)));
    return {frames, new_choices(frames, later, w.base), steady, nullptr, 0, 0, 0, -1, {}, 0};
}

template <class Rows>
Refined* join(Tracks& tracks, Rows& rows, Workspace& w) {
    Choices merged = new_choices(tracks.frames, tracks.best.from, w.merged);
    merge(tracks, w, rows, merged);
    if (merged.from)
        for (int i = 0; i < tracks.frames; ++i) merged.set(i, rows.settled(merged[i], i));
    bridge(merged.found, tracks.frames);
    return merged.found;
}

inline void run(const Plan& plan, Samples x, long long n, double* f0) {
    const int frames = frame_count(n, plan.sample_rate_hz, 1.0);
    Run r(plan, x, n, frames);
    Tracks tracks = new_tracks(frames, r.signal.whole(), r.w);
    for (int begin = 0; begin < frames; begin += kChunk) {
        const int end = least(begin + kChunk, frames);
        r.find(begin, end);
        r.raw_known = end;
        const int stop = r.last(end) ? frames : end - kSpread;
        while (r.refined_to < stop) {
            r.refine_to(least(r.refined_to + kAtOnce, stop));
            r.prune_to(r.last(r.refined_to) ? frames : r.refined_to - 1, tracks);
            advance(tracks, r.pruned_to, r, r.w);
        }
        if (!r.last(end)) r.forget();
    }
    smooth(join(tracks, r, r.w), frames, f0, r.w.smooth);
}

}  // namespace
