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
    Buffer decimated, forward, heard, blocks, edges, tails, contour, raw, near, ring, tried, exact, refined, pruned, base, steady, sections, extension, extension_from, merged, smooth;
};

Workspace& workspace();               // this thread's

}  // namespace harvest
