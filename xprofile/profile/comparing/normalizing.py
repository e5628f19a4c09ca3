"""A profile relative to its peak, its sum, or one of its bins."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr

from ...binned.nearest_bins import isel
from ...exceptions import (
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
    NotFoundError,
)
from ...schema.axes import bin_dim
from ...schema.checks import check_profile
from ...schema.history import extend_history
from ...schema.names import COVARIANCE, NORM_SCAN, PER_SOLID_ANGLE, SED_TYPE
from ...schema.options import suggests_options
from ...schema.units import unit_text
from ...schema.variables import SED_SUFFIXES
from ..sed import quantity_name, solid_angle_unit
from .arithmetic import without_references, words_of

__all__ = ["normalize"]

_SCALES = ("peak", "sum", "mean")


@suggests_options
def normalize(profile: xr.Dataset, to: str | int | u.Quantity = "peak") -> xr.Dataset:
    """Divide a profile by its peak, its sum, its mean, or one of its bins, at each energy.

    Parameters
    ----------
    profile : xarray.Dataset
        From `estimate`, of any sed type.
    to : {"peak", "sum", "mean"}, int or Quantity
        What becomes 1: the highest bin, or the sum or the mean of all bins with a value. A number
        is that of a bin, counted from 0, and a Quantity such as 0.1 deg is in the bin that counts.

    Returns
    -------
    xarray.Dataset
        The profile with these variables in place of its quantity and its references. The others
        stay, but for scans. The value that becomes 1 counts as exact, as only the scale of the
        profile depends on its error.

        - ``norm`` (projected_distance, energy): the quantity in units of the chosen value. That of
          a surface brightness has the attribute ``per_solid_angle``, so that `containment` and the
          like take it as one.
        - ``norm_err``, ``norm_errn``, ``norm_errp``, ``norm_ul`` and the like, as far as the
          profile has them, and ``covariance``.

    Raises
    ------
    InvalidOptionError
        If `to` is not one of these, or no bin has this number or contains this place.
    InvalidDataError
        If the chosen value is 0, negative or NaN at an energy, or the profile has one bin without a
        dim.

    See Also
    --------
    xprofile.divide : Divide by another profile.
    xprofile.with_reference_model : Norms of another spectral model.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> profile = maps.profile.estimate(rings)
    >>> xprofile.normalize(profile).norm.values.ravel().round(2)
    array([1.  , 0.01, 0.14, 0.22])
    """
    check_profile(profile)
    name, dim = quantity_name(str(profile.attrs[SED_TYPE])), bin_dim(profile)
    if dim not in profile[name].dims:
        raise InvalidDataError(
            f"the profile has one bin without the dim {dim}; keep it in the selection, as "
            f"isel({dim}=[0]) does"
        )
    if not profile.sizes[dim]:
        raise InvalidDataError(f"the profile has no bins along {dim}; select some")
    scale = _scale(profile[name], dim, to)
    _check_scale(scale, name, to)
    values = profile.drop_dims(NORM_SCAN, errors="ignore")
    kept = {name + end: "norm" + end for end in SED_SUFFIXES if name + end in values}
    words = f"relative to its {to}" if isinstance(to, str) else "relative to one bin"
    text = f"{words_of(profile[name], name)} {words}"
    result = without_references(values).drop_vars(list(kept), errors="ignore")
    made = {new: _scaled(values[old], scale, text, new) for old, new in kept.items()}
    angle = solid_angle_unit(profile)
    if angle != u.dimensionless_unscaled:  # a relative brightness is still one
        made["norm"].attrs[PER_SOLID_ANGLE] = unit_text(angle)
    if COVARIANCE in values:
        made[COVARIANCE] = (values[COVARIANCE] / scale**2).transpose(*values[COVARIANCE].dims)
        made[COVARIANCE].attrs = {"long_name": values[COVARIANCE].attrs.get("long_name", "")}
    result = result.assign(made).assign_attrs({SED_TYPE: "likelihood"})
    return extend_history(result, result, f"normalize to: {to}")


def _scale(values: xr.DataArray, dim: str, to: Any) -> xr.DataArray:
    """Value that becomes 1, (energy,) or a scalar."""
    if isinstance(to, str) and to in _SCALES:
        return {"peak": values.max, "sum": values.sum, "mean": values.mean}[to](dim)
    number = values.sizes[dim]
    if isinstance(to, int | np.integer) and not isinstance(to, bool) and -number <= to < number:
        return values.isel({dim: int(to)}, drop=True)
    reason = ""
    if isinstance(to, u.Quantity) and to.isscalar:
        try:
            return isel(values, {dim: to}, drop=True)
        except (InvalidOptionError, NotFoundError, MissingVariableError) as error:
            reason = f": {error}"
    raise InvalidOptionError(
        f"to must be one of {_SCALES}, the number of one of the {number} bins, or a Quantity in "
        f"one of them, such as 0.1 * u.deg, found {to!r}{reason}"
    )


def _check_scale(scale: xr.DataArray, name: str, to: Any) -> None:
    """Raise if a value that becomes 1 is not positive."""
    values = scale.to_numpy()
    wrong = np.asarray(~(np.isfinite(values) & (values > 0)))
    if not wrong.any():
        return
    first = tuple(int(n) for n in np.unravel_index(int(wrong.argmax()), wrong.shape))
    place = ", ".join(f"{dim}={n}" for dim, n in zip(scale.dims, first, strict=True))
    words = to if isinstance(to, str) else f"value of bin {to}"
    raise InvalidDataError(
        f"the {words} of {name} is {values[first]:.4g}"
        + (f" at {place}" if place else "")
        + (f", and not positive at {wrong.sum() - 1} more" if wrong.sum() > 1 else "")
        + ", expected positive numbers; normalize to another bin, or select energies with a signal"
    )


def _scaled(values: xr.DataArray, scale: xr.DataArray, text: str, name: str) -> xr.DataArray:
    found = (values / scale).transpose(*values.dims)
    words = SED_SUFFIXES[name.removeprefix("norm")]
    found.attrs = {"long_name": f"{text} {words}".strip()}
    return found
