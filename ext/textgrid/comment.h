// Comment that repeats: nearly all of a long TextGrid stands the same before every interval, but for its number; where it
// does, nobody reads it twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "textgrid/token.h"

namespace textgrid {

// What stood before a token; it begins a new line. So what it holds does not depend on what is around it, and a word with
// "[" in it is no number, whatever digits follow.
struct Comment {
    const unsigned char* head = nullptr;
    std::ptrdiff_t head_length = 0;        // up to and with the first "[" that a number follows, else all of it
    const unsigned char* tail = nullptr;   // after that number
    std::ptrdiff_t tail_length = 0;
    bool numbered = false;
};

// memcmp of a line or two, without a call.
inline bool alike(const unsigned char* one, const unsigned char* other, std::ptrdiff_t size) {
    std::uint64_t a, b, differ = 0;
    if (size < 8) return std::memcmp(one, other, std::size_t(size)) == 0;
    for (std::ptrdiff_t i = 0; i < size - 8; i += 8) {
        std::memcpy(&a, one + i, 8), std::memcpy(&b, other + i, 8);
        differ |= a ^ b;
    }
    std::memcpy(&a, one + size - 8, 8), std::memcpy(&b, other + size - 8, 8);
    return (differ | (a ^ b)) == 0;
}

// Whether the comment stands at the place again, whatever its number; moves to the token after it.
inline bool repeated(Place& place, const Comment& comment) {
    const unsigned char* at = place.at;
    if (place.end - at <= comment.head_length || !alike(at, comment.head, comment.head_length)) return false;
    at += comment.head_length;
    if (comment.numbered) {
        while (at < place.end && digit(*at)) ++at;
        if (place.end - at <= comment.tail_length || !alike(at, comment.tail, comment.tail_length)) return false;
        at += comment.tail_length;
    }
    place.at = at;
    return true;
}

inline Comment learned(const unsigned char* at, const unsigned char* token) {
    const unsigned char* stop = at;
    while (stop < token && blank(*stop)) ++stop;
    if (stop == token || !line_end(*stop)) return {};
    stop = static_cast<const unsigned char*>(std::memchr(at, '[', std::size_t(token - at)));
    if (!stop || !digit(stop[1])) return {at, token - at, nullptr, 0, false};
    const std::ptrdiff_t head_length = ++stop - at;
    while (stop < token && digit(*stop)) ++stop;
    return {at, head_length, stop, token - stop, true};
}

// The next token, sooner found if the comment before it repeats the one that is held; else that one is learned.
inline Token next_after(Place& place, Comment& comment) {
    const unsigned char* const at = place.at;
    if (comment.head && repeated(place, comment)) {
        const Token token = *place.at == '"' ? text(place, place.at) : plain_number(place);
        if (token != kNothing) return token;
        place.at = at;
    }
    const Token token = next(place);
    if (token != kNothing) comment = learned(at, place.token);
    return token;
}

}  // namespace textgrid
