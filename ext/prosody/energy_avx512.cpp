#include "simd/widths.h"
#if SIMD_X86
#define SIMD_BYTES 64
#include "prosody/energy_frames.h"

const prosody::FrameEnergies prosody::frame_energies_avx512 = prosody::energies;
#endif
