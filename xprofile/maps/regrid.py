"""Maps that come on pixels of their own, interpolated to those of the counts."""

from __future__ import annotations

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from .pixelgrid import PixelGrid

__all__ = ["interpolate_to"]

_EDGE = 0.5  # pixels beyond the outermost centres that the outermost values reach


def interpolate_to(
    values: NDArray[np.generic], source: PixelGrid, target: PixelGrid
) -> NDArray[np.generic]:
    """Interpolate planes (n, ny, nx) linearly between pixel centres.

    Parameters
    ----------
    values : numpy.ndarray
        On the pixels of `source`.
    source, target : PixelGrid
        Any projections and frames. An all-sky plate carree goes on across its seam.

    Returns
    -------
    numpy.ndarray
        On the pixels of `target`, NaN where `source` has none.
    """
    lon, lat = np.broadcast_arrays(*target.lonlat(target.x, target.y[:, None]))
    x, y = (
        p.reshape(lon.shape)
        for p in source.pixel(SkyCoord(lon.ravel(), lat.ravel(), unit="deg", frame=target.frame))
    )
    rows, columns = source.shape
    values = values.astype(values.dtype if values.dtype.kind == "f" else np.float64, copy=False)
    if source.separable and columns >= source.full_turn - 1e-6:
        values = np.concatenate([values[..., -1:], values, values[..., :1]], axis=-1)
        x = x + 1
        columns += 2
    inside = (x >= -_EDGE) & (x <= columns - 1 + _EDGE) & (y >= -_EDGE) & (y <= rows - 1 + _EDGE)
    places = np.where(inside, [y, x], 0)
    from scipy import ndimage

    planes = [ndimage.map_coordinates(p, places, order=1, mode="nearest") for p in values]
    return np.where(inside, np.stack(planes), np.nan).astype(values.dtype)
