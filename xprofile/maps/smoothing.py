"""Maps smoothed with kernels on the sky."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from ..exceptions import InvalidOptionError
from ..schema.names import LAT, LON
from .wcs import pixel_grid

__all__ = ["smooth"]

Float = NDArray[np.float64]

_ROUNDING = 1e-9  # of a pixel: a width of whole pixels is one


def smooth(
    image: xr.DataArray,
    width: u.Quantity,
    *,
    kernel: str = "gauss",
    mask: xr.DataArray | None = None,
) -> xr.DataArray:
    """Smooth a map, keeping its sum but for what spreads over the border.

    Parameters
    ----------
    image : xarray.DataArray
        With dims lat, lon and any others, which are left alone. NaN pixels count as 0 and stay.
    width : Quantity
        Angle: standard deviation of the Gaussian, radius of the disk, or half side of the box.
    kernel : {"gauss", "disk", "box"}
        Shape of the kernel; it has the same extent in pixels over the whole map, from the pixel
        scales at the WCS reference point.
    mask : xarray.DataArray of bool, optional
        Pixels to use, with dims of the image. Then the kernel is normalised over used pixels on
        the map, so that no light is lost to the others, and these are NaN in the result.

    Returns
    -------
    xarray.DataArray
        Same dims, floating point.

    Raises
    ------
    InvalidOptionError
        If `width` is no positive angle or there is no such kernel.
    """
    try:
        size = float(u.Quantity(width).to_value("deg")) / pixel_grid(image).pixel_scales[::-1]
    except (u.UnitConversionError, TypeError):
        raise InvalidOptionError(f"width must be an angle like 0.1 * u.deg: {width!r}") from None
    if not np.all((size > 0) & (size < np.inf)):
        raise InvalidOptionError(f"width must be positive and finite, found {width!r}")
    ordered = image.transpose(..., LAT, LON)
    values = ordered.to_numpy().astype(float)
    known = np.isfinite(values)
    if mask is not None:
        known &= mask.broadcast_like(ordered).transpose(*ordered.dims).to_numpy().astype(bool)
    smoothed = _convolve(np.where(known, values, 0), size, kernel)
    if mask is not None:
        weight = _convolve(known.astype(float), size, kernel)
        smoothed = np.divide(smoothed, weight, out=np.zeros_like(smoothed), where=known)
    smoothed = np.where(known, smoothed, np.nan)
    return ordered.copy(data=smoothed).transpose(*image.dims)


def _convolve(values: Float, size: Float, kernel: str) -> Float:
    """Convolve the last two axes, `size` being the kernel's width in rows and columns."""
    axes = (-2, -1)
    whole = (size + _ROUNDING).astype(int)
    if kernel == "gauss":
        return np.asarray(ndimage.gaussian_filter(values, size, mode="constant", axes=axes))
    if kernel == "box":
        sides = 2 * whole + 1
        return np.asarray(ndimage.uniform_filter(values, sides, mode="constant", axes=axes))
    if kernel == "disk":
        rows, columns = (np.arange(-n, n + 1) / s for n, s in zip(whole, size, strict=True))
        disk = (np.hypot(columns, rows[:, None]) <= 1 + _ROUNDING).astype(float)
        disk = disk.reshape((1,) * (values.ndim - 2) + disk.shape) / disk.sum()
        return np.asarray(ndimage.convolve(values, disk, mode="constant"))
    raise InvalidOptionError(f"no kernel {kernel!r}; there are 'gauss', 'disk', 'box'")
