"""Norms of one profile as norms of the spectral model of another."""

from __future__ import annotations

from typing import NoReturn

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidDataError, InvalidOptionError
from ...schema.names import ENERGY, ENERGY_UNIT, SPECTRAL_MODEL, high, low
from ...schema.variables import SED_SUFFIXES, SED_TYPES
from ...spectrum.model_json import model_from_json
from ...spectrum.references import reference_arrays

__all__ = ["norms_of_model"]

# Relative difference up to which models have the same shape in an energy bin, as their reference
# fluxes of all kinds have one ratio. Results depend on the kind by as much, which is far below
# errors. With 1e-2, indices that differ by 0.02 in a wide bin would pass; with 1e-6, references
# from tables that are rounded to six digits would be refused.
_SAME_SHAPE = 1e-3


def norms_of_model(other: xr.Dataset, profile: xr.Dataset) -> xr.Dataset:
    """Convert the norms of a profile to those of the spectral model of another one.

    Values, errors and limits are converted; covariances, scans and references stay. Without
    references of one of them, as after `normalize`, or with one model, they all stay.

    Parameters
    ----------
    other : xarray.Dataset
        Profile of norms.
    profile : xarray.Dataset
        The other one, of the same energies or others.

    Raises
    ------
    InvalidDataError
        If the models have different shapes, so that a ratio of norms would be that of no flux, or
        energies differ and a model is not known.
    """
    names = [f"ref_{kind}" for kind in SED_TYPES if kind != "norm"]
    names = [name for name in names if name in other and name in profile]
    texts = [str(data.attrs.get(SPECTRAL_MODEL, "")) for data in (other, profile)]
    alike = _same_energies(other, profile)
    if not names or (not alike and texts[0] and texts[0] == texts[1]):
        return other
    wanted = profile if alike else _references(profile, other)
    ratios = np.stack([_ratio(other[name], wanted[name]) for name in names])
    if np.allclose(ratios, 1, rtol=1e-12, atol=0, equal_nan=True):
        return other
    if not np.allclose(ratios, ratios[0], rtol=_SAME_SHAPE, atol=0, equal_nan=True):
        _refuse()
    factor = xr.DataArray(ratios[0].reshape(other[names[0]].shape), dims=other[names[0]].dims)
    ends = [f"norm{end}" for end in SED_SUFFIXES if f"norm{end}" in other]
    scaled = {name: (other[name] * factor).transpose(*other[name].dims) for name in ends}
    return other.assign(scaled)


def _same_energies(a: xr.Dataset, b: xr.Dataset) -> bool:
    """Whether both have the same energy bins."""
    edges = []
    for data in (a, b):
        found = [data[edge(ENERGY)] for edge in (low, high) if edge(ENERGY) in data.coords]
        scale = [u.Unit(str(e.attrs.get("units", ENERGY_UNIT))).to(ENERGY_UNIT) for e in found]
        values = [e.to_numpy().ravel() * s for e, s in zip(found, scale, strict=True)]
        edges.append(np.array(values))
    first, second = edges
    return first.shape == second.shape and np.allclose(first, second, rtol=1e-4, atol=0)


def _references(profile: xr.Dataset, other: xr.Dataset) -> dict[str, xr.DataArray]:
    """References of the model of a profile in the energies of another one."""
    try:
        model = model_from_json(str(profile.attrs.get(SPECTRAL_MODEL, "")))
    except InvalidOptionError as error:
        raise InvalidDataError(
            "the energies of the profiles differ, and the spectral model of one is not known, so "
            "that its norms cannot be compared; convert both first, such as by to_sed_type('flux')"
        ) from error
    return reference_arrays(model, other)


def _ratio(values: xr.DataArray, wanted: xr.DataArray) -> NDArray[np.float64]:
    """Ratio of references of two profiles, (energy,)."""
    units = [u.Unit(str(data.attrs.get("units", ""))) for data in (values, wanted)]
    ratio = values.to_numpy().ravel() / wanted.to_numpy().ravel()
    return np.asarray(ratio * units[0].to(units[1]))


def _refuse() -> NoReturn:
    raise InvalidDataError(
        "the norms of the profiles refer to spectral models of different shapes, so that they "
        "cannot be compared; convert both first, such as by to_sed_type('flux'), or estimate both "
        "with one spectral_model"
    )
