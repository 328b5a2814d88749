# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Scanner of well-formed Praat TextGrids in UTF-8, long and short form.

Praat reads quoted texts, flags and free-standing numbers, and takes all else for comment, as it does everything from a
free-standing "!" to the end of its line; so does this. At whatever it
does not expect it gives up: the slower reader then reads the file, or says what is wrong with it, and where.

Nearly all of a long TextGrid is comment that stands the same before every interval, but for its number; where it does,
nobody reads it twice (`_repeated`).
"""

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.ref cimport Py_INCREF
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport uint64_t
from libc.string cimport memchr, memcmp, memcpy

import numpy as np

cdef enum Token:
    NOTHING  # the end, or something for the slower reader
    TEXT
    VALUE
    FLAG

cdef extern from *:
    """
    /* Bytes of a text before its quote, in `text` as one number; 8 if it is longer than seven or holds a control code. */
    static inline int short_text(const unsigned char *at, uint64_t *text)
    {
    #if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        const uint64_t every = 0x0101010101010101u, high = every << 7;
        uint64_t word, other, quotes, controls;
        memcpy(&word, at, sizeof word);
        other = word ^ (every * '"');
        quotes = (other - every) & ~other & high; /* of the marked bytes the lowest is right */
        controls = (word - every * 0x20) & ~word & high;
        if (quotes == 0 || (controls & (quotes - 1) & ~quotes) != 0)
            return 8;
        quotes &= -quotes;
        *text = word & ((quotes >> 7) - 1);
        return __builtin_ctzll(quotes) / 8;
    #else
        return 8;
    #endif
    }

    /* memcmp of a line or two, without a call. */
    static inline int alike(const unsigned char *one, const unsigned char *other, Py_ssize_t size)
    {
        uint64_t a, b, differ = 0;
        if (size < 8)
            return memcmp(one, other, size) == 0;
        for (Py_ssize_t i = 0; i < size - 8; i += 8) {
            memcpy(&a, one + i, 8), memcpy(&b, other + i, 8);
            differ |= a ^ b;
        }
        memcpy(&a, one + size - 8, 8), memcpy(&b, other + size - 8, 8);
        return (differ | (a ^ b)) == 0;
    }
    """
    int short_text(const unsigned char *at, uint64_t *text) noexcept
    bint alike(const unsigned char *one, const unsigned char *other, Py_ssize_t size) noexcept

cdef struct Place:
    const unsigned char *begin
    const unsigned char *at
    const unsigned char *end
    const unsigned char *text  # of the last TEXT, without its quotes
    Py_ssize_t length
    bint doubled  # it holds "" for "
    uint64_t packed  # its bytes as one number, 0 if it is empty or longer than seven
    double value  # of the last VALUE
    bint present  # of the last FLAG
    const unsigned char *token  # where the last token begins

cdef struct Comment:  # what stood before a token; it begins a new line
    const unsigned char *head
    Py_ssize_t head_length  # up to and with the first "[" that a number follows, else all of it
    const unsigned char *tail  # after that number
    Py_ssize_t tail_length
    bint numbered

cdef uint64_t[1024] _keys  # labels of one to seven bytes that were seen last: a corpus has the same phones everywhere
cdef list _labels = [None] * 1024

cdef double[23] POWERS_OF_TEN
cdef int _power
cdef double _ten = 1.0
for _power in range(23):  # all of them exact
    POWERS_OF_TEN[_power] = _ten
    _ten *= 10.0


def scan(bytes raw not None):
    """[(name, times_s, labels)] of the interval tiers in file order, times_s [start and end, intervals], or None: let the slower reader see it."""
    cdef Place place
    cdef Comment[3] before  # a start, an end, a label
    cdef Py_ssize_t size = len(raw), count, index, n_tiers, tier
    cdef double *times
    cdef bint intervals
    if size < 3:
        return None
    place.begin = <const unsigned char *> raw
    place.end = place.begin + size
    if memcmp(place.begin, b"\xef\xbb\xbf", 3) == 0:
        place.begin += 3
    place.at = place.begin
    if not _head(&place):
        return None
    if not place.present:
        return [] if _ascii(place.at, place.end) else None
    n_tiers = _count(&place)
    if n_tiers < 0:
        return None
    found = []
    before[0].head = before[1].head = before[2].head = NULL
    for tier in range(n_tiers):
        if _next(&place) != TEXT:
            return None
        intervals = _is(&place, b"IntervalTier", 12)
        if not intervals and not _is(&place, b"TextTier", 8):
            return None
        if _next(&place) != TEXT:
            return None
        name = _string(&place)
        if name is None or _next(&place) != VALUE or _next(&place) != VALUE:
            return None
        count = _count(&place)
        if count < 0:
            return None
        columns, labels = np.empty((2, count)), PyList_New(count)
        times = _data(columns)
        for index in range(count):
            if _next_like(&place, &before[0]) != VALUE:
                return None
            times[index] = place.value
            if intervals:
                if _next_like(&place, &before[1]) != VALUE:
                    return None
                times[count + index] = place.value
            if _next_like(&place, &before[2]) != TEXT:
                return None
            label = _string(&place)
            if label is None:
                return None
            Py_INCREF(label)
            PyList_SET_ITEM(labels, index, label)
        if intervals:
            found.append((name, columns, labels))
    return found if _ascii(place.at, place.end) else None


cdef double *_data(array) except NULL:
    """Where an array's numbers lie, as long as it lives; a memoryview would take a quarter of the time of a small file."""
    cdef Py_buffer buffer
    PyObject_GetBuffer(array, &buffer, PyBUF_WRITABLE)
    PyBuffer_Release(&buffer)
    return <double *> buffer.buf


