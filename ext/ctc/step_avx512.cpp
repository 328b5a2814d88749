#include "simd/widths.h"
#if SIMD_X86
#define SIMD_BYTES 64
#include "ctc/step_states.h"

const ctc::Step ctc::step_avx512 = ctc::step_states;
#endif
