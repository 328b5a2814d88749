// The decimated signal as the filter bank takes it: whole if it is short, else a window that moves along the file.
#pragma once

#include "harvest/decimate.h"
#include "harvest/nyquist.h"
#include "harvest/vectors.h"

namespace harvest {
namespace {

constexpr long long kWhole = 1 << 20;   // decimated samples up to which the signal is kept whole
constexpr long long kPiece = 1 << 15;   // samples decimated at a time

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
            tone.measure(y + (from - first), from, to);
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

}  // namespace
}  // namespace harvest
