"""Warnings of odd values in maps, such as negative counts, when the maps are made.

Maps are still made, as the values may be in pixels that no bin uses; a bin that uses them is an
error.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import DataWarning
from ..schema.axes import axis_edges, energy_unit
from ..schema.names import CELL, EDISP, ENERGY, ENERGY_TRUE, ENERGY_UNIT
from ..schema.number_checks import is_used, lowest_valid
from ..schema.stages import is_healpix, sky_dims
from ..schema.variables import MAPS
from ..schema.warning_place import user_stacklevel
from .wcs import pixel_grid

__all__ = ["highest_used", "warn_of_extrapolation", "warn_of_odd_values", "warn_of_other_energies"]

Bool = NDArray[np.bool_]
Float = NDArray[np.float64]

# By how much fractions of events may add up to more than 1, or be negative. Those of HAWC add up to
# 1.001. Ten times larger, a matrix that is wrong by a third would pass; ten times smaller, the
# interpolation of a matrix over migra would be blamed.
_MORE_THAN_ALL = 0.03

_REMEDY = "correct the map, or set maps['mask'] to False in these pixels"
# Rounding of energies in single precision (6e-8) and of their logarithms (1e-6). Ten times larger
# is still far below the width of a bin; ten times smaller, equal ranges could seem to differ.
_ROUNDING = 1e-5


def warn_of_odd_values(maps: xr.Dataset) -> None:
    """Warn of values that maps should not have in used pixels on the sky.

    Parameters
    ----------
    maps : xarray.Dataset
        Maps in memory.

    Warns
    -----
    DataWarning
        If counts, backgrounds, exposures or acceptances are negative or not finite, counts are
        not whole or are 0 everywhere, or every pixel is masked. Also if the fractions of the energy
        dispersion are negative or not finite, or add up to more than 1.
    """
    for text in _warning_texts(maps):
        warnings.warn(text, DataWarning, stacklevel=user_stacklevel())


def warn_of_other_energies(maps: xr.Dataset) -> None:
    """Warn if the exposure is not known at energies of the counts, which no dispersion relates.

    Parameters
    ----------
    maps : xarray.Dataset
        Maps.

    Warns
    -----
    DataWarning
        If the counts have energies beyond those of the exposure.
    """
    if EDISP not in maps and "exposure" in maps and "counts" in maps:
        true, energy = axis_edges(maps, ENERGY_TRUE), maps[ENERGY].to_numpy()
        remedy = "or make it over the range of the counts"
        warn_of_extrapolation("exposure", true, energy, remedy, energy_unit(maps))


def warn_of_extrapolation(
    label: str, known: Float, wanted: Float, remedy: str, unit: str = ENERGY_UNIT
) -> None:
    """Warn if a map is wanted at energies beyond those at which it is known.

    Parameters
    ----------
    label : str
        Name of the map, for the message.
    known : numpy.ndarray
        Edges of the energies at which it is known.
    wanted : numpy.ndarray
        Centres of the energies at which it is wanted.
    remedy : str
        What to do, for the message.
    unit : str
        Unit of the energies.

    Warns
    -----
    DataWarning
        If an energy is beyond the outer edges.
    """
    beyond = (wanted < known[0] * (1 - _ROUNDING)) | (wanted > known[-1] * (1 + _ROUNDING))
    if beyond.any():
        warnings.warn(
            f"{label} is known from {known[0]:.4g} to {known[-1]:.4g} {unit}, and extrapolated to "
            f"{np.count_nonzero(beyond)} of {wanted.size} energies from {wanted[0]:.4g} to "
            f"{wanted[-1]:.4g} {unit}: check the unit of its energies, {remedy}",
            DataWarning,
            stacklevel=user_stacklevel(),
        )


def _warning_texts(maps: xr.Dataset) -> Iterator[str]:
    if "mask" in maps and not is_used(maps["mask"]).to_numpy().any():
        yield (
            "mask is False everywhere, so no pixel is used and every bin will be without a result; "
            "expected True where data are good: check which mask the file has"
        )
        return
    for name, variable in MAPS.items():
        if variable.not_negative and name in maps:
            yield from _texts_of_map(maps, name)
    if "counts" in maps and not maps["counts"].to_numpy().any():
        yield (
            "counts is 0 everywhere; expected the counts of an observation: check that the file "
            "is the right one, or go on if it is"
        )
    if EDISP in maps:
        yield from _texts_of_edisp(maps[EDISP])


def _texts_of_edisp(edisp: xr.DataArray) -> Iterator[str]:
    total = edisp.sum(ENERGY, skipna=False).to_numpy()
    if not np.isfinite(total).all():
        found, expected = "is not finite at some energies", "fractions of events, 0 or above"
    elif (lowest := float(edisp.min())) < -_MORE_THAN_ALL:
        found, expected = f"is negative, down to {lowest:.4g}", "fractions of events, 0 or above"
    elif (highest := float(total.max(initial=0))) > 1 + _MORE_THAN_ALL:
        found = f"adds up to {highest:.4g} over the energies at a true energy"
        expected = "1 at most, as fractions do; a matrix with the effective area is another thing"
    else:
        return
    yield f"{EDISP} {found}; expected {expected}: correct it, or leave it out"


def _texts_of_map(maps: xr.Dataset, name: str) -> Iterator[str]:
    axis = ENERGY_TRUE if name == "exposure" else ENERGY
    values = _pixels(maps[name], axis)
    # minimum and maximum are NaN or infinite if any value is, and need no array of booleans
    if not (values.size and np.isfinite(values.min()) and np.isfinite(values.max())):
        bad = ~np.isfinite(values) & _used_pixels(maps, name)
        if bad.any():
            yield _text(name, values, bad, "not finite", "finite numbers")
    if values.size and not np.fmin.reduce(values, axis=None) >= 0:
        bad = (values < _lowest_valid(maps, name)) & _used_pixels(maps, name)
        if bad.any():
            yield _text(name, values, bad, "negative", "numbers >= 0", _remedy(maps, name, bad))
    if MAPS[name].whole and values.dtype.kind == "f":
        bad = np.isfinite(values) & (values != np.rint(values))
        if bad.any():  # off counts of rings have the rounding of a convolution
            bad &= np.abs(values - np.rint(values)) > -_lowest_valid(maps, name)
        if bad.any():
            yield _text(name, values, bad, "not whole", "counts of events", "go on if it is so")


def highest_used(maps: xr.Dataset, name: str) -> Float:
    """Highest finite value of a map in used pixels at each energy, 0 at least, (nenergy,)."""
    axis = ENERGY_TRUE if name == "exposure" else ENERGY
    values = _pixels(maps[name], axis)
    used = _used_pixels(maps, name) & np.isfinite(values)
    pixels = tuple(range(1, values.ndim))
    return np.asarray(np.max(values, axis=pixels, where=used, initial=0), dtype=float)


def _lowest_valid(maps: xr.Dataset, name: str) -> Float:
    """Lowest value that counts as 0 at each energy, to compare with values (nenergy, ...)."""
    lowest = lowest_valid(name, highest_used(maps, name))
    return np.asarray(lowest).reshape(-1, *(1 for _ in sky_dims(maps)))


def _pixels(image: xr.DataArray, *axes: str) -> NDArray[Any]:
    """Values of a map with its pixels last, (..., lat, lon) or (..., cell)."""
    return image.transpose(*axes, *sky_dims(image)).to_numpy()


def _used_pixels(maps: xr.Dataset, name: str) -> Bool:
    """Whether pixels are on the sky and used: at each energy, or for the exposure at any energy."""
    on_cells = is_healpix(maps)
    sky = np.ones(maps.sizes[CELL], bool) if on_cells else pixel_grid(maps).on_sky
    if "mask" not in maps:
        return sky
    mask = _pixels(is_used(maps["mask"]), ENERGY)
    return np.asarray((mask.any(axis=0) if name == "exposure" else mask) & sky)


def _remedy(maps: xr.Dataset, name: str, bad: Bool) -> str:
    """Say what to do about values, which may all be beyond the detector."""
    if name == "exposure" or "exposure" not in maps:
        return _REMEDY
    seen = _pixels((maps["exposure"] != 0).any(ENERGY_TRUE))
    if (bad & seen).any():
        return _REMEDY
    return "the exposure is 0 in all of them; maps.profile.exclude(maps.exposure == 0) masks them"


def _text(
    name: str,
    values: NDArray[np.generic],
    bad: Bool,
    problem: str,
    expected: str,
    remedy: str = _REMEDY,
) -> str:
    first = np.unravel_index(np.argmax(bad), bad.shape)
    place = ", ".join(str(int(i)) for i in first)
    return (
        f"{name} is {problem} in {np.count_nonzero(bad)} pixels, for example {values[first]:.6g} "
        f"at [{place}]; expected {expected}: {remedy}"
    )
