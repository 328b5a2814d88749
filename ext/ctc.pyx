# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Forced alignment by CTC emissions over ragged batches: the best path through each item's labels, exact.

A ragged batch is flat labels and int64 offsets [items + 1]: item i owns labels[offsets[i]:offsets[i + 1]]. Buffers are
marked IN or OUT; the caller allocates the OUT ones. Nothing here keeps state, or holds the GIL while it computes.
"""

from msftk_ext import simd

ctypedef long long int64

cdef extern from "ctc/step.h" namespace "ctc" nogil:
    ctypedef void (*Step)(
        const double *label, const double *gap, const double *barred, const int *classes, const float *log_p,
        Py_ssize_t blank, Py_ssize_t begin, Py_ssize_t end, double *new_label, double *new_gap,
    ) noexcept
    Step step(int width) noexcept

cdef extern from "ctc/path.h" namespace "ctc" nogil:
    cdef struct Emissions:
        const float *log_p
        Py_ssize_t n_frames
        Py_ssize_t n_classes

    cdef cppclass Path:
        Path(const Emissions &emissions, const int64 *labels, Py_ssize_t n_labels, int64 blank, Step step) except +
        double find(int64 *first, int64 *last, double *score) except +


def best_paths(
    list emissions,               # IN [items] of float32 [frames, classes], log-probabilities
    const int64[::1] labels,      # IN [labels], classes
    const int64[::1] offsets,     # IN [items + 1]
    const int64 blank,            # its class
    int64[::1] first,             # OUT [labels], first frame of each
    int64[::1] last,              # OUT [labels], the frame after its last
    double[::1] score,            # OUT [labels], log-probability summed over its frames
    double[::1] total,            # OUT [items], of the whole path; -infinity: no path, and the others are not set
    str width="",                 # of the kernel's vectors, see simd.pyx
):
    """The best path of each item.

    Raises:
        ValueError: an item without labels or frames, a class that the emissions do not have, buffers of other lengths.
    """
    cdef Py_ssize_t item, begin, n_labels, n_items = offsets.shape[0] - 1
    cdef const float[:, ::1] log_p
    cdef Emissions of_item
    cdef Step kernel = step(simd.index(width))
    if len(emissions) != n_items or total.shape[0] != n_items or not first.shape[0] == last.shape[0] == score.shape[0]:
        raise ValueError("buffers of other lengths than emissions, labels and offsets tell")
    if offsets[0] != 0 or offsets[n_items] != labels.shape[0] or first.shape[0] != labels.shape[0]:
        raise ValueError("offsets do not cover the labels")
    for item in range(n_items):
        log_p = emissions[item]
        begin, n_labels = offsets[item], offsets[item + 1] - offsets[item]
        if n_labels < 1 or log_p.shape[0] < 1:
            raise ValueError(f"item {item} has {n_labels} labels and {log_p.shape[0]} frames, expected at least 1 each")
        if not (0 <= blank < log_p.shape[1] and _all_below(labels[begin : begin + n_labels], log_p.shape[1])):
            raise ValueError(f"item {item} names a class that is not among the {log_p.shape[1]} of its emissions")
        of_item.log_p, of_item.n_frames, of_item.n_classes = &log_p[0, 0], log_p.shape[0], log_p.shape[1]
        with nogil:
            total[item] = _find(
                of_item, &labels[begin], n_labels, blank, kernel, &first[begin], &last[begin], &score[begin]
            )


cdef double _find(
    const Emissions &emissions, const int64 *labels, Py_ssize_t n_labels, int64 blank, Step kernel,
    int64 *first, int64 *last, double *score,
) except? 1.0 nogil:
    cdef Path *path = new Path(emissions, labels, n_labels, blank, kernel)
    try:
        return path.find(first, last, score)
    finally:
        del path


cdef bint _all_below(const int64[:] classes, Py_ssize_t n) noexcept:
    cdef Py_ssize_t i
    for i in range(classes.shape[0]):
        if not 0 <= classes[i] < n:
            return False
    return True
