"""Counts and backgrounds of ctools: masks of the counts, background rates, live times.

Format: each cube is an image without a unit. Beside it is a table EBOUNDS with bins of energy, or
for backgrounds ENERGIES with nodes.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....exceptions import DataWarning, FileFormatError
from ....maps.axes import same_axis
from ....maps.value_warnings import warn_of_extrapolation
from ....schema.warning_place import user_stacklevel
from ....schema.written_units.parsing import without_events
from ...fits.cubes import Cube
from ...fits.derived_cubes import CombinedCube, scaled_cube
from ...fits.files import FitsFile
from ...fits.rate_cubes import IntegratedRateCube
from ...fits.reading.skymaps import read_skymap
from ...fits.skymap import SkyMap
from ...fits.units import parse_unit, remedy_for, unit_factor

__all__ = [
    "RATE_UNIT",
    "counts_of_rate",
    "is_background_rate",
    "is_ctbkgcube",
    "masks_of_counts",
    "warn_of_other_livetime",
]

RATE_UNIT = "s-1 MeV-1 sr-1"  # of ctbkgcube, which does not write a unit
_WEIGHTS = "WEIGHTS"  # image beside the counts: selected share of each pixel
_IMAGE = "IMAGE"  # name that GammaLib gives an image without another name

# Share by which the live times of an exposure and of counts of the same observations may differ.
# Both are sums over observations, equal to 7 digits. Ten times larger, the exposure of another
# observation could pass, and with it fluxes that are wrong by 10 %.
_SAME_TIME = 0.01


def masks_of_counts(file: FitsFile, counts: SkyMap) -> list[SkyMap]:
    """Return the masks that ctools writes with counts: weights above 0, and counts from 0.

    ctcubemask sets the counts of pixels that it leaves out to -1, and keeps their weights.
    """
    masks = [read_skymap(file, [_WEIGHTS])] if _WEIGHTS in file else []
    creator = file[counts.hdu].header.get("CREATOR") if counts.hdu in file else None
    if masks or creator == "GammaLib":
        cube = CombinedCube((counts.cube,), np.dtype(bool), _from_zero)
        masks.append(replace(counts, cube=cube, unit=None))
    return masks


def _from_zero(values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(values >= 0)


def is_ctbkgcube(file: FitsFile, image: SkyMap) -> bool:
    """Whether ctbkgcube wrote an image: rates at nodes, or in older files in bins of EBOUNDS.

    Cubes of counts, of ctbin, ctmodel and the Fermi tools, also have EBOUNDS. They have another
    name, and good time intervals beside them.

    Raises
    ------
    FileFormatError
        If it is an exposure, which has nodes too, but good time intervals beside them.
    """
    if image.unit is not None:
        return False
    counts = any(name in file for name in ("GTI", "COUNTS", _WEIGHTS))
    if counts and is_background_rate(image):
        raise FileFormatError(
            f"{image.label} has values at energies, no unit, and good time intervals as exposures "
            f"have, expected a background; give the right file, or its unit if it is a rate: "
            f"xprofile.open_map(path, unit={RATE_UNIT!r})"
        )
    return is_background_rate(image) or (_is_bare(image) and "EBOUNDS" in file and not counts)


def _is_bare(image: SkyMap) -> bool:
    return image.hdu == _IMAGE and not image.has_bands


def is_background_rate(image: SkyMap) -> bool:
    """Whether a background is a rate, as ctbkgcube writes it, and not a number of counts.

    A rate has the unit of a rate. Without a unit, it has values at nodes of energy.
    """
    unit = parse_unit(image.unit, image.label, remedy_for("background"))
    if image.has_no_unit:
        return bool(image.axes) and image.axes[0].at_nodes and not image.has_bands
    return bool(without_events(unit).is_equivalent(RATE_UNIT))


def counts_of_rate(cube: Cube, image: SkyMap, counts: SkyMap, livetime: float | None) -> Cube:
    """Return the background counts of a rate.

    Parameters
    ----------
    cube : Cube
        Rate at the nodes of `image`, on the pixels of the counts.
    image : SkyMap
        Map of the rate, which gives energies and unit.
    counts : SkyMap
        Map of the counts, which gives bins and pixels.
    livetime : float or None
        Live time in s.

    Raises
    ------
    FileFormatError
        If the live time is not known.

    Warns
    -----
    DataWarning
        If the rate is not known at the energies of the counts.
    """
    if livetime is None:
        raise FileFormatError(
            f"{image.label} is a background rate, and no header has a LIVETIME for it; give an "
            "exposure of ctexpcube, which has one, or livetime=..., a Quantity of time"
        )
    factor = unit_factor(image.unit or RATE_UNIT, "s-1 TeV-1 sr-1", image.label)
    rate = scaled_cube(cube, factor, np.dtype(float))
    axis, bins = image.axes[0], counts.axes[0]
    whole_bins = _is_bare(image) and not axis.at_nodes and same_axis(axis.edges, bins.edges)
    nodes = None if whole_bins else axis.centres
    warn_of_extrapolation(image.label, axis.edges, bins.centres, "or make it again with ctbkgcube")
    return IntegratedRateCube(rate, nodes, bins.edges, counts.grid, livetime)


def warn_of_other_livetime(exposure: SkyMap, counts: SkyMap) -> None:
    """Warn if an exposure cube of ctools and the counts have live times that differ.

    Warns
    -----
    DataWarning
        If they differ by more than 1 %.
    """
    times = exposure.livetime, counts.livetime
    if exposure.unit is not None or not exposure.axes or not all(times):
        return
    found, expected = map(float, filter(None, times))
    if abs(found - expected) > _SAME_TIME * expected:
        warnings.warn(
            f"{exposure.label} has the LIVETIME {found:.6g} s, expected {expected:.6g} s as in "
            f"{counts.label}: fluxes, and backgrounds of a rate, are off by the ratio "
            f"{found / expected:.3g} unless one of the two cards is wrong; make the exposure cube "
            "of the observations of the counts",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
