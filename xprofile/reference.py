"""Reference models: what a norm of 1 stands for."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .exceptions import InvalidOptionError, MissingVariableError
from .schema import (
    ENERGY,
    ENERGY_UNIT,
    NORM_SCAN,
    NORM_SCAN_VALUES,
    SED_TYPE,
    SPECTRAL_MODEL,
    check_profile,
    extend_history,
    high,
    low,
    reference_variable,
    scan_norms,
)
from .sed import quantity_name
from .settings import describe
from .spectrum import SpectralModel, reference_fluxes, to_json

__all__ = ["reference_variables", "references", "with_reference_model"]

Float = NDArray[np.float64]


def reference_variables(model: SpectralModel, energies: xr.Dataset) -> dict[str, xr.DataArray]:
    """Make ``ref_dnde`` and so on, what a model gives at norm 1 in the energy bins of a Dataset.

    Each has the dims of the energy, none where one was selected.
    """
    scale = u.Unit(energies[ENERGY].attrs.get("units", ENERGY_UNIT)).to(ENERGY_UNIT)
    lower, upper = (np.atleast_1d(energies[edge(ENERGY)]) * scale for edge in (low, high))
    one = {} if energies[ENERGY].dims else {ENERGY: 0}
    found = references(model, lower, upper)
    return {name: xr.DataArray(values.isel(one)) for name, values in found.items()}


def references(model: SpectralModel, lower: Float, upper: Float) -> dict[str, xr.Variable]:
    """Make ``ref_dnde`` and so on, (energy,), of the edges of energy bins in TeV."""
    found = reference_fluxes(model, lower, upper)
    return {f"ref_{kind}": reference_variable(kind, values) for kind, values in found.items()}


def with_reference_model(profile: xr.Dataset, spectral_model: SpectralModel) -> xr.Dataset:
    """Refer a profile to another spectral model, without going back to the data.

    The quantity that the profile has, with its errors and limits, stays as it is. All that it is
    converted to from then on, norms included, follows from the new model. Inside wide energy bins
    the flux itself depends on the model: `estimate` it again where that matters.

    Parameters
    ----------
    profile : xarray.Dataset
        Of the sed type that is to stay.
    spectral_model : astropy.modeling.Model or callable
        The new model.

    Returns
    -------
    xarray.Dataset
        With new reference values, in default units, and with the norms of a scan changed; where
        these then differ between energies, ``norm_scan_values`` takes the place of ``norm_scan``.

    Raises
    ------
    InvalidOptionError
        If the profile is one of norms, which mean nothing without their model.
    MissingVariableError
        If it has a scan whose norms refer to a model that is not known.

    Examples
    --------
    >>> from xprofile import power_law, with_reference_model
    >>> with_reference_model(profile, power_law(2.7))  # doctest: +SKIP
    """
    check_profile(profile)
    kind = quantity_name(str(profile.attrs[SED_TYPE]))
    if kind == "norm":
        raise InvalidOptionError(
            "norms mean nothing without their model; choose the quantity that is to stay, such "
            "as to_sed_type('flux')"
        )
    new = reference_variables(spectral_model, profile)
    changed = profile.assign(new).assign_attrs({SPECTRAL_MODEL: to_json(spectral_model)})
    if "stat_scan" in profile:
        changed = _with_scan(changed, profile, kind, new[f"ref_{kind}"])
    text = describe("spectral_model", spectral_model)
    return extend_history(changed, changed, f"with_reference_model {text}")


def _with_scan(
    changed: xr.Dataset, profile: xr.Dataset, kind: str, new: xr.DataArray
) -> xr.Dataset:
    """Change the norms of a scan, so that the fluxes that they stand for stay."""
    if f"ref_{kind}" not in profile:
        raise MissingVariableError(
            f"the norms of the scan refer to a model that is not known: there is no ref_{kind}; "
            "open the file with spectral_model=, or drop_vars('stat_scan')"
        )
    old = profile[f"ref_{kind}"]
    factor = old / new * u.Unit(old.attrs["units"]).to(new.attrs["units"])
    if NORM_SCAN_VALUES not in profile and factor.size == 1:
        scale = factor.squeeze(drop=True).item()
        return changed.assign_coords({NORM_SCAN: profile[NORM_SCAN].copy() * scale})
    norms = scan_norms(profile) * factor
    values = norms.broadcast_like(profile["stat_scan"]).transpose(*profile["stat_scan"].dims)
    without = changed.drop_vars(NORM_SCAN, errors="ignore")
    return without.assign({NORM_SCAN_VALUES: values.drop_vars(NORM_SCAN, errors="ignore")})
