# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""LEMf over ragged batches: frame energy, word features, z-scores, scores, top words.

A ragged batch is flat values and int64 offsets [items + 1]: item i owns values[offsets[i]:offsets[i + 1]]. Buffers are
marked IN or OUT; the caller allocates the OUT ones. Times are whole microseconds. `lemf_batch` does everything in one
call; the stages by themselves are for other scorers and for tests. Nothing here keeps state or holds the GIL while it
computes, and every sum runs in the order of the data, so an item's bits do not depend on the batch around it.
"""

from libc.math cimport isnan, sqrt
from libc.stdlib cimport calloc, free

from msftk_ext import simd

ctypedef long long int64

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)

cdef extern from "prosody/energy.h" namespace "prosody" nogil:
    ctypedef Py_ssize_t (*FrameEnergies)(
        const float *samples, const float *window, const float *squared, Py_ssize_t hop, Py_ssize_t n_frames,
        double *energy,
    ) noexcept
    FrameEnergies frame_energies(int width) noexcept
    int kLanes

cdef extern from "prosody/words.h" namespace "prosody" nogil:
    cdef struct Span:
        int64 start_us
        int64 end_us

    void extreme_log_f0(
        const double *f0_hz, int64 n_frames, int64 hop_us, Span word, double *largest, double *smallest
    ) noexcept
    double mean_energy(const double *energy, int64 n_frames, int64 hop_us, Span word) noexcept
    double phone_duration(
        const int64 *start_us, const int64 *end_us, int64 begin, int64 end, Span word, int64 letters,
        unsigned char *guessed,
    ) noexcept
    void standardise(const double *feature, int64 n_words, double same, double *z) noexcept
    int64 top_word(const double *score, int64 n_words) noexcept

ctypedef fused sample:
    float
    double

ctypedef fused window_t:
    float
    double

cdef double SAME = 1e-9  # a relative spread below this is rounding noise, no variation
cdef double SAME_FLOAT32 = 1e-6  # ... of an energy that was summed in float32

cpdef enum Feature:  # of a word, the rows of `lemf_batch`
    LOG_F0
    LOG_F0_MIN
    ENERGY
    PHONE_DURATION_S
    Z_PITCH
    Z_ENERGY
    Z_DURATION
    SCORE


FEATURES = tuple(name.lower() for name in (<object> Feature).__members__)


cdef class EnergyWindow:
    """A window and its hop as float32 tables for the fast energy, on 64-byte boundaries: a wide register then never reads
    two cache lines. Made once, shared by threads."""

    cdef readonly int64 size, hop      # samples
    cdef float *window                 # [size]
    cdef float *squared                # [size]

    def __cinit__(self, const double[::1] window, const int64 hop):
        """`window` is [N], N even."""
        cdef int64 n
        self.size, self.hop = window.shape[0], hop
        cdef size_t room = (self.size * sizeof(float) + 63) // 64 * 64
        self.window, self.squared = <float *> aligned_alloc(64, room), <float *> aligned_alloc(64, room)
        if self.window == NULL or self.squared == NULL:
            raise MemoryError()
        for n in range(self.size):
            self.window[n], self.squared[n] = <float> window[n], <float> (window[n] * window[n])

    def __dealloc__(self):
        free(self.window)
        free(self.squared)


def lemf_batch(
    list waveforms,                        # IN [items] of float32 [samples]
    list f0_hz,                            # IN [items] of float64 [frames], 0 = unvoiced
    const int64 f0_hop_us,
    EnergyWindow window not None,
    const int64 window_hop_us,
    const int64[::1] start_us,             # IN [words]
    const int64[::1] end_us,               # IN [words]
    const int64[::1] letters,              # IN [words], at least 1 each
    const int64[::1] word_offsets,         # IN [items + 1], at least one word each
    const int64[::1] phone_start_us,       # IN [phones], spoken phones only
    const int64[::1] phone_end_us,         # IN [phones]
    const int64[::1] phone_offsets,        # IN [items + 1]
    const double weight_pitch,
    const double weight_energy,
    const double weight_duration,
    double[::1] energy,                    # scratch [frames of the longest item]
    double[:, ::1] features,               # OUT [FEATURES, words]
    unsigned char[::1] guessed,            # OUT [words], 1 = no phone, word duration / letters
    int64[::1] top,                        # OUT [items], index within the item
    int64[::1] first,                      # OUT [items], of the emphasis segment
    int64[::1] last,                       # OUT [items], inside the segment
    str width="",                          # of the energy kernel's vectors, see simd.pyx
):
    """Everything between audio with F0 and the emphasis segment, for many utterances; see the stages below."""
    cdef FrameEnergies kernel = frame_energies(simd.index(width))
    cdef Py_ssize_t item, word, n_items = word_offsets.shape[0] - 1
    cdef const float[::1] waveform
    cdef const double[::1] track
    cdef const float **samples = <const float **> calloc(n_items + 1, sizeof(void *))
    cdef const double **f0 = <const double **> calloc(n_items + 1, sizeof(void *))
    cdef int64 *lengths = <int64 *> calloc(2 * n_items + 1, sizeof(int64))
    cdef int64 begin, count, n_frames
    cdef Span span
    cdef double *log_f0
    cdef double *log_f0_min
    cdef double *energies
    cdef double *durations_s
    cdef double *z_pitch
    cdef double *z_energy
    cdef double *z_duration
    cdef double *score
    try:
        if samples == NULL or f0 == NULL or lengths == NULL:
            raise MemoryError()
        for item in range(n_items):
            waveform, track = waveforms[item], f0_hz[item]
            samples[item], lengths[2 * item] = &waveform[0], waveform.shape[0]
            f0[item], lengths[2 * item + 1] = &track[0], track.shape[0]
        with nogil:
            for item in range(n_items):
                begin = word_offsets[item]
                count = word_offsets[item + 1] - begin
                if count == 0:
                    continue
                log_f0, log_f0_min = &features[<int> LOG_F0, begin], &features[<int> LOG_F0_MIN, begin]
                energies, durations_s = &features[<int> ENERGY, begin], &features[<int> PHONE_DURATION_S, begin]
                z_pitch, z_energy = &features[<int> Z_PITCH, begin], &features[<int> Z_ENERGY, begin]
                z_duration, score = &features[<int> Z_DURATION, begin], &features[<int> SCORE, begin]
                n_frames = _count_frames(lengths[2 * item], window.size, window.hop)
                _energies(kernel, samples[item], lengths[2 * item], window, n_frames, &energy[0])
                for word in range(count):
                    span = Span(start_us[begin + word], end_us[begin + word])
                    extreme_log_f0(f0[item], lengths[2 * item + 1], f0_hop_us, span, &log_f0[word], &log_f0_min[word])
                    energies[word] = mean_energy(&energy[0], n_frames, window_hop_us, span)
                    durations_s[word] = phone_duration(
                        &phone_start_us[0], &phone_end_us[0], phone_offsets[item], phone_offsets[item + 1], span,
                        letters[begin + word], &guessed[begin + word],
                    )
                standardise(log_f0, count, SAME, z_pitch)
                standardise(energies, count, SAME_FLOAT32, z_energy)
                standardise(durations_s, count, SAME, z_duration)
                for word in range(count):
                    score[word] = (
                        weight_pitch * z_pitch[word] + weight_energy * z_energy[word]
                        + weight_duration * z_duration[word]
                    )
                top[item] = top_word(score, count)
                first[item] = max(top[item] - 1, 0)
                last[item] = min(top[item] + 1, count - 1)
    finally:
        free(samples)
        free(f0)
        free(lengths)


def count_letters(tuple labels not None, int64[::1] letters) -> None:
    """Letters and digits of each label, at least 1; `letters` is OUT [labels]."""
    cdef Py_ssize_t place, count
    cdef str label
    cdef Py_UCS4 character
    for place in range(len(labels)):
        label, count = labels[place], 0
        for character in label:
            count += character.isalnum()
        letters[place] = max(count, 1)


def frame_energy(
    const sample[::1] samples,             # IN
    const int64[::1] sample_offsets,       # IN [items + 1]
    const double[::1] window,              # IN [N], N even
    const int64 hop,                       # samples
    const int64[::1] frame_offsets,        # IN [items + 1]: 1 + max(0, (samples - N) // hop) frames each
    double[::1] energy,                    # OUT [frames]
):
    """L2 norm of each windowed frame's one-sided spectrum magnitude; an item shorter than N is padded with zeros.

    By Parseval sum_{k=0..N/2} |X_k|^2 = (N sum x^2 + X_0^2 + X_{N/2}^2) / 2, so no FFT is needed. Float64 throughout:
    `frame_energy_fast` is the float32 form.
    """
    cdef Py_ssize_t item, frame, n_items = sample_offsets.shape[0] - 1
    cdef int64 begin
    with nogil:
        for item in range(n_items):
            begin = sample_offsets[item]
            for frame in range(frame_offsets[item], frame_offsets[item + 1]):
                energy[frame] = _energy(
                    &samples[0] + begin, sample_offsets[item + 1] - begin, &window[0], window.shape[0]
                )
                begin += hop


def frame_energy_fast(
    const float[::1] samples,              # IN, at least one
    EnergyWindow window not None,
    double[::1] energy,                    # OUT [1 + max(0, (samples - N) // hop)]
    str width="",
):
    """`frame_energy` of one item in float32, relative error below 1e-6: what `lemf_batch` computes."""
    cdef FrameEnergies kernel = frame_energies(simd.index(width))
    with nogil:
        _energies(
            kernel, &samples[0], samples.shape[0], window, _count_frames(samples.shape[0], window.size, window.hop), &energy[0]
        )


cdef inline int64 _count_frames(int64 n_samples, int64 size, int64 hop) noexcept nogil:
    return 1 + max(0, (n_samples - size) // hop) if n_samples >= size else 1


cdef void _energies(
    FrameEnergies kernel, const float *samples, int64 n_samples, EnergyWindow window, int64 n_frames, double *energy
) noexcept nogil:
    cdef int64 frame, size = window.size, hop = window.hop
    cdef bint fast = n_samples >= size and size == 2 * hop and hop % kLanes == 0
    if fast and kernel(samples, window.window, window.squared, hop, n_frames, energy) == 0:
        return
    for frame in range(n_frames):
        if not fast or isnan(energy[frame]):  # a short signal, or squares outside the range of float32
            energy[frame] = _energy(samples + frame * hop, n_samples - frame * hop, window.window, size)


cdef double _energy(const sample *samples, int64 n_samples, const window_t *window, int64 size) noexcept nogil:
    cdef int64 n
    cdef double x, power = 0.0, even = 0.0, odd = 0.0
    for n in range(min(size, n_samples)):
        x = <double> window[n] * samples[n]
        power += x * x
        if n % 2 == 0:
            even += x
        else:
            odd += x
    # X_0 = even + odd, X_{N/2} = even - odd
    return sqrt((size * power + (even + odd) * (even + odd) + (even - odd) * (even - odd)) / 2)


def word_log_f0(
    const double[::1] f0_hz,               # IN, 0 = unvoiced; grid point i of an item lies at i * hop_us
    const int64[::1] frame_offsets,        # IN [items + 1]
    const int64 hop_us,
    const int64[::1] start_us,             # IN [words]
    const int64[::1] end_us,               # IN [words]
    const int64[::1] word_offsets,         # IN [items + 1]
    double[::1] log_f0,                    # OUT [words], NaN = unvoiced
    double[::1] log_f0_min,                # OUT [words], NaN = unvoiced
):
    """Log of the largest and of the smallest voiced F0 over grid points t with start <= t < end."""
    cdef Py_ssize_t item, word, n_items = word_offsets.shape[0] - 1
    with nogil:
        for item in range(n_items):
            for word in range(word_offsets[item], word_offsets[item + 1]):
                extreme_log_f0(
                    &f0_hz[0] + frame_offsets[item], frame_offsets[item + 1] - frame_offsets[item], hop_us,
                    Span(start_us[word], end_us[word]), &log_f0[word], &log_f0_min[word],
                )


def word_energy(
    const double[::1] energy,              # IN; the centre of an item's frame i lies at (i + 1) * hop_us
    const int64[::1] frame_offsets,        # IN [items + 1], at least one frame each
    const int64 hop_us,
    const int64[::1] start_us,             # IN [words]
    const int64[::1] end_us,               # IN [words]
    const int64[::1] word_offsets,         # IN [items + 1]
    double[::1] means,                     # OUT [words]
):
    """Mean energy of the frames whose centre the word holds; without any, the frame nearest its middle (ties: first)."""
    cdef Py_ssize_t item, word, n_items = word_offsets.shape[0] - 1
    with nogil:
        for item in range(n_items):
            for word in range(word_offsets[item], word_offsets[item + 1]):
                means[word] = mean_energy(
                    &energy[0] + frame_offsets[item], frame_offsets[item + 1] - frame_offsets[item], hop_us,
                    Span(start_us[word], end_us[word]),
                )


def word_phone_duration(
    const int64[::1] phone_start_us,       # IN [phones], spoken phones only
    const int64[::1] phone_end_us,         # IN [phones]
    const int64[::1] phone_offsets,        # IN [items + 1]
    const int64[::1] start_us,             # IN [words]
    const int64[::1] end_us,               # IN [words]
    const int64[::1] letters,              # IN [words], at least 1 each
    const int64[::1] word_offsets,         # IN [items + 1]
    double[::1] duration_s,                # OUT [words]
    unsigned char[::1] guessed,            # OUT [words], 1 = no phone, word duration / letters
):
    """Mean duration of the phones whose centre the word holds."""
    cdef Py_ssize_t item, word, n_items = word_offsets.shape[0] - 1
    with nogil:
        for item in range(n_items):
            for word in range(word_offsets[item], word_offsets[item + 1]):
                duration_s[word] = phone_duration(
                    &phone_start_us[0], &phone_end_us[0], phone_offsets[item], phone_offsets[item + 1],
                    Span(start_us[word], end_us[word]), letters[word], &guessed[word],
                )


def z_scores(
    const double[::1] feature,             # IN [words], NaN = left out
    const int64[::1] word_offsets,         # IN [items + 1]
    double[::1] z,                         # OUT [words], 0 where left out or where the feature does not vary
):
    """(feature - mean) / population standard deviation within each item (paper Eq. 1)."""
    cdef Py_ssize_t item, n_items = word_offsets.shape[0] - 1
    with nogil:
        for item in range(n_items):
            standardise(
                &feature[0] + word_offsets[item], word_offsets[item + 1] - word_offsets[item], SAME,
                &z[0] + word_offsets[item],
            )


def weighted_scores(
    const double[::1] z_pitch,             # IN [words]
    const double[::1] z_energy,            # IN [words]
    const double[::1] z_duration,          # IN [words]
    const double weight_pitch,
    const double weight_energy,
    const double weight_duration,
    double[::1] score,                     # OUT [words]
):
    """Weighted sum of the three z-scores (paper Eq. 2)."""
    cdef Py_ssize_t word
    with nogil:
        for word in range(score.shape[0]):
            score[word] = (
                weight_pitch * z_pitch[word] + weight_energy * z_energy[word] + weight_duration * z_duration[word]
            )


def top_words(
    const double[::1] score,               # IN [words], finite
    const int64[::1] word_offsets,         # IN [items + 1], at least one word each
    int64[::1] top,                        # OUT [items], index within the item
    int64[::1] first,                      # OUT [items], of the emphasis segment
    int64[::1] last,                       # OUT [items], inside the segment
):
    """The word with the highest score (ties: first) and its two neighbours, clipped at the ends."""
    cdef Py_ssize_t item, n_items = word_offsets.shape[0] - 1
    cdef int64 count
    with nogil:
        for item in range(n_items):
            count = word_offsets[item + 1] - word_offsets[item]
            top[item] = top_word(&score[0] + word_offsets[item], count)
            first[item] = max(top[item] - 1, 0)
            last[item] = min(top[item] + 1, count - 1)
