"""The position from which the distances of bins are counted."""

from __future__ import annotations

import numpy as np
from astropy.coordinates import SkyCoord

from ..schema.names import REGION
from .shapes.boxes import Boxes
from .shapes.path import Path
from .shapes.rings import Annuli, Sectors
from .shapes.shape import Selected
from .skybins import SkyBins

__all__ = ["profile_origin"]


def profile_origin(bins: SkyBins) -> SkyCoord:
    """Sky position at which the distance of bins is 0.

    It is the centre of annuli, sectors and grids, the place of distance 0 on a line or path, and
    the centre of the first of a list of regions.

    Parameters
    ----------
    bins : SkyBins
        Bins of any kind.

    Returns
    -------
    astropy.coordinates.SkyCoord
        Scalar.
    """
    shape, first = bins.shape, 0
    while isinstance(shape, Selected):
        first = int(shape.numbers[first])
        shape = shape.whole
    if isinstance(shape, Annuli | Sectors) or (isinstance(shape, Boxes) and bins.dim == REGION):
        return shape.axes.origin
    if not isinstance(shape, Boxes | Path) or not np.isfinite(bins.lower[0]):
        return shape.centers[0]
    rows = shape.across.size - 1 if isinstance(shape, Boxes) else 1
    zero = np.array(shape.edges[first // rows] - bins.lower[0])
    if isinstance(shape, Boxes):
        return shape.axes.sky(zero, np.array(0.0))
    return shape.sky(np.clip(zero, 0, shape.lengths[-1]), np.array(0.0))
