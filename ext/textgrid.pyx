# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Scanner of well-formed Praat TextGrids in UTF-8, long and short form.

Praat reads quoted texts, flags and free-standing numbers, and takes all else for comment; so does this. At whatever it
does not expect it gives up: the slower reader then reads the file, or says what is wrong with it, and where.
"""

from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.string cimport memchr, memcmp

import numpy as np

cdef enum Token:
    NOTHING  # the end, or something for the slower reader
    TEXT
    VALUE
    FLAG

cdef struct Place:
    const unsigned char *begin
    const unsigned char *at
    const unsigned char *end
    const unsigned char *text  # of the last TEXT, without its quotes
    Py_ssize_t length
    bint doubled  # it holds "" for "
    double value  # of the last VALUE
    bint present  # of the last FLAG

cdef double[23] POWERS_OF_TEN
cdef int _power
cdef double _ten = 1.0
for _power in range(23):  # all of them exact
    POWERS_OF_TEN[_power] = _ten
    _ten *= 10.0


def scan(const unsigned char[::1] raw not None):
    """[(name, start_s, end_s, labels)] of the interval tiers in file order, or None: let the slower reader see it."""
    cdef Place place
    cdef Py_ssize_t size = raw.shape[0], count, index, n_tiers, tier
    cdef double[:, ::1] times
    cdef bint intervals
    if size < 3:
        return None
    place.begin = &raw[0]
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
        columns, labels = np.empty((2, count)), []
        times = columns
        for index in range(count):
            if _next(&place) != VALUE:
                return None
            times[0, index] = place.value
            if intervals:
                if _next(&place) != VALUE:
                    return None
                times[1, index] = place.value
            if _next(&place) != TEXT:
                return None
            label = _string(&place)
            if label is None:
                return None
            labels.append(label)
        if intervals:
            found.append((name, columns[0], columns[1], labels))
    return found if _ascii(place.at, place.end) else None


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
            return _text(place, at + 1)
        elif byte == c"<":
            if place.end - at >= 8 and (memcmp(at, b"<exists>", 8) == 0 or memcmp(at, b"<absent>", 8) == 0):
                place.present = at[1] == c"e"
                place.at = at + 8
                return FLAG
            at += 1
        elif byte == c"=":
            at += 1
            while at < place.end and _blank(at[0]):
                at += 1
            stop = at
            while stop < place.end and not _space(stop[0]) and stop[0] != c'"':
                stop += 1
            if stop > at:
                return _value(place, at, stop)
        elif byte < 0x20 or byte >= 0x7F:
            return NOTHING
        elif at == place.begin or _space((at - 1)[0]):
            stop = at
            while stop < place.end and not _special(stop[0]):
                stop += 1
            if stop == place.end or _space(stop[0]):
                if _number(at, stop, &place.value):
                    place.at = stop
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