cdef Token _next_like(Place *place, Comment *before) noexcept:
    """The next token, sooner found if the comment before it repeats the one that is held; else that is learned."""
    cdef const unsigned char *at = place.at
    cdef Token token
    if before.head != NULL and _repeated(place, before):
        token = _text(place, place.at + 1) if place.at[0] == c'"' else _plain_number(place)
        if token != NOTHING:
            return token
        place.at = at
    token = _next(place)
    if token != NOTHING:
        _learn(before, at, place.token)
    return token


cdef inline bint _repeated(Place *place, Comment *before) noexcept:
    """Whether the comment stands at `place` again, whatever its number; moves to the token after it.

    What a comment holds does not depend on what is around it: it begins a new line, and a word with "[" in it is no
    number, whatever digits follow.
    """
    cdef const unsigned char *at = place.at
    if place.end - at <= before.head_length or not alike(at, before.head, before.head_length):
        return False
    at += before.head_length
    if before.numbered:
        while at < place.end and c"0" <= at[0] <= c"9":
            at += 1
        if place.end - at <= before.tail_length or not alike(at, before.tail, before.tail_length):
            return False
        at += before.tail_length
    place.at = at
    return True


cdef void _learn(Comment *before, const unsigned char *at, const unsigned char *token) noexcept:
    cdef const unsigned char *stop = at
    before.head = NULL
    while stop < token and _blank(stop[0]):
        stop += 1
    if stop == token or (stop[0] != c"\n" and stop[0] != c"\r"):
        return
    before.head, before.head_length, before.numbered = at, token - at, False
    stop = <const unsigned char *> memchr(at, c"[", token - at)
    if stop == NULL or not c"0" <= stop[1] <= c"9":
        return
    before.head_length, before.numbered = stop + 1 - at, True
    stop += 1
    while stop < token and c"0" <= stop[0] <= c"9":
        stop += 1
    before.tail, before.tail_length = stop, token - stop


