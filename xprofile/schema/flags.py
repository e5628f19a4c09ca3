"""Status flags of a profile, as CF flags."""

from __future__ import annotations

from typing import Final

import numpy as np

STATUS_FLAGS: Final = {
    "no_pixels": 1,
    "masked": 2,
    "no_exposure": 4,
    "zero_counts": 8,
    "best_fit_at_boundary": 16,
    "unbounded_interval": 32,
    "no_energy_bins": 64,
    "low_coverage": 128,
}

STATUS_ATTRS: Final = {
    "standard_name": "quality_flag",
    "flag_masks": np.array(list(STATUS_FLAGS.values()), dtype=np.int16),
    "flag_meanings": " ".join(STATUS_FLAGS),
}
