#define SIMD_BYTES 16
#include "ctc/step_states.h"

const ctc::Step ctc::step_scalar = ctc::step_states;
