// One build of the kernel: a kernel_*.cpp chooses HARVEST_BYTES and the compiler's target, then includes this.
//
// The standard headers stand outside the target, so that no function they share with other files is built for it.
namespace harvest {

#include "simd.h"
#include "fft.h"
#include "decimate.h"
#include "nyquist.h"
#include "bank.h"
#include "contour.h"
#include "refine.h"
#include "spread.h"
#include "rows.h"
#include "prune.h"
#include "track.h"
#include "merge.h"
#include "smooth.h"
#include "signal.h"
#include "find.h"
#include "run.h"
#include "stages.h"

extern const Kernel HARVEST_KERNEL;
const Kernel HARVEST_KERNEL = {
    HARVEST_NAME, HARVEST_BYTES * 8, run_float, run_double, decimate_stage, filter_stage, candidates_stage, refine_stage,
    prune_stage, track_stage, smooth_stage,
};

}  // namespace harvest
