"""The same bins and energies of two profiles, as arrays with errors."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...bins.same_regions import same_regions
from ...exceptions import (
    DataWarning,
    InvalidDataError,
    MissingVariableError,
)
from ...schema.axes import bin_dim, pair_bins
from ...schema.checks import check_profile
from ...schema.names import (
    BIN_DIMS,
    COVARIANCE,
    ENERGY,
    ENERGY_UNIT,
    PER_SOLID_ANGLE,
    SED_TYPE,
    high,
    low,
    second_dim,
)
from ...schema.units import solid_angle_part
from ...schema.variables import SED_TYPES
from ...schema.warning_place import user_stacklevel
from ..sed import quantity_name

__all__ = ["Values", "pair_profiles", "paired_bins", "read_values"]

Float = NDArray[np.float64]

# Relative difference up to which two edges are the same; for edges of bins also the difference in
# deg. It covers edges that are rounded to five digits. At 1e-3, bins 3 arcsec apart would count as
# the same. At 1e-5, rounded edges would be refused.
_EDGE_TOLERANCE = 1e-4

# Ratio of the solid angles of bins up to which they count as equal. Bins of equal width differ by
# a few per cent, as they hold whole pixels. At 1.01 these would warn; at 2, rings of unequal area
# would be correlated with other sums over them without a word.
_ALIKE = 1.2


@dataclass(frozen=True, eq=False)
class Values:
    """Values of bins.

    Parameters
    ----------
    value : xarray.DataArray
        Dims (energy, DIM), or (DIM,).
    covariance : numpy.ndarray
        Covariance of the values at each energy, (nenergy or 1, nbin, nbin); 0 without errors.
    dim : str
        Dim of the bins.
    """

    value: xr.DataArray
    covariance: Float
    dim: str

    def take(self, index: NDArray[np.intp]) -> Values:
        """Select bins."""
        covariance = self.covariance[:, index][:, :, index]
        return Values(self.value.isel({self.dim: index}), covariance, self.dim)

    @property
    def arrays(self) -> Float:
        """Values (nenergy or 1, nbin)."""
        return np.atleast_2d(self.value.to_numpy().astype(float))


def read_values(
    data: xr.Dataset | xr.DataArray, name: str | None, which: str, *, compared: bool = True
) -> Values:
    """Read the values of a profile, or of an array along bins, which has no errors.

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        The profile.
    name : str, optional
        Name of a variable; by default the quantity of the profile's sed type.
    which : str
        Name of the argument for messages.
    compared : bool
        Whether values of different bins are compared, so that they must be per solid angle.
    """
    if isinstance(data, xr.DataArray):
        dims = [d for d in data.dims if d in BIN_DIMS]
        if len(dims) != 1 or data.dtype.kind not in "iuf":
            raise InvalidDataError(
                f"{which} has the dims {data.dims} and the type {data.dtype}, expected numbers in "
                "bins, such as image.profile.bin(bins, how='mean')"
            )
        value, dim = data.compute(), str(dims[0])
        errors = np.zeros(1)
        return _values(value, dim, errors, None, which)
    check_profile(data)
    dim = bin_dim(data)
    if dim not in data.dims:
        raise InvalidDataError(
            f"{which} has one bin without the dim {dim}; select it by isel({dim}=[0])"
        )
    if not data.sizes[dim]:
        raise InvalidDataError(f"{which} has no bins along {dim}; select some")
    data = pair_bins(data.compute())
    usual = quantity_name(str(data.attrs[SED_TYPE]))
    quantity = name or usual
    if quantity not in data:
        raise MissingVariableError(
            f"{which} has no {quantity}; it has {', '.join(map(str, data.data_vars))}"
        )
    if compared:
        _warn_of_areas(data, quantity, which)
    matrix = data[COVARIANCE] if quantity == usual and COVARIANCE in data else None
    if f"{quantity}_err" not in data:
        return _values(data[quantity], dim, np.zeros(1), None, which)
    errors = data[f"{quantity}_err"].to_numpy() / float(data.attrs.get("n_sigma", 1.0))
    ordered = data[f"{quantity}_err"].dims
    spread = xr.DataArray(errors, dims=ordered).transpose(*_order(data[quantity], dim, which))
    return _values(data[quantity], dim, spread.to_numpy(), matrix, which)


def _order(value: xr.DataArray, dim: str, which: str) -> list[str]:
    """Dims in order: the energy, if any, and the bins."""
    order = [d for d in (ENERGY, dim) if d in value.dims]
    others = [str(d) for d in value.dims if d not in order]
    if others:
        raise InvalidDataError(
            f"{which} has the dims {others} beside {ENERGY} and {dim}; select one value of each, "
            f"such as .isel({others[0]}=0)"
        )
    return order


def _values(
    value: xr.DataArray, dim: str, errors: Float, matrix: xr.DataArray | None, which: str
) -> Values:
    order = _order(value, dim, which)
    ordered = value.transpose(*order)
    spread = np.broadcast_to(errors, ordered.shape).reshape(-1, ordered.sizes[dim])
    covariance = np.zeros((*spread.shape, spread.shape[1]))
    covariance[:, np.arange(spread.shape[1]), np.arange(spread.shape[1])] = spread**2
    if matrix is not None:
        dims = [d for d in (ENERGY, dim, second_dim(dim)) if d in matrix.dims]
        given = matrix.transpose(*dims).to_numpy()
        covariance = given.reshape(-1, *given.shape[-2:])
    return Values(ordered, covariance, dim)


def pair_profiles(first: Values, second: Values) -> tuple[Values, Values]:
    """Select the bins that both profiles have, and check their energies.

    Raises
    ------
    InvalidDataError
        If bins or energies differ, or fewer than three bins are the same.

    Warns
    -----
    DataWarning
        If a profile has bins that the other has not, or bins are other regions.
    """
    here, there = paired_bins(first, second, least=3)
    return first.take(here), second.take(there)


def paired_bins(
    first: Values, second: Values, *, least: int = 1
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the bins that both profiles have, at least so many, and check their energies.

    Errors and warnings are those of `pair_profiles`.
    """
    if first.dim != second.dim:
        raise InvalidDataError(
            f"the profiles have bins along {first.dim} and along {second.dim}; use the same bins"
        )
    _check_energies(first.value, second.value)
    here, there = _common_bins(first, second)
    sizes = first.value.sizes[first.dim], second.value.sizes[second.dim]
    if here.size < least:
        raise InvalidDataError(
            f"the profiles have {here.size} bins along {first.dim} in common, of {sizes[0]} and "
            f"{sizes[1]}; {'a correlation needs three' if least > 1 else 'they need one'} or more"
        )
    if here.size < max(sizes):
        warnings.warn(
            f"{here.size} bins along {first.dim} are the same in both profiles, and the rest of "
            f"{sizes[0]} and {sizes[1]} bins is left out",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
    _warn_of_regions(first.take(here), second.take(there))
    return here, there


def _warn_of_regions(first: Values, second: Values) -> None:
    """Warn if bins at the same distances are other regions of the sky."""
    other = ~same_regions(first.value, second.value, first.dim)
    if other.any():
        warnings.warn(
            f"{np.count_nonzero(other)} of {other.size} bins are other regions of the sky in one "
            f"profile than in the other, at the same {first.dim}; bin both with the same SkyBins",
            DataWarning,
            stacklevel=user_stacklevel(),
        )


def _common_bins(first: Values, second: Values) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of the bins that are the same."""
    a, b, dim = first.value, second.value, first.dim
    if dim not in a.coords or dim not in b.coords:
        if a.sizes[dim] != b.sizes[dim]:
            raise MissingVariableError(
                f"the profiles have {a.sizes[dim]} and {b.sizes[dim]} bins, and a coordinate {dim} "
                "that tells which is which is missing"
            )
        every = np.arange(a.sizes[dim])
        return every, every
    same = np.ones((a.sizes[dim], b.sizes[dim]), dtype=bool)
    for name in (dim, low(dim), high(dim)):
        if name in a.coords and name in b.coords:
            left, right = a[name].to_numpy()[:, None], b[name].to_numpy()[None]
            if left.dtype.kind == "f":
                scale = _factor(b[name], a[name])
                right = right * scale
                same &= np.isclose(right, left, rtol=_EDGE_TOLERANCE, atol=_EDGE_TOLERANCE)
            else:
                same &= left == right
    if (same.sum(axis=0) > 1).any() or (same.sum(axis=1) > 1).any():
        raise InvalidDataError(
            f"values of {dim} repeat, so bins cannot be matched; select each bin once"
        )
    here, there = np.nonzero(same)
    return here, there


def _factor(coord: xr.DataArray, wanted: xr.DataArray) -> float:
    """Factor to the unit of another coordinate."""
    units = [str(c.attrs.get("units", "")) for c in (coord, wanted)]
    if units[0] == units[1] or not all(units):
        return 1.0
    return float(u.Unit(units[0]).to(units[1]))


def _check_energies(a: xr.DataArray, b: xr.DataArray) -> None:
    """Raise if both have several energies, which differ."""
    if any(v.sizes.get(ENERGY, 1) == 1 for v in (a, b)):
        return
    same = a.sizes[ENERGY] == b.sizes[ENERGY]
    for name in (ENERGY, low(ENERGY), high(ENERGY)):
        if same and name in a.coords and name in b.coords:
            usual = {"units": ENERGY_UNIT}
            scale = _factor(b[name].assign_attrs(usual | b[name].attrs), a[name])
            same = np.allclose(b[name].to_numpy() * scale, a[name].to_numpy(), rtol=_EDGE_TOLERANCE)
    if not same:
        raise InvalidDataError(
            f"the profiles have {a.sizes[ENERGY]} and {b.sizes[ENERGY]} energy bins with other "
            "energies; select one energy of each, or estimate both with the same energy_edges"
        )


def _warn_of_areas(data: xr.Dataset, quantity: str, which: str) -> None:
    """Warn if fluxes of bins of different sizes are not per solid angle."""
    area = data["solid_angle"].to_numpy() if "solid_angle" in data else np.zeros(0)
    area = area[area > 0]
    unit = u.Unit(str(data[quantity].attrs.get("units", "")))
    of_sky = quantity in SED_TYPES and solid_angle_part(unit) == u.dimensionless_unscaled
    of_sky &= PER_SOLID_ANGLE not in data[quantity].attrs
    if of_sky and area.size and area.max() > _ALIKE * area.min():
        warnings.warn(
            f"{quantity} of {which} is not per solid angle, and its bins differ in size by up to a "
            f"factor {area.max() / area.min():.2g}, which correlates with other sums over them; "
            "convert it with to_sed_type(..., per_solid_angle=True), and compare it with means",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
