"""Maps interpolated to other pixels, such as an exposure to the pixels of the counts."""

from __future__ import annotations

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from .pixelgrid import PixelGrid

__all__ = ["interpolate_to"]

# Pixels beyond the outermost centres up to which the outermost values hold: to the outer edge of
# these pixels. Ten times larger, a map would be continued by 5 pixels for which it has no data.
_EDGE = 0.5

# Columns that may be missing to a full turn of 360 deg, for rounding of the pixel width. Ten times
# larger changes nothing; at a whole column, maps with a gap would be interpolated across it.
_TURN_ROUNDING = 1e-6


def interpolate_to(
    values: NDArray[np.generic], source: PixelGrid, target: PixelGrid
) -> NDArray[np.generic]:
    """Interpolate planes (n, ny, nx) linearly between pixel centres.

    Parameters
    ----------
    values : numpy.ndarray
        Values on the pixels of `source`.
    source, target : PixelGrid
        Grids of any projections and frames. A plate carree of the whole sky is interpolated across
        its seam.

    Returns
    -------
    numpy.ndarray
        Values on the pixels of `target`, NaN outside `source`. Integers become floats.
    """
    lon, lat = np.broadcast_arrays(*target.lonlat(target.x, target.y[:, None]))
    x, y = (
        p.reshape(lon.shape)
        for p in source.pixel(SkyCoord(lon.ravel(), lat.ravel(), unit="deg", frame=target.frame))
    )
    rows, columns = source.shape
    values = values.astype(values.dtype if values.dtype.kind == "f" else np.float64, copy=False)
    if source.separable and columns >= source.full_turn - _TURN_ROUNDING:
        values = np.concatenate([values[..., -1:], values, values[..., :1]], axis=-1)
        x = x + 1
        columns += 2
    inside = (x >= -_EDGE) & (x <= columns - 1 + _EDGE) & (y >= -_EDGE) & (y <= rows - 1 + _EDGE)
    places = np.where(inside, [y, x], 0)
    from scipy import ndimage

    planes = [ndimage.map_coordinates(p, places, order=1, mode="nearest") for p in values]
    return np.where(inside, np.stack(planes), np.nan).astype(values.dtype)
