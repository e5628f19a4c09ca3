"""Light that the PSF carries into the bins from outside of them, which a fit does not know."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import DataWarning
from ...schema.names import MARGIN
from ...schema.warning_place import user_stacklevel
from .fitting.rows import DataRows
from .light import SpreadLight
from .outcome import Outcome

__all__ = ["warn_of_light_outside"]

Float = NDArray[np.float64]

# Counts from outside, in units of the scatter of all counts of the bins that get them, from which a
# warning says so. Below, fits are off by less than their errors. With ten times as much, an even
# brightness would be fitted too high at the ends without a word; with a tenth, faint tails warn.
_SILENT = 1.0

# Test statistic from which a shape is significant, 5 sigma. The shapes of fainter sources often go
# on beyond the bins, within large errors.
_SIGNIFICANT = 25.0


def warn_of_light_outside(
    datasets: Sequence[xr.Dataset], data: DataRows, at: Float, outcomes: Sequence[Outcome]
) -> None:
    """Warn if a shape goes on beyond the bins, so that its light gets into them.

    By symmetry, about as much light gets in at an end as the shape would lose there, if it were as
    bright as at this end.

    Parameters
    ----------
    datasets, data
        Binned data, and their rows.
    at : numpy.ndarray
        Distances of the curve of the brightness, ascending, (n,).
    outcomes : sequence of Outcome
        Fits. Those without counts, or of shapes that are not significant, do not count.
    """
    known = [
        one for one in outcomes
        if one.numbers["ts"] > _SIGNIFICANT and np.nansum(one.arrays["counts"]) > 0
    ]  # fmt: skip
    if not known or not at.size:
        return
    chosen = max(known, key=lambda one: abs(np.nan_to_num(one.arrays["brightness"][-1])))
    bright, counts = np.nan_to_num(chosen.arrays["brightness"]), chosen.arrays["counts"]
    gained, scatter = 0.0, 1.0
    for dataset, light in zip(datasets, data.lights, strict=True):
        if not isinstance(light, SpreadLight) or MARGIN in dataset.coords:
            continue
        middle = (light.places.at.min() + light.places.at.max()) / 2
        ends = {-1: light.places.at > middle}
        if not light.from_zero:
            ends[0] = light.places.at <= middle
        for end, inside in ends.items():
            found = abs(float(bright[end])) * float(light.lost[inside].sum())
            if found > gained:
                gained = found
                scatter = float(np.sqrt(max(np.nansum(counts) / max(counts.size, 1), 1)))
    if gained > _SILENT * scatter:
        warnings.warn(
            f"the shape goes on beyond the bins: the PSF carries about {gained:.3g} of its counts "
            "into them from there, which the fit does not know. Bin the maps with margin=, or in "
            "bins that reach farther",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
