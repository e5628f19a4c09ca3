"""What each result of a profile rests on, as CF flags."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..schema.flags import STATUS_FLAGS

__all__ = ["limit_flags", "status_flags"]

Float = NDArray[np.float64]

Bool = NDArray[np.bool_]


def status_flags(
    values: dict[str, Float],
    coverage: Float,
    solid_angle: Float,
    no_energy_bins: Bool,
    low_coverage: Bool,
) -> NDArray[np.int16]:
    """Flags of each bin and energy group, 0 where all is well.

    Parameters
    ----------
    values : dict
        Results of `xprofile.estimation.solve.solve`, each (..., nbin, ngroup), and
        ``counts``, which may have data sets before these.
    coverage : numpy.ndarray
        Used share of the solid angle, (nbin, ngroup).
    solid_angle : numpy.ndarray
        Of the bins, (nbin,).
    no_energy_bins : numpy.ndarray of bool
        Whether an energy group has no fine bin, (ngroup,).
    low_coverage : numpy.ndarray of bool
        Whether a bin is left out because too little of it was seen, (nbin, ngroup).

    Returns
    -------
    numpy.ndarray
        (..., nbin, ngroup).
    """
    pixels, covered = (solid_angle > 0)[:, None], coverage > 0
    signal = values["_signal"] > 0
    none = values["counts"] == 0
    present = {
        "no_pixels": ~pixels,
        "masked": pixels & ~covered & ~no_energy_bins,
        "no_exposure": covered & ~signal,
        "zero_counts": covered & (none.all(axis=0) if none.ndim > signal.ndim else none),
        "best_fit_at_boundary": values["_at_boundary"] > 0,
        "unbounded_interval": values["_unbounded"] > 0,
        "no_energy_bins": no_energy_bins,
        "low_coverage": low_coverage,
    }
    flags = np.zeros(signal.shape, np.int16)
    for name, where in present.items():
        flags |= np.where(where, np.int16(STATUS_FLAGS[name]), np.int16(0))
    return flags


def limit_flags(value: Float, sqrt_ts: Float, limit: Float | None, threshold: float) -> Bool:
    """Which bins are to be quoted as upper limits, of arrays of the same shape."""
    if limit is None:
        return np.isnan(value)
    return np.asarray((sqrt_ts < threshold) & ~np.isnan(limit))
