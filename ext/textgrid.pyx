# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Scanner of well-formed Praat TextGrids in UTF-8, long and short form.

At whatever it does not expect it gives up: the slower reader then reads the file, or says what is wrong with it, and where.
Tokens and comment are told apart in ext/textgrid/.
"""

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.ref cimport Py_INCREF
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport uint64_t
from libc.string cimport memcmp

import numpy as np

cdef extern from "textgrid/comment.h" namespace "textgrid":
    cdef enum Token:
        kNothing
        kText
        kNumber
        kFlag

    cdef cppclass Number:
        bint exact
        double value

    cdef cppclass Place:
        const unsigned char *begin
        const unsigned char *at
        const unsigned char *end
        const unsigned char *token
        const unsigned char *text
        Py_ssize_t length
        bint doubled
        uint64_t packed
        Number number
        bint present

    cdef cppclass Comment:
        pass

    Token next(Place &place) noexcept
    Token next_after(Place &place, Comment &comment) noexcept
    bint ascii(const unsigned char *at, const unsigned char *end) noexcept

cdef Py_ssize_t SMALLEST = 4  # bytes of a point or interval, at least
cdef uint64_t[1024] _keys  # labels of one to seven bytes that were seen last: a corpus has the same phones everywhere
cdef list _labels = [None] * 1024


def scan(bytes raw not None):
    """[(name, times_s, labels)] of the interval tiers in file order, times_s [start and end, intervals]; None: let the
    slower reader see it."""
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
    if not _head(place):
        return None
    if not place.present:
        return [] if ascii(place.at, place.end) else None
    n_tiers = _count(place)
    if n_tiers < 0:
        return None
    found = []
    for tier in range(n_tiers):
        if next(place) != kText:
            return None
        intervals = _is(place, b"IntervalTier", 12)
        if not intervals and not _is(place, b"TextTier", 8):
            return None
        if next(place) != kText:
            return None
        name = _string(place)
        if name is None or next(place) != kNumber or next(place) != kNumber:
            return None
        count = _count(place)
        if count < 0:
            return None
        columns, labels = np.empty((2, count)), PyList_New(count)
        times = _data(columns)
        for index in range(count):
            if next_after(place, before[0]) != kNumber:
                return None
            times[index] = _value(place)
            if intervals:
                if next_after(place, before[1]) != kNumber:
                    return None
                times[count + index] = _value(place)
            if next_after(place, before[2]) != kText:
                return None
            label = _string(place)
            if label is None:
                return None
            Py_INCREF(label)
            PyList_SET_ITEM(labels, index, label)
        if intervals:
            found.append((name, columns, labels))
    return found if ascii(place.at, place.end) else None


cdef double *_data(array) except NULL:
    """Where an array's numbers lie, as long as it lives; a memoryview would take a quarter of the time of a small file."""
    cdef Py_buffer buffer
    PyObject_GetBuffer(array, &buffer, PyBUF_WRITABLE)
    PyBuffer_Release(&buffer)
    return <double *> buffer.buf


cdef bint _head(Place &place) noexcept:
    """Reads "ooTextFile", "TextGrid", two times and the flag."""
    if next(place) != kText or place.length < 10 or memcmp(place.text, b"ooTextFile", 10) != 0:
        return False
    if not ascii(place.text, place.text + place.length):
        return False
    if next(place) != kText or not _is(place, b"TextGrid", 8):
        return False
    return next(place) == kNumber and next(place) == kNumber and next(place) == kFlag


cdef inline double _value(Place &place) except? -1.0:
    """The last number, rounded as Python's float() rounds it."""
    if place.number.exact:
        return place.number.value
    return float((<const char *> place.token)[: place.at - place.token])


cdef Py_ssize_t _count(Place &place) except? -1:
    """A whole number of things that the rest of the file has room for, else -1."""
    cdef double value
    if next(place) != kNumber:
        return -1
    value = _value(place)
    if not 0 <= value <= (place.end - place.at) // SMALLEST or value != <Py_ssize_t> value:
        return -1
    return <Py_ssize_t> value


cdef inline bint _is(Place &place, const char *text, Py_ssize_t length) noexcept:
    return place.length == length and memcmp(place.text, text, length) == 0


cdef str _string(Place &place):
    """The last text, None if it is no UTF-8."""
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


cdef str _decoded(Place &place):
    try:
        text = PyUnicode_DecodeUTF8(<const char *> place.text, place.length, NULL)
    except UnicodeDecodeError:
        return None
    return text.replace('""', '"') if place.doubled else text
