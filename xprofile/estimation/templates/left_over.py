"""Profile of the norms of bins that were fitted with templates: what is left beyond them."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import xarray as xr

from ...exceptions import MissingVariableError
from ...schema.axes import axis_coords, bin_dim
from ...schema.fits.templates import BIN_PREFIX
from ...schema.history import extend_history
from ...schema.names import (
    COVARIANCE,
    ENERGY,
    MARGIN,
    SED_TYPE,
    TEMPLATE,
    THRESHOLD,
    high,
    low,
    second_dim,
)
from ...schema.number_checks import check_number
from ...schema.options import suggests_options
from ...schema.variables import PROFILE, SED_SUFFIXES, sed_variable
from ..status import limit_flags
from ..unfolding.matrices import add_matrices

__all__ = ["bin_profile"]

_COUNTS = ("counts", "npred_total", "npred_bins")


@suggests_options
def bin_profile(fit: xr.Dataset, *, sqrt_ts_threshold_ul: float = 2) -> xr.Dataset:
    """Make a profile of the norms of bins that were fitted with templates.

    Parameters
    ----------
    fit : xarray.Dataset
        From `fit_templates` with ``free_bins``.
    sqrt_ts_threshold_ul : float
        Bins with a smaller significance are marked ``is_ul``.

    Returns
    -------
    xarray.Dataset
        Profile as of `estimate`, for figures, files and `to_sed_type`. ``norm``, its errors, limits
        and ``ts`` are those of the bins, and errors have those of the templates in them. Bins that
        ``bin(..., margin=...)`` added are left out. ``npred_background`` is the sum of background
        and templates. If the norms do not depend on energy, there is one energy bin. ``covariance``
        and ``correlation`` are there if all bins were fitted at once.

    Raises
    ------
    MissingVariableError
        If no norms of bins were fitted.

    See Also
    --------
    xprofile.fit_templates : Fit templates and the norms of bins.
    xprofile.unfold : Fit norms of bins alone.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=8)
    >>> binned = maps.profile.bin(rings)
    >>> alone = binned.assign(background=0 * binned.background)
    >>> inner = binned.projected_distance < 1
    >>> fit = alone.profile.fit_templates({"known": binned.background}, free_bins=inner)
    >>> profile = xprofile.bin_profile(fit)
    >>> profile.norm.dims
    ('projected_distance', 'energy')
    """
    check_number("sqrt_ts_threshold_ul", sqrt_ts_threshold_ul, "a finite number")
    if f"{BIN_PREFIX}norm" not in fit:
        raise MissingVariableError(
            "the fit has no norms of bins; make it with fit_templates(..., free_bins=True)"
        )
    dim = bin_dim(fit)
    fit = _without_margin(fit, dim)
    one = fit.drop_dims([d for d in (TEMPLATE, second_dim(TEMPLATE)) if d in fit.dims])
    if ENERGY not in one[f"{BIN_PREFIX}norm"].dims:
        one = _single_energy(one)
    extra = [d for d in one[f"{BIN_PREFIX}norm"].dims if d not in (dim, ENERGY)]
    profile = xr.Dataset(_variables(one, dim, extra), one.coords, one.attrs)
    norm, sqrt_ts = (profile[name].to_numpy() for name in ("norm", "sqrt_ts"))
    limit = profile["norm_ul"].to_numpy() if "norm_ul" in profile else None
    flags = {
        "success": np.isfinite(norm),
        "is_ul": limit_flags(norm, sqrt_ts, limit, sqrt_ts_threshold_ul),
    }
    profile = profile.assign(
        {k: (profile["norm"].dims, v, PROFILE[k].attrs) for k, v in flags.items()}
    )
    covariance = f"{BIN_PREFIX}{COVARIANCE}"
    if covariance in one:
        ordered = one[covariance].transpose(*extra, ENERGY, dim, second_dim(dim))
        profile = add_matrices(profile, ordered.to_numpy(), dim, extra)
    profile.attrs |= {SED_TYPE: "likelihood", THRESHOLD: float(sqrt_ts_threshold_ul)}
    step = f"bin_profile sqrt_ts_threshold_ul: {sqrt_ts_threshold_ul:g}"
    return extend_history(profile, fit, step)


def _without_margin(fit: xr.Dataset, dim: str) -> xr.Dataset:
    """Leave out the bins that were added round the others."""
    if MARGIN not in fit.coords:
        return fit
    kept = np.flatnonzero(~fit[MARGIN].to_numpy().astype(bool))
    dims = [d for d in (dim, second_dim(dim)) if d in fit.dims]
    return fit.isel(dict.fromkeys(dims, kept)).drop_vars(MARGIN)


def _single_energy(fit: xr.Dataset) -> xr.Dataset:
    """Sum over all energies, and give norms without an energy one energy bin of all."""
    lower, upper = float(fit[low(ENERGY)].min()), float(fit[high(ENERGY)].max())
    coords = axis_coords(ENERGY, [np.sqrt(lower * upper)], [lower], [upper])
    for coord in coords.values():
        coord.attrs["units"] = fit[ENERGY].attrs["units"]
    summed = fit.drop_dims(ENERGY).assign({n: fit[n].sum(ENERGY, keep_attrs=True) for n in _COUNTS})
    seen = fit["coverage"].mean(ENERGY, keep_attrs=True)
    wanted = [*_COUNTS, *(n for n in summed if str(n).startswith((BIN_PREFIX, "ref_")))]
    spread = summed[wanted].expand_dims({ENERGY: 1}, axis=-1)
    return (
        summed.assign(dict(spread.data_vars))
        .assign(coverage=seen.expand_dims({ENERGY: 1}))
        .assign_coords(coords)
    )


def _variables(one: xr.Dataset, dim: str, extra: list[Hashable]) -> dict[str, xr.Variable]:
    """Variables of a profile by those of a fit."""
    names = {f"norm{end}": f"{BIN_PREFIX}norm{end}" for end in SED_SUFFIXES}
    names |= {name: BIN_PREFIX + name for name in ("ts", "sqrt_ts", "status")}
    names |= {"counts": "counts", "npred": "npred_total", "npred_excess": "npred_bins"}
    names |= {"coverage": "coverage"}
    found = {}
    for name, source in names.items():
        if source in one:
            variable = one[source].variable
            lead = [d for d in variable.dims if d not in (dim, ENERGY)]
            found[name] = variable.transpose(*lead, dim, ENERGY)
            entry = PROFILE.get(name) or sed_variable("norm", name.removeprefix("norm"))
            found[name].attrs = {**variable.attrs, **entry.attrs}
    background = found["npred"] - found["npred_excess"]
    found["npred_background"] = xr.Variable(
        background.dims, background.data, PROFILE["npred_background"].attrs
    )
    found["solid_angle"] = one["solid_angle"].variable
    references = [str(n) for n in one if str(n).startswith("ref_")]
    return found | {name: one[name].variable for name in references}
