// The candidates of frames, and those chosen among them.
#pragma once

#include "harvest/refine.h"
#include "harvest/vectors.h"

namespace harvest {
namespace {

constexpr unsigned short kSettled = 0x8000;   // of a source: F0 and score were refined in double

struct Row {                                    // candidates of a frame; f0 and score are padded with zeros to whole vectors
    float *f0, *score;
    Exact* exact;                               // the same in double, of those that were settled
    unsigned short* source;                     // which spread candidate it was refined from, and kSettled
    int count;
    void pad() const {
        __builtin_memset(f0 + count, 0, sizeof(float) * kPad);
        __builtin_memset(score + count, 0, sizeof(float) * kPad);
    }
};

// A candidate that was chosen; `from` is what it was refined from, negative once that was done in double, 0 if unknown.
struct Choice { float f0, score; double from; };

struct Rows {                           // candidates of the newest frames, `stride` places each
    Exact* exact;
    float *f0, *score;
    unsigned short* source;
    int *count, newest, stride;         // newest: a power of two

    Row operator()(int frame) const {
        const std::size_t at = std::size_t(frame % newest) * stride;
        return {f0 + at, score + at, exact + at, source + at, count[frame % newest]};
    }
    void set(int frame, const Row& row) { count[frame % newest] = row.count; }

    // As a source of settled choices (settle.h): what is here is all that is known.
    Exact exactly(const Choice& c, int) const { return {c.f0, c.score}; }
    Exact settle(int frame, int j) const {
        const Row row = (*this)(frame);
        return {row.f0[j], row.score[j]};
    }
    Choice choose(int frame, int j) const {
        const Row row = (*this)(frame);
        return {row.f0[j], row.score[j], 0.0};
    }
    Choice settled(const Choice& c, int) const { return c; }
    bool alike(int frame, int i, int j) const { return (*this)(frame).f0[i] == (*this)(frame).f0[j]; }
};

inline Rows make_rows(Buffer& buffer, int newest, int slots) {
    const int stride = (slots + 2 * kPad - 1) / kPad * kPad;
    const std::size_t places = std::size_t(newest) * stride;
    Exact* exact = static_cast<Exact*>(buffer.need(places * (sizeof(Exact) + 10) + sizeof(int) * newest));
    float* f0 = reinterpret_cast<float*>(exact + places);
    int* count = reinterpret_cast<int*>(f0 + 2 * places);
    return {exact, f0, f0 + places, reinterpret_cast<unsigned short*>(count + newest), count, newest, stride};
}

struct Choices {                        // where choices are settled at once, `from` is that of the newest, or null
    Refined* found;
    double* from;
    long long from_mask = -1;
    Choice operator[](long long i) const { return {found[i].f0, found[i].score, from ? from[i & from_mask] : 0.0}; }
    void set(long long i, const Choice& c) {
        found[i] = {c.f0, c.score};
        if (from) from[i & from_mask] = c.from;
    }
};

// Room for as many choices, at zero, with `from` of the `newest`: a power of two, all, or none.
inline Choices new_choices(int frames, int newest, Buffer& buffer) {
    const std::size_t bytes = sizeof(Refined) * frames + sizeof(double) * newest;
    Refined* found = static_cast<Refined*>(buffer.need(bytes));
    __builtin_memset(found, 0, bytes);
    return {found, newest ? reinterpret_cast<double*>(found + frames) : nullptr, newest == frames ? -1 : newest - 1};
}

}  // namespace
}  // namespace harvest
