#include "simd/widths.h"
#if SIMD_X86
#define SIMD_BYTES 32
#include "ctc/step_states.h"

const ctc::Step ctc::step_avx2 = ctc::step_states;
#endif
