// Decimal numbers as Praat writes them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace textgrid {

constexpr int kExactDigits = 15;   // of a whole number that a double holds, whatever its digits

constexpr double kPowersOfTen[kExactDigits + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

struct Number {
    bool valid;        // nothing but a decimal number
    bool exact;        // `value` is rounded as Python's float() rounds it; else it is for float() to read
    double value;
};

struct Digits {        // digits with or without a point
    const unsigned char* stop;
    std::uint64_t all;
    std::ptrdiff_t count, fraction;
};

inline bool digit(unsigned char byte) { return byte >= '0' && byte <= '9'; }

inline Digits digits(const unsigned char* at, const unsigned char* end) {
    const unsigned char* const begin = at;
    std::uint64_t all = 0;
    for (; at < end && digit(*at); ++at) all = all * 10 + (*at - '0');
    const std::ptrdiff_t whole = at - begin;
    if (at == end || *at != '.') return {at, all, whole, 0};
    const unsigned char* const point = at;
    for (++at; at < end && digit(*at); ++at) all = all * 10 + (*at - '0');
    return {at, all, whole + (at - point) - 1, (at - point) - 1};
}

// Both operands are exact, so one division rounds once.
inline double value_of(const Digits& found) { return double(found.all) / kPowersOfTen[found.fraction]; }

inline Number number(const unsigned char* at, const unsigned char* stop) {
    const bool negative = at < stop && *at == '-';
    if (at < stop && (*at == '-' || *at == '+')) ++at;
    const Digits found = digits(at, stop);
    if (found.count == 0) return {false, false, 0.0};
    if (found.stop == stop) {
        if (found.count > kExactDigits) return {true, false, 0.0};
        return {true, true, negative ? -value_of(found) : value_of(found)};
    }
    at = found.stop;
    if (*at != 'e' && *at != 'E') return {false, false, 0.0};
    if (++at < stop && (*at == '-' || *at == '+')) ++at;
    const bool any = at < stop;
    while (at < stop && digit(*at)) ++at;
    return {any && at == stop, false, 0.0};
}

}  // namespace textgrid
