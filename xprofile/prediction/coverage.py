"""Warnings of parts of the sky and of energies that a template does not cover."""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import DataWarning, InvalidDataError
from ..maps.grid import AnyGrid, as_planes
from ..maps.pixelgrid import PixelGrid
from ..schema.number_checks import is_used
from ..schema.warning_place import user_stacklevel
from .spectra import EnergyAxes
from .templates import Template

__all__ = ["warn_of_coverage", "warn_of_energies"]

Float = NDArray[np.float64]

# Share of a pixel that may be missing for it to count as covered; far above rounding, and far below
# the part of a pixel that matters. Ten times larger or smaller changes the share that a warning
# names by less than that.
_MISSING = 1e-3

# Relative difference of energies up to which they are the same; files round to six digits. Ten
# times larger, a percent of an energy bin would be extrapolated in silence.
_SAME_ENERGY = 1e-5


def warn_of_energies(template: Template, axes: EnergyAxes) -> None:
    """Warn if the energies of a cube do not reach as far as those of the maps."""
    (low, high), (first, last) = template.ends, axes.ends()
    if low <= first * (1 + _SAME_ENERGY) and high >= last * (1 - _SAME_ENERGY):
        return
    warnings.warn(
        f"the template has energies from {low:.4g} to {high:.4g} TeV, and the photons of the maps "
        f"from {first:.4g} to {last:.4g} TeV: beyond its energies, its spectrum is continued as a "
        "power law",
        DataWarning,
        stacklevel=user_stacklevel(),
    )


def warn_of_coverage(template: Template, maps: xr.Dataset, grid: AnyGrid, covered: Float) -> None:
    """Warn of used pixels that a template does not cover."""
    used = grid.on_sky.copy() if isinstance(grid, PixelGrid) else np.ones(grid.shape, bool)
    if "mask" in maps and not maps["mask"].chunks:
        used &= is_used(as_planes(maps.variables["mask"]).to_numpy()).any(axis=0)
    missing = used & (covered < 1 - _MISSING)
    if not missing.any():
        return
    if not (used & (covered > 0)).any():
        raise InvalidDataError(
            f"the template {template.name} covers no used pixel of the maps, or is NaN there; "
            "check its pixels and frame"
        )
    warnings.warn(
        f"the template {template.name} does not cover {np.count_nonzero(missing)} of "
        f"{np.count_nonzero(used)} used pixels of the maps, or is NaN there: its brightness is 0 "
        "beyond its edge",
        DataWarning,
        stacklevel=user_stacklevel(),
    )
