"""What each result of a profile rests on, as CF flags."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .schema import PROFILE, STATUS_ATTRS, STATUS_FLAGS, data_array

__all__ = ["status_flags"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]


def status_flags(
    values: dict[str, Float],
    coverage: Float,
    solid_angle: Float,
    no_energy_bins: Bool,
    low_coverage: Bool,
) -> xr.Variable:
    """Make the ``status`` variable, dims (projected_distance, energy), 0 where all is well.

    Parameters
    ----------
    values : dict
        Results of `xprofile.solve.solve`, each (nbin, ngroup).
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
    xarray.Variable
        With ``flag_masks`` and ``flag_meanings``.
    """
    pixels, covered = (solid_angle > 0)[:, None], coverage > 0
    signal = values["_signal"] > 0
    present = {
        "no_pixels": ~pixels,
        "masked": pixels & ~covered & ~no_energy_bins,
        "no_exposure": covered & ~signal,
        "zero_counts": covered & (values["counts"] == 0),
        "best_fit_at_boundary": values["_kinked"] > 0,
        "unbounded_interval": signal & (values["_pulling"] == 0),
        "no_energy_bins": no_energy_bins,
        "low_coverage": low_coverage,
    }
    flags = np.zeros(coverage.shape, np.int16)
    for name, where in present.items():
        flags |= np.where(where, np.int16(STATUS_FLAGS[name]), np.int16(0))
    status = data_array("status", flags, PROFILE)
    status.attrs |= STATUS_ATTRS
    return status
