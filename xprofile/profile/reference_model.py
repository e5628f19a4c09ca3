"""Profiles referred to another spectral model."""

from __future__ import annotations

import astropy.units as u
import xarray as xr

from ..estimation.settings import describe
from ..exceptions import InvalidOptionError, MissingVariableError
from ..schema.axes import scan_norms
from ..schema.checks import check_profile
from ..schema.history import extend_history
from ..schema.names import NORM_SCAN, NORM_SCAN_VALUES, SED_TYPE, SPECTRAL_MODEL
from ..spectrum.model_json import to_json
from ..spectrum.models import SpectralModel
from ..spectrum.references import reference_variables
from .sed import quantity_name

__all__ = ["with_reference_model"]


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
