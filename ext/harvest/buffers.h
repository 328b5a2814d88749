// Memory of one thread: it only grows, so a frame never allocates.
#pragma once

#include <cstddef>
#include <cstdint>

namespace harvest {

struct Buffer {
    void* memory = nullptr;
    std::size_t bytes = 0;
    Buffer() = default;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer();
    void* need(std::size_t wanted);   // at least so many bytes on a 64-byte line; what was in the buffer stays
};

struct Workspace {
    Buffer decimated, forward, block, spectra, edges, tails, contour;                 // to the candidates
    Buffer raw, near, ring, bins, exact, refined, pruned;                             // candidates and their refinement
    Buffer base, steady, sections, extension, extension_from, merged, smooth;         // to the contour
};

Workspace& workspace();               // this thread's

}  // namespace harvest
