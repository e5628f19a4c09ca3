"""Regions of bins, as the texts that the coordinate ``region`` holds."""

from __future__ import annotations

import re

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..schema.names import LAT, LON, REGION

__all__ = ["same_regions"]

# Difference in deg up to which two numbers of a region are the same. As for the edges of bins: it
# covers numbers that are rounded to five digits. At 1e-3, regions 3 arcsec apart would count as
# the same. At 1e-5, rounded numbers would be refused.
_TOLERANCE = 1e-4

_NUMBER = re.compile(r"(?<![A-Za-z_\d.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def same_regions(
    first: xr.Dataset | xr.DataArray, second: xr.Dataset | xr.DataArray, dim: str
) -> NDArray[np.bool_]:
    """Whether bins of two data are the same regions of the sky, in pairs.

    Texts of the same frame and shape are compared by their numbers. For others, the centres of the
    bins decide, if they are in one frame. Bins whose regions are not known count as the same.

    Parameters
    ----------
    first, second : xarray.Dataset or xarray.DataArray
        Data with the same number of bins.
    dim : str
        Dim of the bins.
    """
    same = np.ones(first.sizes[dim], dtype=bool)
    if any(REGION not in data.coords or data[REGION].dims != (dim,) for data in (first, second)):
        return same
    here, there = (data[REGION].to_numpy().astype(str) for data in (first, second))
    centres = _same_centres(first, second, dim)
    for i in np.flatnonzero(here != there):
        if _NUMBER.sub("", here[i]) == _NUMBER.sub("", there[i]):
            a, b = (np.array(_NUMBER.findall(text), float) for text in (here[i], there[i]))
            same[i] = np.allclose(a, b, rtol=0, atol=_TOLERANCE)
        else:
            same[i] = centres[i]
    return same


def _same_centres(
    first: xr.Dataset | xr.DataArray, second: xr.Dataset | xr.DataArray, dim: str
) -> NDArray[np.bool_]:
    """Whether bins have the same centres, as far as these are known and in one frame."""
    same = np.ones(first.sizes[dim], dtype=bool)
    for name in (LON, LAT):
        if any(name not in data.coords or data[name].dims != (dim,) for data in (first, second)):
            continue
        here, there = first[name], second[name]
        if here.attrs == there.attrs:
            away = np.abs((here.to_numpy() - there.to_numpy() + 180) % 360 - 180)
            same &= ~(away > _TOLERANCE)
    return same
