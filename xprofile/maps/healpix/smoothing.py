"""Maps in HEALPix smoothed on the sphere."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .disks import Disk
from .gaussians import Gaussian
from .grid import HealpixGrid
from .ring_places import RingPlaces

__all__ = ["KERNELS", "smooth_cells"]

Float = NDArray[np.float64]

KERNELS: Final[dict[str, type[Gaussian | Disk]]] = {"gauss": Gaussian, "disk": Disk}

# Width in cells below which the Gaussian does not reach another cell: the nearest centres are 0.7
# cells apart, and exp(-(0.7 / 0.1)^2 / 2) is 2e-11.
_NARROW = 0.1


def smooth_cells(values: Float, grid: HealpixGrid, width: float, kernel: str) -> Float:
    """Spread the value of each cell over the sphere.

    The weights of a Gaussian are exp((cos d - 1) / width^2) at a distance d, the Gaussian on the
    sphere (Fisher 1953, Proc. R. Soc. A 217, 295), and those of a disk are equal. Over all cells of
    the sky, they add up to 1.

    Parameters
    ----------
    values : numpy.ndarray
        Finite values, (..., ncell).
    grid : HealpixGrid
        The cells.
    width : float
        Standard deviation of the Gaussian or radius of the disk, in rad.
    kernel : str
        Key of `KERNELS`.
    """
    if width < _NARROW * np.radians(grid.pixel_size):
        return values.copy()
    flat = values.reshape(-1, values.shape[-1])
    around = KERNELS[kernel](RingPlaces.from_grid(grid), width)
    # cells lie less evenly round the poles, where sums of weights differ by some per cent
    smoothed = around.spread(flat / around.spread(None))
    if flat.min(initial=0) >= 0:  # rounding of Fourier series and of cumulative sums
        np.maximum(smoothed, 0, out=smoothed)
    return smoothed.reshape(values.shape)
