"""New pixels round a position, in any projection that FITS has."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import BaseCoordinateFrame, SkyCoord, frame_transform_graph
from astropy.wcs import PRJ_CODES, WCS, InvalidTransformError, WcsError

from ...exceptions import InvalidOptionError
from ...maps.sphere import lonlat_deg
from ...maps.world.celestial import frame_wcs

__all__ = ["NewGrid"]

_HINT = "'icrs', 'galactic', 'fk5' or 'fk4'"


@dataclass(frozen=True, eq=False)
class NewGrid:
    """Pixels of one size round a position.

    Parameters
    ----------
    center : SkyCoord
        Centre of the grid, and reference point of the projection.
    width : Quantity or pair of Quantity
        Full width of the grid; or its width and its height.
    binsz : Quantity or pair of Quantity
        Side of a pixel at the centre; or its width and its height.
    proj : str
        Projection, by its three letters in FITS.
    frame : str or BaseCoordinateFrame
        Sky frame of the pixels.
    """

    center: Any
    width: Any
    binsz: Any
    proj: str
    frame: Any

    def wcs_and_shape(self) -> tuple[WCS, tuple[int, int]]:
        """Return the WCS, and the numbers of rows and columns.

        Raises
        ------
        InvalidOptionError
            If an option is of another type, or the frame or projection is not known.
        """
        if not isinstance(self.center, SkyCoord) or not self.center.isscalar:
            raise InvalidOptionError(
                "center must be one sky position, such as SkyCoord(83.63, 22.01, unit='deg'); "
                f"found {self.center!r}"
            )
        steps = _angles("binsz", self.binsz)
        columns, rows = (
            max(1, round(width / step))
            for width, step in zip(_angles("width", self.width), steps, strict=True)
        )
        frame = _sky_frame(self.frame)
        wcs = frame_wcs(frame, _projection(self.proj))
        wcs.wcs.crval = [float(value) for value in lonlat_deg(self.center, frame)]
        wcs.wcs.crpix = [(columns + 1) / 2, (rows + 1) / 2]
        wcs.wcs.cdelt = [-steps[0], steps[1]]
        try:
            wcs.wcs.set()
        except (WcsError, InvalidTransformError, ValueError) as error:
            raise InvalidOptionError(
                f"proj={self.proj!r} cannot be used without parameters: {error}; take another "
                "one, such as 'CAR' or 'TAN', or give the WCS by like="
            ) from error
        return wcs, (rows, columns)


def _angles(name: str, value: Any) -> tuple[float, float]:
    """Return an angle for each axis in degrees."""
    hint = "give a positive angle or a pair of them, such as 0.1 * u.deg or (4, 2) * u.deg"
    try:
        pair = isinstance(value, tuple | list)
        angles = np.atleast_1d(u.Quantity(value).to_value("deg")).astype(float)
    except (TypeError, ValueError, u.UnitConversionError) as error:
        raise InvalidOptionError(f"{name} is not an angle: found {value!r}; {hint}") from error
    fine = angles.shape in ((1,), (2,)) and np.isfinite(angles).all() and np.all(angles > 0)
    if not fine or (pair and angles.size == 1):
        raise InvalidOptionError(
            f"{name} must be one or two positive angles, found {value!r}; {hint}"
        )
    return float(angles[0]), float(angles[-1])


def _projection(proj: Any) -> str:
    code = proj.strip().upper() if isinstance(proj, str) else None
    if code not in PRJ_CODES:
        close = get_close_matches(str(proj).upper(), PRJ_CODES, 1)
        hint = f"did you mean {close[0]!r}? Known are" if close else "known are"
        raise InvalidOptionError(
            f"proj={proj!r} is not a projection of FITS; {hint} {', '.join(PRJ_CODES)}"
        )
    return str(code)


def _sky_frame(frame: Any) -> BaseCoordinateFrame:
    """Return a frame of the sky by its name, without data."""
    if isinstance(frame, BaseCoordinateFrame):
        return frame.replicate_without_data()
    name = frame.strip().lower() if isinstance(frame, str) else ""
    found = frame_transform_graph.lookup_name(name)
    if found is None:
        close = get_close_matches(name, frame_transform_graph.get_names(), 1)
        hint = f"did you mean {close[0]!r}?" if close else f"give {_HINT}"
        raise InvalidOptionError(f"frame={frame!r} is not a frame of the sky; {hint}")
    return found()
