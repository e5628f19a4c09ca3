"""What is odd in the values of maps: said when they are opened, refused where a bin uses it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import DataWarning
from ..schema.names import ENERGY, ENERGY_TRUE, LAT, LON
from .wcs import pixel_grid

__all__ = ["warn_of_values"]

Bool = NDArray[np.bool_]

_COUNTED = ("counts", "counts_off")

_POSITIVE = (*_COUNTED, "background", "exposure", "acceptance", "acceptance_off")

_NEGLIGIBLE = 1e-6  # of the largest value: rounding of a background


def warn_of_values(maps: xr.Dataset) -> None:
    """Warn of values that no map of its kind has, in used pixels on the sky.

    Parameters
    ----------
    maps : xarray.Dataset
        Maps in memory.

    Warns
    -----
    DataWarning
        If counts, backgrounds, exposures or acceptances are negative or not finite, counts are
        not whole, there are none at all, or every pixel is masked.
    """
    for text in _oddities(maps):
        warnings.warn(text, DataWarning, stacklevel=3)


def _oddities(maps: xr.Dataset) -> Iterator[str]:
    if "mask" in maps and not maps["mask"].to_numpy().any():
        yield (
            "mask is False everywhere, so no pixel is used and every bin will be without a result; "
            "expected True where data are good: check which mask the file has"
        )
        return
    for name in _POSITIVE:
        if name in maps:
            yield from _of_values(maps, name)
    if "counts" in maps and not maps["counts"].to_numpy().any():
        yield (
            "counts is 0 everywhere; expected the counts of an observation: check that the file "
            "is the right one, or go on if it is"
        )


def _of_values(maps: xr.Dataset, name: str) -> Iterator[str]:
    axis = ENERGY_TRUE if name == "exposure" else ENERGY
    values = maps[name].transpose(axis, LAT, LON).to_numpy()
    if not (values.size and np.isfinite(values.min()) and np.isfinite(values.max())):
        bad = ~np.isfinite(values) & _used(maps, name)
        if bad.any():
            yield _text(name, values, bad, "not finite", "finite numbers")
    if values.size and not np.fmin.reduce(values, axis=None) >= _floor(name, values):
        bad = (values < _floor(name, values)) & _used(maps, name)
        if bad.any():
            yield _text(name, values, bad, "negative", "numbers >= 0")
    if name in _COUNTED and values.dtype.kind == "f":
        bad = np.isfinite(values) & (values != np.rint(values))
        if bad.any():
            yield _text(name, values, bad, "not whole", "counts of events", "go on if it is so")


def _floor(name: str, values: NDArray[np.generic]) -> float:
    """Value below which something is negative for more than rounding."""
    if name != "background":
        return 0.0
    highest = np.fmax.reduce(values, axis=None)
    return -_NEGLIGIBLE * float(highest) if highest > 0 else 0.0


def _used(maps: xr.Dataset, name: str) -> Bool:
    """Whether a pixel is on the sky and used, at its energy or, for the exposure, at any."""
    grid = pixel_grid(maps)
    sky = np.broadcast_to(grid.canonical(grid.x, grid.y[:, None]), grid.shape)
    if "mask" not in maps:
        return sky
    mask = maps["mask"].transpose(ENERGY, LAT, LON).to_numpy()
    return np.asarray((mask.any(axis=0) if name == "exposure" else mask) & sky)


def _text(
    name: str,
    values: NDArray[np.generic],
    bad: Bool,
    what: str,
    expected: str,
    remedy: str = "mend the map, or set mask to False there",
) -> str:
    first = np.unravel_index(np.argmax(bad), bad.shape)
    place = ", ".join(str(int(i)) for i in first)
    return (
        f"{name} is {what} in {np.count_nonzero(bad)} pixels, for example {values[first]:.6g} at "
        f"[{place}]; expected {expected}: {remedy}"
    )