cdef Token _plain_number(Place *place) noexcept:
    """A decimal number without sign and exponent, of at most 15 digits, with space after it."""
    cdef const unsigned char *at = place.at
    cdef uint64_t digits = 0
    cdef Py_ssize_t count, fraction = 0
    while at < place.end and c"0" <= at[0] <= c"9":
        digits = digits * 10 + (at[0] - c"0")
        at += 1
    count = at - place.at
    if at < place.end and at[0] == c".":
        at += 1
        while at < place.end and c"0" <= at[0] <= c"9":
            digits = digits * 10 + (at[0] - c"0")
            at += 1
        fraction = at - place.at - count - 1
    if not 1 <= count + fraction <= 15 or at == place.end or not _space(at[0]):
        return NOTHING
    place.value = <double> digits / POWERS_OF_TEN[fraction]
    place.at = at
    return VALUE


cdef bint _head(Place *place) noexcept:
    """Reads "ooTextFile", "TextGrid", two times and the flag."""
    if _next(place) != TEXT or place.length < 10 or memcmp(place.text, b"ooTextFile", 10) != 0:
        return False
    if not _ascii(place.text, place.text + place.length):
        return False
    if _next(place) != TEXT or not _is(place, b"TextGrid", 8):
        return False
    return _next(place) == VALUE and _next(place) == VALUE and _next(place) == FLAG


cdef Py_ssize_t _count(Place *place) noexcept:
    """A whole number that the rest of the file has room for, else -1."""
    if _next(place) != VALUE or not 0 <= place.value <= place.end - place.begin:
        return -1
    return <Py_ssize_t> place.value if place.value == <Py_ssize_t> place.value else -1


cdef inline bint _is(Place *place, const char *text, Py_ssize_t length) noexcept:
    return place.length == length and memcmp(place.text, text, length) == 0


cdef str _string(Place *place):
    """The last TEXT, None if it is no UTF-8."""
    cdef uint64_t slot
    if place.length == 0:
        return ""
    if place.packed == 0:
        return _decoded(place)
    slot = place.packed * 0x9E3779B97F4A7C15u >> 54  # the golden ratio spreads alike labels
    if _keys[slot] != place.packed:
        text = _decoded(place)
        if text is not None:
            _labels[slot], _keys[slot] = text, place.packed
        return text
    return <str> _labels[slot]


cdef str _decoded(Place *place):
    try:
        text = PyUnicode_DecodeUTF8(<const char *> place.text, place.length, NULL)
    except UnicodeDecodeError:
        return None
    return text.replace('""', '"') if place.doubled else text


cdef bint _ascii(const unsigned char *at, const unsigned char *end) noexcept:
    while at < end:
        if at[0] >= 0x80:
            return False
        at += 1
    return True


cdef inline bint _blank(unsigned char byte) noexcept:
    return byte == c" " or byte == c"\t"


cdef inline bint _space(unsigned char byte) noexcept:
    return byte == c" " or byte == c"\n" or byte == c"\t" or byte == c"\r"


cdef Token _next(Place *place) noexcept:
    """The next token; comment before it is passed over."""
    cdef const unsigned char *at = place.at
    cdef const unsigned char *stop
    cdef unsigned char byte
    while at < place.end:
        byte = at[0]
        if _space(byte):
            at += 1
        elif byte == c'"':
            place.token = at
            return _text(place, at + 1)
        elif byte == c"<":
            if place.end - at >= 8 and (memcmp(at, b"<exists>", 8) == 0 or memcmp(at, b"<absent>", 8) == 0):
                place.present = at[1] == c"e"
                place.token, place.at = at, at + 8
                return FLAG
            at += 1
        elif byte == c"!" and (at == place.begin or _space((at - 1)[0]) or (at - 1)[0] == c'"'):
            while at < place.end and at[0] != c"\n" and at[0] != c"\r":
                if at[0] >= 0x7F:
                    return NOTHING
                at += 1
        elif byte == c"=":
            at += 1
            while at < place.end and _blank(at[0]):
                at += 1
            stop = at
            while stop < place.end and not _space(stop[0]) and stop[0] != c'"':
                stop += 1
            if stop > at and at[0] != c"!":
                place.token = at
                return _value(place, at, stop)
        elif byte < 0x20 or byte >= 0x7F:
            return NOTHING
        elif at == place.begin or _space((at - 1)[0]):
            stop = at
            while stop < place.end and not _special(stop[0]):
                stop += 1
            if stop == place.end or _space(stop[0]):
                if _number(at, stop, &place.value):
                    place.token, place.at = at, stop
                    return VALUE
                if _alone(place, at, stop):
                    return NOTHING
            at = stop
        else:
            at += 1
    return NOTHING


