"""Maps smoothed with kernels on the sky."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from ..exceptions import InvalidOptionError
from ..schema.names import CELL, CELL_IDS, LAT, LON
from ..schema.number_checks import check_real_numbers, is_used
from ..schema.options import suggests_options
from ..schema.stages import is_healpix
from .healpix.coords import decode_healpix
from .healpix.smoothing import KERNELS, smooth_cells
from .wcs import pixel_grid, pixels_in_order

__all__ = ["smooth"]

Float = NDArray[np.float64]
# convolution of values, the map in the order of its pixels, and their places there
_Prepared: TypeAlias = tuple[Callable[[Float], Float], xr.DataArray, Any]

# Share of a pixel that may be missing to a whole one: 0.3 deg on pixels of 0.1 deg is 3 pixels, for
# all that rounding makes it 2.9999999999999996. Ten times larger changes nothing; at 0.1, widths
# would be rounded up to whole pixels by mistake. Without it, kernels would be a pixel too narrow.
_ROUNDING = 1e-9


@suggests_options
def smooth(
    image: xr.DataArray,
    width: u.Quantity,
    *,
    kernel: str = "gauss",
    mask: xr.DataArray | None = None,
) -> xr.DataArray:
    """Smooth a map.

    The sum of the map stays the same, except for the part that the kernel spreads beyond its
    border.

    Parameters
    ----------
    image : xarray.DataArray
        Map with the dims lat and lon, or in HEALPix cell. Other dims are not smoothed over. A NaN
        pixel counts as 0 for its neighbours, and stays NaN.
    width : Quantity
        Angle: standard deviation of the Gaussian, radius of the disk, or half the side of the box.
    kernel : {"gauss", "disk", "box"}
        Shape of the kernel. It has the same size in pixels over the whole map, calculated from the
        pixel scales at the reference point of the WCS. In HEALPix, there is no box, and the kernel
        has the same size in degrees everywhere; the weights of the Gaussian are there
        exp((cos d - 1) / width^2) at an angular distance d (Fisher 1953, Proc. R. Soc. A 217, 295).
    mask : xarray.DataArray of bool, optional
        True for pixels to use, with dims of the image. With a mask, the kernel is normalised over
        the used pixels of the map, so that nothing is lost to others, and pixels that are not used
        are NaN in the result.

    Returns
    -------
    xarray.DataArray
        Smoothed map: same name, dims, coordinates and unit, floating point.

    Raises
    ------
    InvalidOptionError
        If `width` is not a positive angle, or the kernel is unknown or not one for HEALPix.

    See Also
    --------
    xprofile.coarsen : Join pixels of maps to larger ones.
    xprofile.plot.plot_sky : Show a map on sky axes.

    Examples
    --------
    >>> import astropy.units as u
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> counts = maps.counts.sum("energy")
    >>> smoothed = xprofile.smooth(counts, 0.1 * u.deg)
    >>> bool(smoothed.max() < counts.max())
    True
    """
    try:
        angle = float(u.Quantity(width).to_value("deg"))
    except (u.UnitConversionError, TypeError):
        raise InvalidOptionError(
            f"width must be an angle, such as 0.1 * u.deg, found {width!r}"
        ) from None
    if not 0 < angle <= 180:
        raise InvalidOptionError(f"width must be positive and up to 180 deg, found {width!r}")
    check_real_numbers(image)
    prepare = _on_cells if is_healpix(image) else _on_plane
    convolve, ordered, place = prepare(image, angle, kernel)
    values = ordered.to_numpy().astype(float)
    known = np.isfinite(values)
    if mask is not None:
        known &= _mask_values(mask, ordered)
    values, known = values[place], known[place]
    smoothed = convolve(np.where(known, values, 0))
    if mask is not None:
        weight = convolve(known.astype(float))
        smoothed = np.divide(smoothed, weight, out=np.zeros_like(smoothed), where=known)
    found = np.empty_like(smoothed)
    found[place] = np.where(known, smoothed, np.nan)
    return ordered.copy(data=found).transpose(*image.dims)


def _on_plane(image: xr.DataArray, angle: float, kernel: str) -> _Prepared:
    """Prepare the smoothing of a plane."""
    size = angle / pixel_grid(image).pixel_scales[::-1]
    pixels_in_order(image, "the map")  # raises for gaps
    ordered = image.transpose(..., LAT, LON)
    rows, columns = (np.argsort(ordered[name].to_numpy()) for name in ("y", "x"))
    convolve = partial(_convolve, size=size, kernel=kernel)
    return convolve, ordered, (..., rows[:, None], columns)


def _on_cells(image: xr.DataArray, angle: float, kernel: str) -> _Prepared:
    """Prepare the smoothing of cells of HEALPix."""
    if kernel not in KERNELS:
        raise InvalidOptionError(
            f"kernel must be one of {list(KERNELS)} for maps in HEALPix, found {kernel!r}"
        )
    grid, width = decode_healpix(image), float(np.radians(angle))
    convolve = partial(smooth_cells, grid=grid, width=width, kernel=kernel)
    return convolve, image.transpose(..., CELL), ...


def _mask_values(mask: xr.DataArray, image: xr.DataArray) -> NDArray[np.bool_]:
    """Values of a mask in the order and with the dims of a map; False where it has none."""
    if is_healpix(image) and CELL_IDS in mask.coords:
        here, there = decode_healpix(image), decode_healpix(mask)
        place = there.cells.find(there.numbers_of(here.nested))
        known = xr.DataArray(place >= 0, dims=CELL)
        mask = (is_used(mask).isel({CELL: np.maximum(place, 0)}) & known).drop_vars(CELL_IDS)
    mask = is_used(mask).reindex_like(image, fill_value=False)
    return mask.broadcast_like(image).transpose(*image.dims).to_numpy()


def _convolve(values: Float, size: Float, kernel: str) -> Float:
    """Convolve the last two axes with a kernel whose width is `size` in rows and columns."""
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
        # weights beyond the map meet only zeros, and would take long for a wide kernel
        middle, side = np.array(disk.shape) // 2, np.array(values.shape[-2:]) - 1
        total, (low, high) = disk.sum(), (np.maximum(middle - side, 0), middle + side + 1)
        disk = disk[low[0] : high[0], low[1] : high[1]]
        disk = disk.reshape((1,) * (values.ndim - 2) + disk.shape) / total
        return np.asarray(ndimage.convolve(values, disk, mode="constant"))
    raise InvalidOptionError(f"kernel must be 'gauss', 'disk' or 'box', found {kernel!r}")
