#include "prosody/energy.h"

#include "simd/widths.h"

namespace prosody {

FrameEnergies frame_energies(int width) {
#if SIMD_X86
    if (width == simd::kAvx2) return frame_energies_avx2;
    if (width == simd::kAvx512) return frame_energies_avx512;
#endif
    return frame_energies_scalar;
}

}  // namespace prosody
