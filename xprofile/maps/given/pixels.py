"""The pixels that arrays are on, as arguments give them: those of a WCS, or cells of HEALPix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import xarray as xr
from astropy.io.fits import Header
from astropy.wcs import WCS

from ...exceptions import InvalidDataError, InvalidOptionError
from ...schema.names import CELL, CELL_IDS
from ..wcs import grid_coords, whole_map
from ..world.celestial import celestial_wcs
from .cells import GivenCells, check_kind

__all__ = ["GivenPixels", "given_pixels"]


class GivenPixels(Protocol):
    """The pixels that arrays are on, as planes (..., lat, lon); of HEALPix, with one row."""

    def in_order(self, label: str, values: Any) -> Any:
        """Return a map with its pixels and energies in order; other values as they are."""

    def rows(self, label: str, values: Any, size: int) -> Any:
        """Return an array of `size` energies as a plane."""

    def image_shape(self, counts: Any) -> tuple[int, int]:
        """Return the number of rows and columns, from counts if nothing else tells it."""

    def coords(self, shape: tuple[int, int]) -> Mapping[str, xr.Variable]:
        """Return the coordinates of maps."""

    def variable(self, plane: xr.Variable) -> xr.Variable:
        """Return a variable of maps from a plane."""


class _GivenPlane:
    """The pixels of a WCS."""

    def __init__(self, wcs: WCS | Header) -> None:
        self._wcs = celestial_wcs(wcs)

    def in_order(self, label: str, values: Any) -> Any:
        check_kind(label, values, (CELL, CELL_IDS), "on a plane")
        return whole_map(label, values, self._wcs)

    def rows(self, label: str, values: Any, size: int) -> Any:
        return values

    def image_shape(self, counts: Any) -> tuple[int, int]:
        """Return the shape that the WCS has, or else that of the counts."""
        if counts.ndim not in (2, 3):
            raise InvalidDataError(
                f"counts have the shape {counts.shape}, expected three axes (energy, lat, lon)"
            )
        known = self._wcs.array_shape
        return tuple(counts.shape[-2:]) if not known or 0 in known else tuple(known)

    def coords(self, shape: tuple[int, int]) -> Mapping[str, xr.Variable]:
        return grid_coords(self._wcs, shape)

    def variable(self, plane: xr.Variable) -> xr.Variable:
        return plane


def given_pixels(counts: Any, wcs: WCS | Header | None, **cells: Any) -> GivenPixels:
    """Return the pixels of arrays: those of a WCS, or the cells that other arguments tell of.

    Parameters
    ----------
    counts : array_like
        Counts, whose last axes are the pixels.
    wcs : WCS, Header or None
        Position of the pixels of a plane.
    **cells
        Arguments of `xprofile.maps.given.cells.GivenCells`, None if they are not given.

    Raises
    ------
    InvalidOptionError
        If both or none of them are given, or a part of a HEALPix grid is missing.
    InvalidDataError
        If the WCS has no celestial axes, or cells do not exist.
    """
    given = [name for name, value in cells.items() if value is not None]
    if wcs is not None:
        if given:
            raise InvalidOptionError(
                f"wcs and {', '.join(given)} were given; give wcs for pixels of a plane, or the "
                "others for cells of HEALPix"
            )
        return _GivenPlane(wcs)
    if not given and not {"cell_ids", "healpix"} & set(getattr(counts, "coords", ())):
        raise InvalidOptionError(
            "the pixels of the arrays are not known: give wcs for pixels of a plane, or level "
            "(or nside), frame and, for a part of the sky, cell_ids for cells of HEALPix"
        )
    return GivenCells(counts, **cells)
