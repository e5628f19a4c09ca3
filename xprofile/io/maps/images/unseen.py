"""HEALPix maps in which cells without data are marked by their values, as healpy writes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ....exceptions import FileFormatError
from ...fits.healpix.cells import HealpixCells
from ...fits.same_pixels import PickedCube
from ...fits.skymap import SkyMap

__all__ = ["without_unseen_cells"]

_TOGETHER = 1 << 22  # cells that are looked at together; affects memory alone


def without_unseen_cells(image: SkyMap) -> SkyMap:
    """Return a map without the cells that have no data at any energy, as of a part of the sky.

    Maps of tools that do not mark cells stay as they are.

    Raises
    ------
    FileFormatError
        If no cell has data.
    """
    if not isinstance(image.sky, HealpixCells) or not image.may_lack_values:
        return image
    if image.cube.dtype.kind != "f":
        return image
    known = _with_data(image)
    if known.all():
        return image
    if not known.any():
        raise FileFormatError(
            f"{image.label} has no data in any cell: all are NaN or UNSEEN (-1.6375e30); give the "
            "right file"
        )
    place = np.flatnonzero(known)
    numbers = image.sky.numbers
    listed = place + numbers.start if isinstance(numbers, range) else np.asarray(numbers)[place]
    cube = PickedCube(image.cube, np.zeros(1, np.intp), place)
    return replace(image, cube=cube, sky=replace(image.sky, numbers=listed))


def _with_data(image: SkyMap) -> NDArray[np.bool_]:
    """Whether each cell has a value at any energy."""
    cube = image.cube
    whole = (slice(None),) * (len(cube.shape) - 1)
    result = np.empty(cube.shape[-1], bool)
    for start in range(0, result.size, _TOGETHER):
        part = slice(start, min(start + _TOGETHER, result.size))
        unknown = np.isnan(cube.read_block((*whole, part)))
        result[part] = ~unknown.all(axis=tuple(range(unknown.ndim - 1)))
    return result
