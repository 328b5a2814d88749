# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""LEMf over ragged batches: frame energy, word features, z-scores, scores, top words (DESIGN section 4).

A ragged batch is flat values and int64 offsets [items + 1]: item i owns values[offsets[i]:offsets[i + 1]]. Buffers are
marked IN or OUT; the caller allocates the OUT ones. Times are whole microseconds. Nothing here allocates, keeps state or
holds the GIL, and every sum runs in the order of the data, so an item's bits do not depend on the batch around it.
"""

from libc.math cimport NAN, fabs, isnan, log, sqrt

ctypedef fused sample:
    float
    double

cdef double SAME = 1e-9  # a relative spread below this is rounding noise, no variation


def frame_energy(
    const sample[::1] samples,             # IN
    const long long[::1] sample_offsets,   # IN [items + 1]
    const double[::1] window,              # IN [N], N even
    const long long hop,                   # samples
    const long long[::1] frame_offsets,    # IN [items + 1]: 1 + max(0, (samples - N) // hop) frames each
    double[::1] energy,                    # OUT [frames]
):
    """L2 norm of each windowed frame's one-sided spectrum magnitude; an item shorter than N is padded with zeros.

    By Parseval sum_{k=0..N/2} |X_k|^2 = (N sum x^2 + X_0^2 + X_{N/2}^2) / 2, so no FFT is needed.
    """
    cdef Py_ssize_t item, frame, n_items = sample_offsets.shape[0] - 1
    cdef long long begin
    with nogil:
        for item in range(n_items):
            begin = sample_offsets[item]
            for frame in range(frame_offsets[item], frame_offsets[item + 1]):
                energy[frame] = _energy(samples, begin, sample_offsets[item + 1], window)
                begin += hop


cdef double _energy(
    const sample[::1] samples, long long begin, long long end, const double[::1] window
) noexcept nogil:
    cdef Py_ssize_t n, size = window.shape[0]
    cdef double x, power = 0.0, even = 0.0, odd = 0.0
    for n in range(min(<long long> size, end - begin)):
        x = window[n] * samples[begin + n]
        power += x * x
        if n % 2 == 0:
            even += x
        else:
            odd += x
    # X_0 = even + odd, X_{N/2} = even - odd
    return sqrt((size * power + (even + odd) * (even + odd) + (even - odd) * (even - odd)) / 2)


def word_log_f0(
    const double[::1] f0_hz,               # IN, 0 = unvoiced; grid point i of an item lies at i * hop_us
    const long long[::1] frame_offsets,    # IN [items + 1]
    const long long hop_us,
    const long long[::1] start_us,         # IN [words]
    const long long[::1] end_us,           # IN [words]
    const long long[::1] word_offsets,     # IN [items + 1]
    double[::1] log_f0,                    # OUT [words], NaN = unvoiced
):
    """Log of the largest F0 over grid points t with start <= t < end."""
    cdef Py_ssize_t item, word, n_items = word_offsets.shape[0] - 1
    cdef long long frame, n_frames
    cdef double highest
    with nogil:
        for item in range(n_items):
            n_frames = frame_offsets[item + 1] - frame_offsets[item]
            for word in range(word_offsets[item], word_offsets[item + 1]):
                highest = 0.0
                for frame in range(_first_at(start_us[word], hop_us), min(_first_at(end_us[word], hop_us), n_frames)):
                    highest = max(highest, f0_hz[frame_offsets[item] + frame])
                log_f0[word] = log(highest) if highest > 0 else NAN


cdef inline long long _first_at(long long time_us, long long hop_us) noexcept nogil:
    """Index of the first grid point at or after a time."""
    return (time_us + hop_us - 1) // hop_us if time_us > 0 else 0


def word_energy(
    const double[::1] energy,              # IN; the centre of an item's frame i lies at (i + 1) * hop_us
    const long long[::1] frame_offsets,    # IN [items + 1], at least one frame each
    const long long hop_us,
    const long long[::1] start_us,         # IN [words]
    const long long[::1] end_us,           # IN [words]
    const long long[::1] word_offsets,     # IN [items + 1]
    double[::1] mean_energy,               # OUT [words]
):
    """Mean energy of the frames whose centre the word holds; without any, the frame nearest its middle (ties: first)."""
    cdef Py_ssize_t item, word, n_items = word_offsets.shape[0] - 1
    cdef long long frame, first, last, n_frames
    cdef double total
    with nogil:
        for item in range(n_items):
            n_frames = frame_offsets[item + 1] - frame_offsets[item]
            for word in range(word_offsets[item], word_offsets[item + 1]):
                first = max(_first_at(start_us[word], hop_us) - 1, 0)
                last = min(_first_at(end_us[word], hop_us) - 2, n_frames - 1)
                if first > last:
                    # centre (i + 1) * hop nearest to (start + end) / 2: i + 1 = ceil((start + end) / (2 hop) - 1 / 2)
                    first = _first_at(start_us[word] + end_us[word] - hop_us, 2 * hop_us) - 1
                    first = last = min(max(first, 0), n_frames - 1)
                total = 0.0
                for frame in range(first, last + 1):
                    total += energy[frame_offsets[item] + frame]
                mean_energy[word] = total / (last - first + 1)


def word_phone_duration(
    const long long[::1] phone_start_us,   # IN [phones], spoken phones only
    const long long[::1] phone_end_us,     # IN [phones]
    const long long[::1] phone_offsets,    # IN [items + 1]
    const long long[::1] start_us,         # IN [words]
    const long long[::1] end_us,           # IN [words]
    const long long[::1] letters,          # IN [words], at least 1 each
    const long long[::1] word_offsets,     # IN [items + 1]
    double[::1] duration_s,                # OUT [words]
    unsigned char[::1] guessed,            # OUT [words], 1 = no phone, word duration / letters
):
    """Mean duration of the phones whose centre the word holds."""
    cdef Py_ssize_t item, word, phone, n_items = word_offsets.shape[0] - 1
    cdef long long total_us, count, centre_twice
    with nogil:
        for item in range(n_items):
            for word in range(word_offsets[item], word_offsets[item + 1]):
                total_us = count = 0
                for phone in range(phone_offsets[item], phone_offsets[item + 1]):
                    centre_twice = phone_start_us[phone] + phone_end_us[phone]
                    if 2 * start_us[word] <= centre_twice < 2 * end_us[word]:
                        total_us += phone_end_us[phone] - phone_start_us[phone]
                        count += 1
                guessed[word] = count == 0
                if count == 0:
                    total_us = end_us[word] - start_us[word]
                    count = letters[word]
                duration_s[word] = <double> total_us / (count * 1_000_000.0)


def z_scores(
    const double[::1] feature,             # IN [words], NaN = left out
    const long long[::1] word_offsets,     # IN [items + 1]
    double[::1] z,                         # OUT [words], 0 where left out or where the feature does not vary
):
    """(feature - mean) / population standard deviation within each item (paper Eq. 1)."""
    cdef Py_ssize_t item, word, n_items = word_offsets.shape[0] - 1
    cdef double total, lowest, highest, mean, squares, sigma
    cdef long long count
    with nogil:
        for item in range(n_items):
            total = squares = 0.0
            count = 0
            lowest, highest = NAN, NAN
            for word in range(word_offsets[item], word_offsets[item + 1]):
                if isnan(feature[word]):
                    continue
                total += feature[word]
                count += 1
                if not feature[word] >= lowest:
                    lowest = feature[word]
                if not feature[word] <= highest:
                    highest = feature[word]
            mean = total / count if count > 0 else 0.0
            for word in range(word_offsets[item], word_offsets[item + 1]):
                if not isnan(feature[word]):
                    squares += (feature[word] - mean) * (feature[word] - mean)
            sigma = sqrt(squares / count) if count > 0 else 0.0
            if count == 0 or highest - lowest <= SAME * max(fabs(lowest), fabs(highest)):
                sigma = 0.0
            for word in range(word_offsets[item], word_offsets[item + 1]):
                z[word] = (feature[word] - mean) / sigma if sigma > 0 and not isnan(feature[word]) else 0.0


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
    const long long[::1] word_offsets,     # IN [items + 1], at least one word each
    long long[::1] top,                    # OUT [items], index within the item
    long long[::1] first,                  # OUT [items], of the emphasis segment
    long long[::1] last,                   # OUT [items], inside the segment
):
    """The word with the highest score (ties: first) and its two neighbours, clipped at the ends."""
    cdef Py_ssize_t item, word, best, n_items = word_offsets.shape[0] - 1
    with nogil:
        for item in range(n_items):
            best = word_offsets[item]
            for word in range(best + 1, word_offsets[item + 1]):
                if score[word] > score[best]:
                    best = word
            top[item] = best - word_offsets[item]
            first[item] = max(top[item] - 1, 0)
            last[item] = min(top[item] + 1, word_offsets[item + 1] - word_offsets[item] - 1)
