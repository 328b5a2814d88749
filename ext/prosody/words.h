// What LEMf takes of one word, and of the words of one sentence. Times are whole microseconds.
#pragma once

#include <algorithm>
#include <cmath>

namespace prosody {

using int64 = long long;

struct Span { int64 start_us, end_us; };

// Index of the first point at or after a time, of a grid that begins at 0.
inline int64 first_at(int64 time_us, int64 hop_us) { return time_us > 0 ? (time_us + hop_us - 1) / hop_us : 0; }

// Log of the largest and of the smallest voiced F0 over grid points t with start <= t < end; NaN: unvoiced.
inline void extreme_log_f0(const double* f0_hz, int64 n_frames, int64 hop_us, Span word, double* largest, double* smallest) {
    double highest = 0.0, lowest = 0.0;
    const int64 stop = std::min(first_at(word.end_us, hop_us), n_frames);
    for (int64 frame = first_at(word.start_us, hop_us); frame < stop; ++frame) {
        if (f0_hz[frame] > highest) highest = f0_hz[frame];
        if (f0_hz[frame] > 0 && (lowest == 0 || f0_hz[frame] < lowest)) lowest = f0_hz[frame];
    }
    *largest = highest > 0 ? std::log(highest) : NAN;
    *smallest = lowest > 0 ? std::log(lowest) : NAN;
}

// Mean energy of the frames whose centre the word holds; without any, the frame nearest its middle (ties: first). The centre
// of frame i lies at (i + 1) * hop_us.
inline double mean_energy(const double* energy, int64 n_frames, int64 hop_us, Span word) {
    int64 first = std::max<int64>(first_at(word.start_us, hop_us) - 1, 0);
    int64 last = std::min(first_at(word.end_us, hop_us) - 2, n_frames - 1);
    if (first > last) {
        // centre (i + 1) * hop nearest to (start + end) / 2: i + 1 = ceil((start + end) / (2 hop) - 1 / 2)
        const int64 nearest = first_at(word.start_us + word.end_us - hop_us, 2 * hop_us) - 1;
        first = last = std::min(std::max<int64>(nearest, 0), n_frames - 1);
    }
    double total = 0.0;
    for (int64 frame = first; frame <= last; ++frame) total += energy[frame];
    return total / double(last - first + 1);
}

// Mean duration in seconds of the phones begin..end-1 whose centre the word holds; none: the word's duration by its letters.
inline double phone_duration(const int64* start_us, const int64* end_us, int64 begin, int64 end, Span word, int64 letters,
                             unsigned char* guessed) {
    int64 total_us = 0, count = 0;
    for (int64 phone = begin; phone < end; ++phone) {
        const int64 centre_twice = start_us[phone] + end_us[phone];
        if (2 * word.start_us <= centre_twice && centre_twice < 2 * word.end_us) {
            total_us += end_us[phone] - start_us[phone];
            ++count;
        }
    }
    *guessed = count == 0;
    if (count == 0) total_us = word.end_us - word.start_us, count = letters;
    return double(total_us) / (double(count) * 1e6);
}

// (feature - mean) / population standard deviation; 0 where it is NaN, and everywhere if it varies by `same` or less of its
// size, which is rounding.
inline void standardise(const double* feature, int64 n_words, double same, double* z) {
    double total = 0.0, squares = 0.0, lowest = NAN, highest = NAN;
    int64 count = 0;
    for (int64 word = 0; word < n_words; ++word) {
        if (std::isnan(feature[word])) continue;
        total += feature[word];
        ++count;
        if (!(feature[word] >= lowest)) lowest = feature[word];
        if (!(feature[word] <= highest)) highest = feature[word];
    }
    const double mean = count > 0 ? total / double(count) : 0.0;
    for (int64 word = 0; word < n_words; ++word)
        if (!std::isnan(feature[word])) squares += (feature[word] - mean) * (feature[word] - mean);
    const bool varies = count > 0 && !(highest - lowest <= same * std::max(std::fabs(lowest), std::fabs(highest)));
    const double sigma = varies ? std::sqrt(squares / double(count)) : 0.0;
    for (int64 word = 0; word < n_words; ++word)
        z[word] = sigma > 0 && !std::isnan(feature[word]) ? (feature[word] - mean) / sigma : 0.0;
}

// The word with the highest score; of equal ones the first.
inline int64 top_word(const double* score, int64 n_words) {
    return std::max_element(score, score + n_words) - score;
}

}  // namespace prosody
