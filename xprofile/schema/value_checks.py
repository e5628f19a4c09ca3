"""Checks of the values of Datasets: real numbers, finite and not negative where they are used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .names import (
    EDISP,
    ENERGY,
    ENERGY_TRUE,
    EXPOSURE_TRUE,
    PART_DISTANCE,
    PSF_MIXING,
    PSF_SHARE,
    high,
    low,
)
from .number_checks import lowest_valid
from .variables import BINNED, SED_TYPES, Variable
from .written_units.parsing import as_unit

__all__ = [
    "describe_bad_binned",
    "describe_bad_profile",
    "describe_bad_response",
    "describe_wrong_types",
    "describe_wrong_units",
    "is_chunked",
]

# Negative fraction of events that is rounding: responses in single precision have 1e-7. Ten times
# larger, a wrong sign of a weak migration would pass; ten times smaller, rounding is refused.
_ROUNDING = 1e-6

# Largest share of photons: 1, and the error of the PSF's integrals over pixels. Ten times further
# from 1, shares that were made with another normalisation would pass; ten times nearer, those of
# bins that hold nearly all photons would be refused.
_MOST_SHARE = 1.01

# Sum of the fractions of a true energy above which they cannot be fractions. Opened matrices are
# warned of from 1.03 on. Ten times larger, densities per energy could pass; at a tenth, matrices
# of tools that only add up to 1 roughly would be refused.
_MOST_FRACTIONS = 10.0

# Largest counts and backgrounds: their products in a fit must be numbers of double precision, up
# to 1e308. At 1e150 errors would be NaN; a tenth or ten times as much changes nothing real.
_LARGEST = 1e100

# Largest used share of a solid angle: 1, and the rounding of single precision many times over.
# Ten times larger is still not a share in per cent; at 1e-7 rounded shares would be refused.
_LARGEST_SHARE = 1.001


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
    elif name == EDISP and ENERGY in (dims := data.variables[name].dims):
        highest = float(np.sum(values, axis=dims.index(ENERGY), dtype=float).max(initial=0))
        if highest > _MOST_FRACTIONS:
            yield (
                f"{name} adds up to {highest:.6g} over the energies at a true energy, expected "
                f"about 1 at most, as fractions do: correct it, or leave {name} out"
            )


def describe_wrong_units(data: xr.Dataset, table: Mapping[str, Variable]) -> Iterator[str]:
    """Describe variables that have another kind of unit than their table says.

    A variable without a unit is in that of the table. Edges of energies must have the unit of the
    energies, where they have one.
    """
    for name, entry in table.items():
        unit = data.variables[name].attrs.get("units") if name in data.variables else None
        usual = unit is None or (isinstance(unit, str) and unit == entry.unit)
        if not usual and entry.unit and not _is_convertible(unit, entry.unit):
            yield f"{name} has units {unit!r}, expected {entry.unit!r}"
    for axis in (ENERGY, ENERGY_TRUE):
        members = [name for name in (axis, low(axis), high(axis)) if name in data.coords]
        attrs = [data.variables[name].attrs for name in members]
        units = {str(unit) for one in attrs if (unit := one.get("units"))}
        if len(units) > 1:
            yield f"{axis} and its edges have different units: {', '.join(sorted(units))}"


def _is_convertible(unit: Any, wanted: str) -> bool:
    try:
        return bool(as_unit(unit).is_equivalent(u.Unit(wanted)))
    except (ValueError, TypeError):
        return False


def describe_bad_binned(binned: xr.Dataset) -> Iterator[str]:
    """Describe values of binned data that are negative or not finite where bins are used.

    Chunked variables are not looked at.
    """
    for name in BINNED:
        variable = binned.variables.get(name)
        if variable is None or name in (EDISP, PART_DISTANCE) or variable.dtype.kind not in "biuf":
            continue
        if is_chunked(variable):
            continue
        array = variable.to_numpy()
        lowest, highest = (float(end(array, initial=0)) for end in (np.min, np.max))
        if not (lowest >= 0 and highest <= _highest(name)):  # also if one is NaN
            yield from _describe(name, binned)
        if name in (PSF_MIXING, PSF_SHARE) and (most := np.max(array, initial=0)) > _MOST_SHARE:
            yield f"{name} is a share of photons, and goes up to {most:.6g}, expected at most 1"
        if array.dtype.kind in "iu" and (total := _total(array)) >= 2**63:
            yield f"{name} adds up to {total:.3g}, beyond integers of 64 bits: use astype(float)"
    yield from describe_bad_response(binned, EDISP)


def _describe(name: str, binned: xr.Dataset) -> Iterator[str]:
    """Describe values that are not finite, negative beyond rounding, or too large in used bins."""
    variable = binned.variables[name]
    values = xr.DataArray(variable.to_numpy().astype(float), dims=variable.dims)
    finite: xr.DataArray = np.isfinite(values)  # type: ignore[assignment]
    bad = ~finite | (values < _lowest(name, values)) | (values > _highest(name))
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
        example = found[bad.to_numpy()][0]
        large = np.isfinite(example) and example > 0
        yield (
            f"{name} is {'too large' if large else 'negative or not finite'} in {number} used "
            f"bins, for example {example:.6g}, expected finite numbers >= 0"
            + (f" and up to {_highest(name):g}" if large else "")
        )


def _highest(name: str) -> float:
    """Largest value of a variable; an exposure may be any finite number, as norms scale with it."""
    if name == "coverage":
        return _LARGEST_SHARE
    return float(np.finfo(float).max) if name == "exposure" else _LARGEST


def _total(values: NDArray[Any]) -> float:
    return float(np.sum(np.abs(values), dtype=float))


def _lowest(name: str, values: xr.DataArray) -> xr.DataArray | float:
    """Lowest value that counts as 0, at each energy."""
    if ENERGY not in values.dims:
        return 0.0
    finite = values.where(np.isfinite(values), 0)
    highest = finite.max([dim for dim in values.dims if dim != ENERGY])
    return highest.copy(data=lowest_valid(name, highest.to_numpy().astype(float)))


def describe_bad_profile(profile: xr.Dataset, dim: str) -> Iterator[str]:
    """Describe impossible values of a profile: energies, edges, references and solid angles.

    Parameters
    ----------
    profile : xarray.Dataset
        A profile. Values may be NaN where they are unknown, but not those of axes.
    dim : str
        Dim of the bins.
    """
    for axis in (ENERGY, dim):
        names = [name for name in (low(axis), axis, high(axis)) if name in profile.coords]
        names = [name for name in names if profile[name].dtype.kind in "iuf"]
        ends = [profile[name].to_numpy() for name in names]
        if not all(np.isfinite(values).all() for values in ends):
            yield f"values of {' or '.join(names)} are not finite"
        elif axis == ENERGY and any(np.any(values <= 0) for values in ends):
            yield f"values of {' or '.join(names)} are not positive"
        elif len(ends) > 1 and np.any(ends[0] > ends[-1]):
            yield f"bins of {axis} end before they begin"
    for name in ("solid_angle", *(f"ref_{kind}" for kind in SED_TYPES)):
        variable = profile.variables.get(name)
        if variable is None or is_chunked(variable):
            continue
        values = variable.to_numpy()
        if np.any((values < 0) | np.isinf(values)):
            yield f"{name} is negative or infinite, expected finite numbers >= 0"
