"""Spectra: the quantity over energy, with a series for each bin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr

from ...exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from ...profile.sed import quantity_name
from ...schema.axes import bin_dim
from ...schema.names import ENERGY, ENERGY_UNIT, REGION, SED_TYPE, high, low
from ...schema.number_checks import check_number
from ...schema.units import unit_text
from ...schema.variables import SED_SUFFIXES
from .labels import ENERGY_POWER
from .quantities import find_quantity
from .xaxis import XAxis, make_xaxis, named_axis

__all__ = [
    "as_spectrum",
    "energy_axis",
    "find_spectrum",
    "is_spectrum",
    "split_bins",
    "times_energy",
]


def is_spectrum(profile: xr.Dataset, x: str | None) -> bool:
    """Whether energy is on the horizontal axis: by choice, or as one bin is left of a profile."""
    alone = bin_dim(profile) not in profile.dims and ENERGY in profile.dims
    return x == ENERGY or (x is None and alone)


def find_spectrum(
    profile: xr.Dataset, wanted: str | None, threshold: float | None, power: float
) -> tuple[xr.Dataset, str]:
    """Find a quantity as `find_quantity`, by default dN/dE, and multiply it by a power of energy.

    Raises
    ------
    MissingVariableError
        If the profile has no such quantity, or no edges of energy.
    InvalidDataError
        If the quantity has no energies, or other dims.
    InvalidOptionError
        If `power` is not a finite number.
    """
    norms = quantity_name(str(profile.attrs.get(SED_TYPE, "norm"))) == "norm"
    if wanted is None and norms and "ref_dnde" in profile:
        wanted = "dnde"
    source, name = find_quantity(profile, wanted, threshold)
    return as_spectrum(source, name, power), name


def as_spectrum(source: xr.Dataset, name: str, power: float) -> xr.Dataset:
    """Give a quantity a dim of energies, and multiply it by a power of energy."""
    check_number("energy_power", power, "a finite number")
    missing = [edge for edge in (ENERGY, low(ENERGY), high(ENERGY)) if edge not in source.coords]
    if missing:
        raise MissingVariableError(
            f"a spectrum needs the energies of the bins: coordinates {missing} are missing; assign "
            "them, or estimate the profile again"
        )
    if ENERGY not in source.dims:
        ends = {one: source[one].expand_dims(ENERGY) for one in (low(ENERGY), high(ENERGY))}
        angle = source.get("solid_angle")  # of bins, without energies
        source = source.drop_vars([*ends, "solid_angle"], errors="ignore")
        source = source.expand_dims(ENERGY).assign_coords(ends)
        if angle is not None:
            source = source.assign(solid_angle=angle.drop_vars(list(angle.coords)))
    extra = [str(dim) for dim in source[name].dims if dim not in (bin_dim(source), ENERGY)]
    if extra or ENERGY not in source[name].dims or source[name].dtype.kind not in "biuf":
        remedy = f"select one first: .isel({extra[0]}=0)" if extra else "choose another quantity"
        raise InvalidDataError(
            f"{name} has dims {source[name].dims} and values of type {source[name].dtype}, "
            f"expected numbers along {ENERGY} and optionally {bin_dim(source)}; {remedy}"
        )
    return times_energy(source, name, power)


def times_energy(source: xr.Dataset, name: str, power: float) -> xr.Dataset:
    """Multiply a quantity, its errors and its limits by a power of energy.

    dN/dE times energy squared is in the unit of E^2 dN/dE, others in powers of the energy unit.
    """
    if power == 0:
        return source
    if name == "counts":
        source = source.assign(counts_err=source[name] ** 0.5)
    known = u.Unit(str(source[ENERGY].attrs.get("units", ENERGY_UNIT)))
    made = {}
    for one in [name + end for end in SED_SUFFIXES if name + end in source]:
        before = u.Unit(str(source[one].attrs.get("units", "")))
        own = next((base for base in before.bases if base.is_equivalent(known)), known)
        after = before * own**power
        if name == "dnde" and power == 2:
            after *= u.erg / own
        factor = (before * known**power).to(after)
        text = unit_text(after) if float(power).is_integer() else after.to_string()
        values = source[one] * source[ENERGY] ** power * factor
        attrs = {**source[one].attrs, "units": text, ENERGY_POWER: power}
        made[one] = values.transpose(*source[one].dims).assign_attrs(attrs)
    return source.assign(made)


def split_bins(source: xr.Dataset, name: str) -> list[tuple[str, xr.Dataset]]:
    """Split a profile into bins, each with a text of its place; empty for a single bin."""
    dim = bin_dim(source)
    if dim not in source[name].dims:
        return [("", source)]
    bins = [source.isel({dim: index}) for index in range(source.sizes[dim])]
    if len(bins) == 1:
        return [("", bins[0])]
    if dim == REGION or dim not in source.coords or source[dim].dtype.kind not in "iuf":
        return [(f"bin {index}", one) for index, one in enumerate(bins)]
    axis = make_xaxis(source)
    unit = axis.label.partition("[")[2].rstrip("]")
    ends = zip(axis.first, axis.last, strict=True)
    texts = [f"{_number(a)} - {_number(b)} {unit}".strip() for a, b in ends]
    return list(zip(texts, bins, strict=True))


def _number(value: float) -> str:
    return np.format_float_positional(value, 3, fractional=False, trim="-")


def energy_axis(source: xr.Dataset, x_unit: Any) -> XAxis:
    """Place energy bins along a logarithmic axis.

    Raises
    ------
    InvalidOptionError
        If an energy is not above 0, or `x_unit` is not a unit of energy.
    """
    axis = named_axis(source, ENERGY, x_unit)
    if not np.all(axis.first > 0):
        raise InvalidOptionError(
            f"a spectrum needs energies above 0, found {low(ENERGY)}={np.min(axis.first):g}; "
            "select those above 0"
        )
    return replace(axis, log=True)
