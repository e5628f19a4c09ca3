"""Checks of the values of Datasets: real numbers, finite and not negative where they are used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .names import EDISP, ENERGY, EXPOSURE_TRUE, PSF_MIXING, PSF_SHARE
from .number_checks import lowest_valid
from .variables import BINNED, Variable

__all__ = ["describe_bad_binned", "describe_bad_response", "describe_wrong_types", "is_chunked"]

# Negative fraction of events that is rounding: responses in single precision have 1e-7. Ten times
# larger, a wrong sign of a weak migration would pass; ten times smaller, rounding is refused.
_ROUNDING = 1e-6

# Largest share of photons: 1, and the error of the PSF's integrals over pixels. Ten times further
# from 1, shares that were made with another normalisation would pass; ten times nearer, those of
# bins that hold nearly all photons would be refused.
_MOST_SHARE = 1.01


def is_chunked(variable: xr.Variable) -> bool:
    """Whether a variable has chunks; faster than its `chunks` where it has none."""
    return not isinstance(getattr(variable, "_data", None), np.ndarray) and bool(variable.chunks)


def describe_wrong_types(data: xr.Dataset, table: Mapping[str, Variable]) -> Iterator[str]:
    """Describe variables of a table that are not arrays of real numbers; lazy ones stay lazy."""
    for name in (name for name in table if name in data.variables):
        kind = data.variables[name].dtype
        if kind.kind not in "biuf":
            yield f"{name} has the type {kind}, expected real numbers"


def describe_bad_response(data: xr.Dataset, name: str) -> Iterator[str]:
    """Describe values of a response that are not finite or negative; chunked ones stay lazy."""
    if name not in data.variables or is_chunked(data.variables[name]):
        return
    values = data.variables[name].to_numpy()
    if values.dtype.kind not in "biuf":  # of which `describe_wrong_types` tells
        return
    if not np.isfinite(values).all():
        bad = np.count_nonzero(~np.isfinite(values))
        yield (
            f"{name} is not finite in {bad} of {values.size} elements, expected numbers >= 0: "
            f"correct them, fill NaN with {name}.fillna(0) where there are no events, or leave "
            f"{name} out"
        )
    elif (lowest := float(values.min(initial=0))) < -_ROUNDING * float(values.max(initial=1)):
        bad = np.count_nonzero(values < 0)
        yield (
            f"{name} is negative in {bad} of {values.size} elements, down to {lowest:.6g}, "
            f"expected numbers >= 0: correct them, or leave {name} out"
        )


def describe_bad_binned(binned: xr.Dataset) -> Iterator[str]:
    """Describe values of binned data that are negative or not finite where bins are used.

    Chunked variables are not looked at.
    """
    for name in BINNED:
        variable = binned.variables.get(name)
        if variable is None or name == EDISP or variable.dtype.kind not in "biuf":
            continue
        if is_chunked(variable):
            continue
        array = variable.to_numpy()
        if np.min(array, initial=0) < 0 or not np.isfinite(np.sum(array, dtype=float)):
            yield from _describe(name, binned)
        if name in (PSF_MIXING, PSF_SHARE) and (most := np.max(array, initial=0)) > _MOST_SHARE:
            yield f"{name} is a share of photons, and goes up to {most:.6g}, expected at most 1"
        if array.dtype.kind in "iu" and (total := _total(array)) >= 2**63:
            yield f"{name} adds up to {total:.3g}, beyond integers of 64 bits: use astype(float)"
    yield from describe_bad_response(binned, EDISP)


def _describe(name: str, binned: xr.Dataset) -> Iterator[str]:
    """Describe values that are not finite, or negative beyond rounding, in used bins."""
    values = xr.DataArray(binned.variables[name])
    finite: xr.DataArray = np.isfinite(values)  # type: ignore[assignment]
    bad = ~finite | (values < _lowest(name, values))
    known = binned.variables.get("coverage")
    numbers = known is not None and known.dtype.kind in "biuf" and not is_chunked(known)
    always = ("coverage", "solid_angle", PSF_MIXING, EXPOSURE_TRUE, PSF_SHARE)
    if known is not None and numbers and name not in always:
        used = xr.DataArray(known) > 0
        others = [dim for dim in used.dims if dim == ENERGY and dim not in values.dims]
        bad = bad & used.any(others)
    number = int(bad.sum())
    if number:
        found = values.broadcast_like(bad).transpose(*bad.dims).to_numpy()
        yield (
            f"{name} is negative or not finite in {number} used bins, for example "
            f"{found[bad.to_numpy()][0]:.6g}, expected finite numbers >= 0"
        )


def _total(values: NDArray[Any]) -> float:
    return float(np.sum(np.abs(values), dtype=float))


def _lowest(name: str, values: xr.DataArray) -> xr.DataArray | float:
    """Lowest value that counts as 0, at each energy."""
    if ENERGY not in values.dims:
        return 0.0
    finite = values.where(np.isfinite(values), 0)
    highest = finite.max([dim for dim in values.dims if dim != ENERGY])
    return highest.copy(data=lowest_valid(name, highest.to_numpy().astype(float)))
