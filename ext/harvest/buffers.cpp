#include "harvest/buffers.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace harvest {

Buffer::~Buffer() { std::free(memory); }

void* Buffer::need(std::size_t wanted) {
    if (wanted <= bytes) return memory;
    std::size_t room = (wanted + wanted / 2 + 127) / 64 * 64;  // half as much again, so that growing in steps stays cheap
    if (wanted > (std::size_t(1) << 24)) room = (wanted + wanted / 8 + 127) / 64 * 64;
    void* larger = std::aligned_alloc(64, room);
    if (!larger) throw std::bad_alloc();
    if (memory) std::memcpy(larger, memory, bytes);
    std::free(memory);
    memory = larger;
    bytes = room;
    return memory;
}

Workspace& workspace() {
    static thread_local Workspace mine;
    return mine;
}

}  // namespace harvest
