#define SIMD_BYTES 16
#include "prosody/energy_frames.h"

const prosody::FrameEnergies prosody::frame_energies_scalar = prosody::energies;
