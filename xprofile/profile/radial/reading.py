"""Fluxes of the bins of a radial profile, with their covariance."""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...estimation.shapes.edges import guessed_geometry
from ...exceptions import DataWarning, InvalidDataError, MissingVariableError
from ...maps.sphere import unit_vectors
from ...schema.axes import bin_dim
from ...schema.checks import check_profile
from ...schema.history import history_attrs
from ...schema.names import (
    COVARIANCE,
    DISTANCE,
    DISTANCE_UNIT,
    LAT,
    LON,
    REGION,
    SED_TYPE,
    SOLID_ANGLE_UNIT,
    high,
    low,
    second_dim,
)
from ...schema.units import unit_text, values_in_unit
from ...schema.variables import STATUS_FLAGS
from ...schema.warning_place import user_stacklevel
from ..sed import quantity_name, solid_angle_unit

__all__ = ["RadialProfile", "read_radial"]

Float = NDArray[np.float64]

# Distance in deg between centres that are the same, and gap between bins as a share of the width of
# the narrowest. Rounding of files is below: text of six decimals gives 1e-6. At ten times more,
# boxes of arcseconds along a line would be taken for rings.
_SAME_CENTRE, _TOUCHING = 1e-5, 1e-4


@dataclass(frozen=True, eq=False)
class RadialProfile:
    """Fluxes of rings.

    Parameters
    ----------
    name : str
        Name of the quantity.
    unit : str
        Its unit, summed over solid angle.
    flux : numpy.ndarray
        Flux of each ring, (..., nbin).
    covariance : numpy.ndarray
        For 1 sigma, (..., nbin, nbin); NaN where errors are not known.
    lower, upper : numpy.ndarray
        Radii in deg, ascending, (nbin,).
    solid_angle : numpy.ndarray
        Solid angle in sr, (nbin,).
    n_sigma : float
        Significance of the errors of the profile.
    dims : tuple
        Dims of the fluxes, without that of the bins.
    coords : dict of xarray.Variable
        Coordinates on these dims.
    """

    name: str
    unit: str
    flux: Float
    covariance: Float
    lower: Float
    upper: Float
    solid_angle: Float
    n_sigma: float
    dims: tuple[Hashable, ...]
    coords: dict[str, xr.Variable]

    def attrs(self, profile: xr.Dataset, step: str) -> dict[Hashable, Any]:
        """Attributes of a result, which is not a profile."""
        found = history_attrs({}, profile, step)
        return {name: value for name, value in found.items() if name != SED_TYPE}

    def errors(self, slopes: Float) -> Float:
        """Errors of linear functions of the fluxes, with slopes (..., nbin), for n_sigma."""
        variance = np.einsum("...i,...ij,...j->...", slopes, self.covariance, slopes)
        with np.errstate(invalid="ignore"):
            return np.asarray(self.n_sigma * np.sqrt(np.maximum(variance, 0)))


def read_radial(profile: xr.Dataset, *, least: int = 1) -> RadialProfile:
    """Read the fluxes of rings round one centre, in the order of their radii.

    Parameters
    ----------
    profile : xarray.Dataset
        The profile.
    least : int
        Smallest number of rings. One ring tells nothing about how the flux is distributed in it.

    Raises
    ------
    MissingVariableError
        If it is not a profile, or its bins have no edges.
    InvalidDataError
        If the bins are not rings round one centre that touch, or too few.

    Warns
    -----
    DataWarning
        If a bin has its best fit at an end.
    """
    check_profile(profile)
    dim = bin_dim(profile)
    lower, upper, order = _rings(profile, dim)
    if lower.size < least:
        raise InvalidDataError(
            f"a radius needs {least} rings or more, found {lower.size}; bin the maps in narrower "
            "annuli"
        )
    _warn_of_ends(profile)
    name = quantity_name(str(profile.attrs[SED_TYPE]))
    values = profile[name]
    dims = tuple(d for d in values.dims if d != dim)
    flux = values.transpose(*dims, dim).to_numpy().astype(float)[..., order]
    area = values_in_unit(profile["solid_angle"], "solid_angle", SOLID_ANGLE_UNIT)[order]
    covariance = _covariance(profile, name, dims, dim)[..., order, :][..., order]
    unit = str(values.attrs.get("units", ""))
    angle = solid_angle_unit(profile)
    if angle != u.dimensionless_unscaled:
        inside = area * u.sr.to(angle)
        flux, covariance = flux * inside, covariance * inside[:, None] * inside
        unit = unit_text(u.Unit(unit) * angle)
    coords = {
        str(n): c.variable for n, c in profile.coords.items() if c.dims and set(c.dims) <= set(dims)
    }
    n_sigma = float(profile.attrs.get("n_sigma", 1.0))
    return RadialProfile(
        name, unit, flux, covariance, lower, upper, np.asarray(area, float), n_sigma, dims, coords
    )


