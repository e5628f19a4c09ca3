"""Exposures in cm2 s, also those that files give as times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....exceptions import FileFormatError, InvalidOptionError
from ....schema.variables import MAPS
from ...fits.cubes import Cube
from ...fits.derived_cubes import ScaledPlanes
from ...fits.skymap import SkyMap
from ...fits.units import parse_unit, unit_factor

__all__ = ["check_exposure_unit", "exposure_of_time"]

Float = NDArray[np.float64]
_COUNTS = "COUNTS"  # image of events in ctools
_AREA = "give effective_area=, such as 500 * u.cm**2"


def exposure_of_time(cube: Cube, image: SkyMap, area: Float, size: int) -> Cube:
    """Return an exposure in cm2 s from one in s, which is the unit if the file names none.

    Parameters
    ----------
    cube : Cube
        Times, (size, ny, nx), or (1, ny, nx) of an image of one band.
    image : SkyMap
        Map of the times, which gives the unit.
    area : numpy.ndarray
        Effective area in cm2: one value, or one for each energy.
    size : int
        Number of true energies.

    Raises
    ------
    FileFormatError
        If the map is not one of times.
    InvalidOptionError
        If there are more or fewer areas than energies.
    """
    if area.size not in (1, size):
        raise InvalidOptionError(
            f"effective_area has {area.size} values, expected one, or one for each of the {size} "
            f"energies of {image.label}"
        )
    unit = image.unit or "s"
    if not parse_unit(unit, image.label).is_equivalent("s"):
        raise FileFormatError(
            f"{image.label} has the unit {image.unit!r}, expected a time, as effective_area is "
            "given; leave effective_area out, or give unit={'exposure': 's'} if the unit is wrong"
        )
    areas = np.broadcast_to(area, size)
    if image.band is not None:
        areas = areas[[image.band]]
    return ScaledPlanes(cube, areas * unit_factor(unit, "s", image.label))


def check_exposure_unit(image: SkyMap) -> None:
    """Raise if an exposure is a time, or has no unit and is an image or holds counts."""
    if image.unit is None and (not image.axes or image.given_energies):
        raise FileFormatError(
            f"{image.label} has no unit, and an image of an exposure has no usual one: give "
            f"exposure_unit={MAPS['exposure'].unit!r}; for a time, {_AREA}"
        )
    if image.unit is None and (image.hdu == _COUNTS or image.cube.dtype.kind in "iu"):
        raise FileFormatError(
            f"{image.label} has no unit, and holds numbers of events by its name or its type "
            f"{image.cube.dtype}, expected an exposure; give the right file, or if it is one, "
            f"exposure_unit={MAPS['exposure'].unit!r}"
        )
    if image.unit is not None and parse_unit(image.unit, image.label).is_equivalent("s"):
        raise FileFormatError(
            f"{image.label} has the unit {image.unit!r} of a time, expected one like "
            f"{MAPS['exposure'].unit!r}; {_AREA}"
        )
