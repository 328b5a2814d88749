// The whole way from samples to F0.
#pragma once

namespace {

constexpr int kAtOnce = 128;            // frames refined, pruned and tracked while they lie in the cache
static_assert(kKept >= kKeep + kAtOnce);

struct Run : Finder {
    int refined_to = 0, pruned_to = 0;
    Rows refined, kept;

    Run(const Plan& p, Samples x, long long n, int n_frames) : Finder(p, x, n, n_frames) {
        refined = make_rows(w.refined, kKept, (2 * kSpread + 1) * p.slots);
        kept = make_rows(w.pruned, kKept, (2 * kSpread + 1) * p.slots);
        heard_ring = static_cast<Refined*>(w.ring.need(sizeof(Refined) * (kAcross * p.slots + 1) * kAcross)) + 1;
        tried_ring = static_cast<Bins*>(w.tried.need(sizeof(Bins) * 2 * p.slots));
    }

    // Candidate j of the frame that spread number s brings to frame f. The order decides ties.
    static int spread_frame(int f, int s) { return s <= kSpread ? f - s : f + s - kSpread; }

    // Refines the candidates of frames refined_to..end-1, each with those of the 3 frames before and after it.
    void refine_to(int end) {
        if (plan.whole_frames)
            refine_spread(refined_to, end);
        else
            for (int f = refined_to; f < end; ++f)
                collect(f, [&](int s, int g, int j) { return rounded(refine_exactly(f, raw_list(g)[j])); });
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
        collect(f, [&](int s, int g, int j) {
            const Refined found = heard(g, j)[s <= kSpread ? s + kSpread : 2 * kSpread - s];
            return found.f0 < 0 ? rounded(refine_exactly(f, raw_list(g)[j])) : found;
        });
    }

    // The frame's row: refined(spread number, frame, candidate) of all that are spread to it.
    template <class Find>
    void collect(int f, const Find& find) {
        Row row = refined(f);
        row.count = 0;
        for (int s = 0; s < 2 * kSpread + 1; ++s) {
            const int g = spread_frame(f, s);
            if (g < 0 || g >= raw_known) continue;
            const int count = raw_count[g - raw_first];
            for (int j = 0; j < count; ++j) {
                const Refined found = find(s, g, j);
                row.f0[row.count] = found.f0, row.score[row.count] = found.score;
                row.source[row.count] = (unsigned short)(s * plan.slots + j);
                row.count += found.f0 > 0;
            }
        }
        row.pad();
        refined.set(f, row);
    }

    // The frame's kept candidates as `best` and `nearest` want them.
    Row operator()(int frame) const { return kept(frame); }

    // Refines a choice again, in double.
    Exact exactly(const Choice& c, int frame) {
        const Exact found = c.from == 0 ? Exact{} : refine_exactly(frame, __builtin_fabs(c.from));
        return found.f0 > 0 ? found : Exact{c.f0, c.score};
    }

    // The same for candidate j of the frame, which takes the result.
    Exact settle(int frame, int j) {
        const Row row = kept(frame);
        if (!(row.source[j] & kSettled)) {
            row.exact[j] = exactly(chosen(frame, row, j), frame);
            const Refined found = rounded(row.exact[j]);
            row.f0[j] = found.f0, row.score[j] = found.score, row.source[j] |= kSettled;
        }
        return row.exact[j];
    }

    // Most choices are never heard, so they are settled in the end, as long as the signal is still there then.
    Choice choose(int frame, int j) {
        const Row row = kept(frame);
        if (!signal.whole()) settle(frame, j);
        return chosen(frame, row, j);
    }

    double tried_hz(int frame, int source) const {
        const int place = source & ~kSettled;
        return raw_list(spread_frame(frame, place / plan.slots))[place % plan.slots];
    }

    Choice chosen(int frame, const Row& row, int j) const {
        const double tried = tried_hz(frame, row.source[j]);
        return {row.f0[j], row.score[j], row.source[j] & kSettled ? -tried : tried};
    }

    // Whether two candidates of the frame have one F0 to the last digit, as they were refined from the same sums.
    bool alike(int frame, int i, int j) const {
        const Row row = kept(frame);
        return i == j || bins_of(plan, tried_hz(frame, row.source[i])) == bins_of(plan, tried_hz(frame, row.source[j]));
    }

    Choice settled(const Choice& c, int frame) {
        if (!(c.from > 0)) return c;
        const Refined found = rounded(exactly(c, frame));
        return {found.f0, found.score, -c.from};
    }

    Exact refine_exactly(int frame, double f0) {
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

    void forget() { forget_before(most(0, pruned_to - kKeep - kSpread)); }

    int heard_to = 0, last_frame = -1;
    unsigned long long heard_before = 0;   // bit j: candidate j of the next frame was heard with the frame before
    Refined* heard_ring;
    Bins* tried_ring;
    Bins last_bins{};
    Sums last_sums{};
};

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
