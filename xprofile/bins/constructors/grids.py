"""Constructor of grids of boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord

from ...exceptions import InvalidBinsError
from ...schema.names import REGION
from ...schema.number_checks import check_positive_integer
from ...schema.options import suggests_options
from ..shapes.boxes import Boxes
from .arguments import axes_at, bin_edges, check_number_of_bins, positive_angle
from .base import Constructor

__all__ = ["GridConstructor"]


class GridConstructor(Constructor):
    """Constructor of `SkyBins` in several rows."""

    @classmethod
    @suggests_options
    def grid(
        cls,
        center: SkyCoord,
        *,
        width: u.Quantity,
        height: u.Quantity,
        nbin: tuple[int, int],
        position_angle: u.Quantity = 90 * u.deg,
        planar: bool = False,
    ) -> Self:
        """Make a grid of boxes, for results with the dimension ``region``.

        :doc:`/reference/bins` has figures.

        Parameters
        ----------
        center : SkyCoord
            Scalar.
        width, height : Quantity
            Full extent of the grid along and across `position_angle`, up to 360 and 180 deg.
        nbin : tuple of int
            Number of boxes along and across. The boxes of one column follow each other.
        position_angle : Quantity
            Direction of the width, East of North in the frame of `center`.
        planar : bool
            Find pixels in the plane of the map instead, with the rectangles of `to_regions`.

        Returns
        -------
        SkyBins
            Bins without edges along their dimension: ``lower`` and ``upper`` are NaN.

        Raises
        ------
        InvalidBinsError
            If an extent is not a positive angle or a number is not a positive integer.

        See Also
        --------
        SkyBins.along_line : One row of boxes.
        SkyBins.from_regions : Regions at any places.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> from xprofile import SkyBins
        >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
        >>> SkyBins.grid(center, width=6 * u.deg, height=2 * u.deg, nbin=(3, 2))
        <SkyBins: 6 boxes of a grid>
        """
        axes = axes_at(center, "center", position_angle)
        if not isinstance(nbin, Sequence) or len(nbin) != 2:
            raise InvalidBinsError(f"nbin must be two numbers, along and across, found {nbin!r}")
        sides = positive_angle(width, "width", most=360) / 2, positive_angle(height, "height") / 2
        for number in nbin:
            check_positive_integer("nbin", number, InvalidBinsError)
        check_number_of_bins(int(nbin[0]) * int(nbin[1]))
        along, across = (bin_edges(-s, s, nbin=n) for s, n in zip(sides, nbin, strict=True))
        unknown = np.full((along.size - 1) * (across.size - 1), np.nan)
        shape = Boxes(axes, along, across)
        return cls(shape, unknown, unknown, "boxes of a grid", REGION, planar)
