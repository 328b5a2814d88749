# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""Harvest F0: the C++ kernel of ext/harvest, its choice of vector width, and its steps one by one for tests.

Arrays are marked IN or OUT; the caller allocates the OUT ones. A kernel is named by its vector width ("" = the widest
that this processor has, see simd.pyx). The work runs without the GIL, in memory that its thread keeps.
"""

from libcpp.memory cimport shared_ptr

from msftk_ext import simd

ctypedef fused sample:
    float
    double


cdef extern from "harvest/harvest.h" namespace "harvest" nogil:
    cdef cppclass Plan:
        int channels, slots, ratio
        double rate_hz

    shared_ptr[const Plan] plan(int sample_rate_hz, double floor_hz, double ceil_hz) except +
    int frame_count(long long n, int sample_rate_hz, double hop_ms)
    long long decimated_length(const Plan&, long long n)

    cdef cppclass Kernel:
        void (*run_float)(const Plan&, const float*, long long, double*) except +
        void (*run_double)(const Plan&, const double*, long long, double*) except +
        void (*decimate)(const Plan&, const double*, long long, double*) except +
        void (*filter)(const Plan&, int, const double*, int, double*) except +
        void (*candidates)(const Plan&, const double*, long long, double*) except +
        void (*refine)(const Plan&, const double*, int, const int*, const double*, int, float*, float*) except +
        void (*prune)(const float*, const float*, int, int, float*) except +
        void (*track)(const float*, const float*, int, int, double*) except +
        void (*smooth)(const double*, int, double*) except +

    const Kernel& kernel(int width)


cdef const Kernel* _kernel(str name) except NULL:
    return &kernel(simd.index(name))


def frames(long long n, int sample_rate_hz, double hop_ms) -> int:
    """Frames of a signal of n samples: floor(duration / hop) + 1."""
    return frame_count(n, sample_rate_hz, hop_ms)


def f0(
    const sample[::1] samples,       # IN [n], at least one
    const int sample_rate_hz,
    const double floor_hz,
    const double ceil_hz,
    double[::1] f0_hz,               # OUT [frames(n, rate, 1.0)], 1 ms grid, 0 = unvoiced
    str name="",
):
    """Harvest's F0 contour."""
    cdef const Kernel* chosen = _kernel(name)
    cdef shared_ptr[const Plan] tables
    with nogil:
        tables = plan(sample_rate_hz, floor_hz, ceil_hz)
        if sample is float:
            chosen.run_float(tables.get()[0], &samples[0], samples.shape[0], &f0_hz[0])
        else:
            chosen.run_double(tables.get()[0], &samples[0], samples.shape[0], &f0_hz[0])


def shape(const long long n, const int sample_rate_hz, const double floor_hz, const double ceil_hz) -> dict:
    """Sizes that a caller of the steps needs."""
    tables = plan(sample_rate_hz, floor_hz, ceil_hz)
    cdef const Plan* p = tables.get()
    return {
        "channels": p.channels, "slots": p.slots, "ratio": p.ratio, "rate_hz": p.rate_hz,
        "decimated": decimated_length(p[0], n), "frames": frame_count(n, sample_rate_hz, 1.0),
    }


def decimate(
    const double[::1] samples,       # IN [n]
    const int sample_rate_hz,
    double[::1] decimated,           # OUT [shape()["decimated"]], mean kept
    str name="",
):
    """Low-pass forward and backward, every ratio-th sample."""
    tables = plan(sample_rate_hz, 71.0, 800.0)
    _kernel(name).decimate(tables.get()[0], &samples[0], samples.shape[0], &decimated[0])


def filter_channel(
    const double[::1] decimated,     # IN [n]
    const int sample_rate_hz,        # before decimation
    const int channel,
    double[::1] filtered,            # OUT [n + 2]
    str name="",
):
    """One channel of the filter bank at 71 to 800 Hz, without delay."""
    tables = plan(sample_rate_hz, 71.0, 800.0)
    _kernel(name).filter(tables.get()[0], channel, &decimated[0], <int> decimated.shape[0], &filtered[0])


def candidates(
    const double[::1] samples,       # IN [n]
    const int sample_rate_hz,
    const double floor_hz,
    const double ceil_hz,
    double[:, ::1] f0_hz,            # OUT [frames, slots], 0 = none
    str name="",
):
    """Means of runs of agreeing channels, before they are spread and refined."""
    tables = plan(sample_rate_hz, floor_hz, ceil_hz)
    _kernel(name).candidates(tables.get()[0], &samples[0], samples.shape[0], &f0_hz[0, 0])


def refine(
    const double[::1] decimated,     # IN [n], without its mean
    const int sample_rate_hz,        # before decimation
    const int[::1] frame,            # IN [candidates]
    const double[::1] f0_hz,         # IN [candidates], 71 to 800
    float[::1] refined_hz,           # OUT [candidates], 0 = rejected
    float[::1] score,                # OUT [candidates]
    str name="",
):
    """Instantaneous frequency of each candidate's harmonics."""
    tables = plan(sample_rate_hz, 71.0, 800.0)
    _kernel(name).refine(
        tables.get()[0], &decimated[0], <int> decimated.shape[0], &frame[0], &f0_hz[0], <int> frame.shape[0],
        &refined_hz[0], &score[0],
    )


def prune(
    const float[:, ::1] f0_hz,       # IN [frames, slots], 0 = none
    const float[:, ::1] score,       # IN
    float[:, ::1] kept,              # OUT: the score where the candidate stays, else 0
    str name="",
):
    """Drops candidates without a neighbour within 5 % in the frames beside."""
    _kernel(name).prune(&f0_hz[0, 0], &score[0, 0], <int> f0_hz.shape[0], <int> f0_hz.shape[1], &kept[0, 0])


def track(
    const float[:, ::1] f0_hz,       # IN [frames, slots], 0 = none
    const float[:, ::1] score,       # IN
    double[::1] contour_hz,          # OUT [frames]
    str name="",
):
    """One contour out of the candidates, before smoothing."""
    _kernel(name).track(&f0_hz[0, 0], &score[0, 0], <int> f0_hz.shape[0], <int> f0_hz.shape[1], &contour_hz[0])


def smooth(
    const double[::1] contour_hz,    # IN [frames], 0 = unvoiced
    double[::1] f0_hz,               # OUT [frames]
    str name="",
):
    """Low-pass over each voiced section."""
    _kernel(name).smooth(&contour_hz[0], <int> contour_hz.shape[0], &f0_hz[0])
