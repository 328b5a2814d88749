from __future__ import annotations

import numpy as np
import torch

from msftk.models.batch import make_batch


def test_batch_pads_inputs_with_zeros_and_marks_absent_vectors() -> None:
    batch = make_batch(
        ["a", "b"],
        [torch.ones(3, 2), torch.ones(5, 2)],
        {"gs": [np.ones(4, np.float32), None]},
        {"gs": 4},
    )
    assert batch.ids == ("a", "b")
    assert len(batch) == 2
    assert batch.inputs.shape == (2, 5, 2)
    assert not batch.inputs[0, 3:].any()
    assert batch.lengths.tolist() == [3, 5]
    assert batch.vectors["gs"].dtype == torch.float32
    assert batch.present["gs"].tolist() == [True, False]
    assert batch.to("cpu").present["gs"].tolist() == [True, False]
