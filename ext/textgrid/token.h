// The tokens of a Praat text file: quoted texts, flags and free-standing numbers. All else is comment, and so is everything
// from a free-standing "!" to the end of its line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "textgrid/number.h"

namespace textgrid {

enum Token {
    kNothing,   // the end, or something for the slower reader
    kText,
    kNumber,
    kFlag,
};

struct Place {
    const unsigned char *begin, *at, *end;
    const unsigned char* token;            // where the last token begins; it ends at `at`
    const unsigned char* text;             // of the last text, without its quotes
    std::ptrdiff_t length;
    bool doubled;                          // it holds "" for "
    std::uint64_t packed;                  // its bytes as one number, 0 if it is empty or longer than seven
    Number number;                         // the last number
    bool present;                          // the last flag was <exists>
};

inline bool blank(unsigned char byte) { return byte == ' ' || byte == '\t'; }
inline bool line_end(unsigned char byte) { return byte == '\n' || byte == '\r'; }
inline bool space(unsigned char byte) { return blank(byte) || line_end(byte); }

// What ends a word of comment: space, or the first character of a token within it.
inline bool special(unsigned char byte) { return byte == '"' || byte == '=' || byte == '<' || byte <= ' ' || byte >= 0x7f; }

inline bool ascii(const unsigned char* at, const unsigned char* end) {
    for (; at < end; ++at)
        if (*at >= 0x80) return false;
    return true;
}

// The only way on from a token.
inline Token found(Place& place, Token token, const unsigned char* begin, const unsigned char* end) {
    place.token = begin, place.at = end;
    return token;
}

// Bytes before the first quote of the eight at `at`, in `packed` as one number; 8 if there are more than seven or a control
// code among them.
inline int short_text(const unsigned char* at, std::uint64_t* packed) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const std::uint64_t every = 0x0101010101010101u, high = every << 7;
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    const std::uint64_t other = word ^ (every * '"');
    std::uint64_t quotes = (other - every) & ~other & high;   // of the marked bytes the lowest is right
    const std::uint64_t controls = (word - every * 0x20) & ~word & high;
    if (quotes == 0 || (controls & (quotes - 1) & ~quotes) != 0) return 8;
    quotes &= -quotes;
    *packed = word & ((quotes >> 7) - 1);
    return __builtin_ctzll(quotes) / 8;
#else
    return 8;
#endif
}

// The text whose opening quote stands at `quote`.
inline Token text(Place& place, const unsigned char* quote) {
    const unsigned char* const begin = quote + 1;
    place.text = begin, place.doubled = false, place.packed = 0;
    if (place.end - begin > 8) {
        place.length = short_text(begin, &place.packed);
        if (place.length < 8 && begin[place.length + 1] != '"') return found(place, kText, quote, begin + place.length + 1);
        place.packed = 0;
    }
    for (const unsigned char* stop = begin; stop < place.end; ++stop) {
        if (*stop < 0x20 && *stop != '\n' && *stop != '\t') return kNothing;
        if (*stop != '"') continue;
        if (stop + 1 == place.end || stop[1] != '"') {
            place.length = stop - begin;
            return found(place, kText, quote, stop + 1);
        }
        place.doubled = true;
        ++stop;
    }
    return kNothing;
}

inline Token number(Place& place, const unsigned char* at, const unsigned char* stop) {
    place.number = number(at, stop);
    return place.number.valid ? found(place, kNumber, at, stop) : kNothing;
}

// A number without sign and exponent, of few digits and with space after it, at the place itself.
inline Token plain_number(Place& place) {
    const Digits read = digits(place.at, place.end);
    if (read.count < 1 || read.count > kExactDigits || read.stop == place.end || !space(*read.stop)) return kNothing;
    place.number = {true, true, value_of(read)};
    return found(place, kNumber, place.at, read.stop);
}

// Whether a word stands alone on its line: where a number belongs, it is a misspelt one.
inline bool alone(const Place& place, const unsigned char* at, const unsigned char* stop) {
    if (std::memchr(at, ':', stop - at)) return false;
    while (at > place.begin && blank(at[-1])) --at;
    while (stop < place.end && blank(*stop)) ++stop;
    return (at == place.begin || line_end(at[-1])) && (stop == place.end || line_end(*stop));
}

// The next token; comment before it is passed over.
inline Token next(Place& place) {
    const unsigned char* at = place.at;
    while (at < place.end) {
        const unsigned char byte = *at;
        if (space(byte)) {
            ++at;
        } else if (byte == '"') {
            return text(place, at);
        } else if (byte == '<') {
            if (place.end - at >= 8 && (!std::memcmp(at, "<exists>", 8) || !std::memcmp(at, "<absent>", 8))) {
                place.present = at[1] == 'e';
                return found(place, kFlag, at, at + 8);
            }
            ++at;
        } else if (byte == '!' && (at == place.begin || space(at[-1]) || at[-1] == '"')) {
            for (; at < place.end && !line_end(*at); ++at)
                if (*at >= 0x7f) return kNothing;
        } else if (byte == '=') {
            do ++at;
            while (at < place.end && blank(*at));
            const unsigned char* stop = at;
            while (stop < place.end && !space(*stop) && *stop != '"') ++stop;
            if (stop > at && *at != '!') return number(place, at, stop);
        } else if (byte < 0x20 || byte >= 0x7f) {
            return kNothing;
        } else if (at == place.begin || space(at[-1])) {
            const unsigned char* stop = at;
            while (stop < place.end && !special(*stop)) ++stop;
            if (stop == place.end || space(*stop)) {
                if (number(place, at, stop) == kNumber) return kNumber;
                if (alone(place, at, stop)) return kNothing;
            }
            at = stop;
        } else {
            ++at;
        }
    }
    return kNothing;
}

}  // namespace textgrid
