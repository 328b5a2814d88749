// The best path of a CTC model's emissions through a given sequence of labels (Viterbi), exact.
//
// Between labels, before the first and after the last stands a gap of blanks, which a path may skip unless the labels on
// both sides are the same. gap[j] precedes label[j]; gap[n_labels] follows the last. In a frame a path stays, goes from
// gap[j] to label[j], from label[j - 1] to gap[j], or from label[j - 1] to label[j]; of equal paths the one that stays, then
// the one that comes out of the gap is kept.
//
// Only states that lie on some whole path are looked at. The scores of all frames are kept for one block; of the blocks
// before it those at their beginning are, and they are run again on the way back, near the path alone. So memory grows
// with n_labels * sqrt(n_frames), and time with their product.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "ctc/step.h"

namespace ctc {

using std::ptrdiff_t;
using int64 = long long;   // as NumPy's

constexpr ptrdiff_t kRoom = 1 << 15;   // scores of a block at least: half of what a small second cache holds
constexpr double kNever = -std::numeric_limits<double>::infinity();

struct Emissions {
    const float* log_p;   // [n_frames, n_classes]
    ptrdiff_t n_frames, n_classes;
};

class Path {
public:
    Path(const Emissions& emissions, const int64* labels, ptrdiff_t n_labels, int64 blank, Step step)
        : emissions_(emissions), labels_(labels), n_labels_(n_labels), blank_(blank), step_(step), size_(2 * (n_labels + 2)),
          classes_(labels, labels + n_labels), barred_(n_labels) {
        for (ptrdiff_t j = 0; j < n_labels; ++j) barred_[j] = j > 0 && labels[j] != labels[j - 1] ? 0 : kNever;
        block_ = std::max(kRoom / size_, ptrdiff_t(4 * std::sqrt(double(emissions.n_frames))));
        block_ = std::max<ptrdiff_t>(1, std::min(block_, emissions.n_frames - 1));
        rows_.resize((block_ + 1) * size_, kNever);
    }

    // Frames [first, last) of each label and the sum of its log-probabilities there; returns the sum over the whole path,
    // -infinity where no path exists.
    double find(int64* first, int64* last, double* score) {
        const ptrdiff_t n_frames = emissions_.n_frames, n_blocks = (n_frames - 1 + block_ - 1) / block_;
        gap(0)[0] = frame(0)[blank_];   // a path begins in the first gap or in the first label
        label(0)[0] = frame(0)[labels_[0]];
        std::vector<double> kept;       // [blocks, size], the scores that each begins with
        ptrdiff_t row = 0;
        for (ptrdiff_t block = 0; block < n_blocks; ++block) {
            std::copy_n(&rows_[row * size_], size_, rows_.begin());
            kept.insert(kept.end(), rows_.begin(), rows_.begin() + size_);
            row = run(block, 0, n_labels_);
        }
        bool in_gap = gap(row)[n_labels_] > label(row)[n_labels_ - 1];
        const double total = in_gap ? gap(row)[n_labels_] : label(row)[n_labels_ - 1];
        if (!(total > kNever)) return total;
        for (ptrdiff_t j = 0; j < n_labels_; ++j) first[j] = -1, score[j] = 0;
        ptrdiff_t at = in_gap ? n_labels_ : n_labels_ - 1;   // which label, or the gap before which
        for (ptrdiff_t block = n_blocks - 1; block >= 0; --block) {
            if (block < n_blocks - 1) {
                std::copy_n(&kept[block * size_], size_, rows_.begin());
                run(block, std::max<ptrdiff_t>(0, at - block_ - 1), at);
            }
            for (ptrdiff_t t = end_of(block) - 1; t >= begin_of(block); --t) {
                if (!in_gap) note(t, at, first, last, score);
                back(t - begin_of(block), at, in_gap);
            }
        }
        if (!in_gap) note(0, at, first, last, score);
        return total;
    }

private:
    ptrdiff_t begin_of(ptrdiff_t block) const { return 1 + block * block_; }
    ptrdiff_t end_of(ptrdiff_t block) const { return std::min(begin_of(block) + block_, emissions_.n_frames); }
    const float* frame(ptrdiff_t t) const { return emissions_.log_p + t * emissions_.n_classes; }

    // A row holds the scores after a frame: label[-1 ... n_labels], the outer two never reached, and gap[0 ... n_labels + 1].
    double* label(ptrdiff_t row) { return &rows_[row * size_ + 1]; }
    double* gap(ptrdiff_t row) { return &rows_[row * size_ + n_labels_ + 2]; }

    void note(ptrdiff_t t, ptrdiff_t at, int64* first, int64* last, double* score) const {
        if (first[at] < 0) last[at] = t + 1;
        first[at] = t;
        score[at] += frame(t)[labels_[at]];
    }

    // The state that the best path into this one was in, a row before.
    void back(ptrdiff_t row, ptrdiff_t& at, bool& in_gap) {
        const double stays = in_gap ? gap(row)[at] : label(row)[at], skips = label(row)[at - 1];
        if (in_gap) {
            if (skips > stays) in_gap = false, --at;
            return;
        }
        const double comes = gap(row)[at];
        if (skips + barred_[at] > std::max(stays, comes)) --at;
        else in_gap = comes > stays;
    }

    // The frames of a block, over labels and gaps from `low` to `high`, from row 0 on; returns the last row.
    ptrdiff_t run(ptrdiff_t block, ptrdiff_t low, ptrdiff_t high) {
        const ptrdiff_t n_frames = emissions_.n_frames;
        if (low > 0) label(0)[low - 1] = kNever;
        ptrdiff_t row = 0;
        for (ptrdiff_t t = begin_of(block); t < end_of(block); ++t, ++row) {
            // a path gains a label a frame at most: the others cannot be reached by now, or not leave in time
            const ptrdiff_t from = std::max(low, n_labels_ - (n_frames - t)), to = std::min(high, t + 1);
            const ptrdiff_t end = std::min(to + 1, n_labels_);
            step_(label(row), gap(row), barred_.data(), classes_.data(), frame(t), blank_, from, end, label(row + 1),
                  gap(row + 1));
            if (to == n_labels_)
                gap(row + 1)[to] = std::max(gap(row)[to], label(row)[to - 1]) + double(frame(t)[blank_]);
            label(row + 1)[from - 1] = label(row + 1)[end] = gap(row + 1)[to + 1] = kNever;   // what the next frame may look at
        }
        return row;
    }

    Emissions emissions_;
    const int64* labels_;
    ptrdiff_t n_labels_;
    int64 blank_;
    Step step_;
    ptrdiff_t size_;                 // of a row
    ptrdiff_t block_;                // frames
    std::vector<int> classes_;       // of each label
    std::vector<double> barred_;     // 0 where the label may follow its predecessor directly, else -infinity
    std::vector<double> rows_;       // [block + 1, size]
};

}  // namespace ctc