cdef inline bint _special(unsigned char byte) noexcept:
    """What ends a run of comment: space, or the first character of a token within it."""
    return byte == c'"' or byte == c"=" or byte == c"<" or byte <= c" " or byte >= 0x7F


cdef Token _text(Place *place, const unsigned char *at) noexcept:
    """A quoted text that begins at `at`."""
    cdef const unsigned char *stop = at
    place.text = at
    place.doubled = False
    place.packed = 0
    if place.end - at > 8:
        place.length = short_text(at, &place.packed)
        if place.length < 8 and at[place.length + 1] != c'"':
            place.at = at + place.length + 1
            return TEXT
        place.packed = 0
    while stop < place.end:
        if stop[0] == c'"':
            if stop + 1 < place.end and stop[1] == c'"':
                place.doubled = True
                stop += 1
            else:
                place.length = stop - at
                place.at = stop + 1
                return TEXT
        elif stop[0] < 0x20 and stop[0] != c"\n" and stop[0] != c"\t":
            return NOTHING
        stop += 1
    return NOTHING


cdef Token _value(Place *place, const unsigned char *at, const unsigned char *stop) noexcept:
    if not _number(at, stop, &place.value):
        return NOTHING
    place.at = stop
    return VALUE


cdef bint _alone(Place *place, const unsigned char *at, const unsigned char *stop) noexcept:
    """Whether a word stands alone on its line: where a number belongs, it is a misspelt one."""
    cdef const unsigned char *before = at
    while before > place.begin and _blank((before - 1)[0]):
        before -= 1
    if before > place.begin and (before - 1)[0] != c"\n" and (before - 1)[0] != c"\r":
        return False
    if memchr(at, c":", stop - at) != NULL:
        return False
    while stop < place.end and _blank(stop[0]):
        stop += 1
    return stop == place.end or stop[0] == c"\n" or stop[0] == c"\r"


cdef bint _number(const unsigned char *at, const unsigned char *stop, double *value) noexcept:
    """A decimal number from `at` to `stop`, and nothing else: rounded as Python's float() rounds it."""
    cdef const unsigned char *begin = at
    cdef unsigned long long digits = 0
    cdef int n_digits = 0, fraction = 0
    cdef bint negative = at < stop and at[0] == c"-", known = True
    if at < stop and (at[0] == c"-" or at[0] == c"+"):
        at += 1
    while at < stop and c"0" <= at[0] <= c"9":
        digits = digits * 10 + (at[0] - c"0")
        n_digits += 1
        at += 1
    if at < stop and at[0] == c".":
        at += 1
        while at < stop and c"0" <= at[0] <= c"9":
            digits = digits * 10 + (at[0] - c"0")
            n_digits += 1
            fraction += 1
            at += 1
    if n_digits == 0:
        return False
    if at < stop and (at[0] == c"e" or at[0] == c"E"):
        at += 1
        if at < stop and (at[0] == c"-" or at[0] == c"+"):
            at += 1
        if at == stop:
            return False
        while at < stop and c"0" <= at[0] <= c"9":
            at += 1
        known = False
    if at != stop:
        return False
    if known and n_digits <= 15:  # both operands are exact, so one division rounds once
        value[0] = <double> digits / POWERS_OF_TEN[fraction]
        if negative:
            value[0] = -value[0]
    else:
        value[0] = float((<const char *> begin)[: stop - begin])
    return True
