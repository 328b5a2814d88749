#include "simd/widths.h"
#if SIMD_X86
#define SIMD_BYTES 32
#include "prosody/energy_frames.h"

const prosody::FrameEnergies prosody::frame_energies_avx2 = prosody::energies;
#endif