def _rings(profile: xr.Dataset, dim: str) -> tuple[Float, Float, NDArray[np.intp]]:
    """Edges of rings in ascending order, and the order."""
    missing = [n for n in (low(dim), high(dim)) if n not in profile.coords]
    if dim != DISTANCE or missing:
        raise MissingVariableError(
            f"radii need a profile of annuli, but this one has the dim {dim}"
            + (f" and no {' and no '.join(missing)}" if missing else "")
        )
    lower, upper = (
        np.asarray(values_in_unit(profile[n], n, DISTANCE_UNIT), dtype=float)
        for n in (low(dim), high(dim))
    )
    order = np.argsort(lower, kind="stable")
    lower, upper = lower[order], upper[order]
    if lower.size == 1 and REGION in profile.coords and guessed_geometry(profile)[0] != "radial":
        raise InvalidDataError(
            f"radii need annuli, but the bin is {profile[REGION].item()!r}; bin the maps in "
            "SkyBins.annuli"
        )
    if LON in profile.coords and LAT in profile.coords:
        lon, lat = (values_in_unit(profile[n], n, DISTANCE_UNIT) for n in (LON, LAT))
        vectors = unit_vectors(np.asarray(lon, float), np.asarray(lat, float))
        apart = np.degrees(np.linalg.norm(vectors - vectors[:, :1], axis=0).max(initial=0))
        if apart > _SAME_CENTRE:
            raise InvalidDataError(
                f"radii need annuli round one centre, but the centres of these bins are up to "
                f"{apart:.3g} deg apart; bin the maps in SkyBins.annuli"
            )
    widths = upper - lower
    gaps = np.abs(lower[1:] - upper[:-1])
    touching = lower.size and np.all(widths > 0) and np.all(gaps <= _TOUCHING * widths.min())
    if not touching:
        raise InvalidDataError(
            "radii need annuli that touch, but these have gaps or overlaps: edges from "
            f"{lower} to {upper} deg"
        )
    return lower, upper, order


def _warn_of_ends(profile: xr.Dataset) -> None:
    """Warn of bins whose best fits are at an end: their fluxes have no symmetric errors."""
    if "status" not in profile:
        return
    ends = (profile["status"].to_numpy() & STATUS_FLAGS["best_fit_at_boundary"]) > 0
    if ends.any():
        warnings.warn(
            f"{np.count_nonzero(ends)} of {ends.size} bins have their best fit at an end, as those "
            "without counts do: their fluxes are far below 0, and their errors are not symmetric. "
            "Take wider bins, or fewer energies",
            DataWarning,
            stacklevel=user_stacklevel(),
        )


def _covariance(profile: xr.Dataset, name: str, dims: tuple[Hashable, ...], dim: str) -> Float:
    """Covariance of all bins, or the squares of their errors if they are independent."""
    if COVARIANCE in profile:
        order = (*dims, dim, second_dim(dim))
        return profile[COVARIANCE].transpose(*order).to_numpy().astype(float)
    sizes = tuple(profile[name].sizes[d] for d in dims)
    number = profile.sizes[dim]
    error = np.full((*sizes, number), np.nan)
    if f"{name}_err" in profile:
        error = profile[f"{name}_err"].transpose(*dims, dim).to_numpy().astype(float)
    found = np.zeros((*sizes, number, number))
    np.einsum("...ii->...i", found)[...] = (error / float(profile.attrs.get("n_sigma", 1.0))) ** 2
    return found
