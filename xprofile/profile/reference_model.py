"""Change the spectral model that the norms and reference values of a profile refer to."""

from __future__ import annotations

import astropy.units as u
import xarray as xr

from ..estimation.settings import setting_text
from ..exceptions import InvalidOptionError, MissingVariableError
from ..schema.axes import scan_norms
from ..schema.checks import check_profile
from ..schema.history import extend_history
from ..schema.names import NORM_SCAN, NORM_SCAN_VALUES, SED_TYPE, SPECTRAL_MODEL
from ..schema.options import suggests_options
from ..spectrum.model_json import model_to_json
from ..spectrum.models import SpectralModel
from ..spectrum.references import reference_arrays
from .sed import quantity_name

__all__ = ["with_reference_model"]


@suggests_options
def with_reference_model(profile: xr.Dataset, spectral_model: SpectralModel) -> xr.Dataset:
    """Change the spectral model of a profile without going back to the data.

    The quantity of the profile stays, with its errors and limits. Conversions to other sed types,
    norms included, follow the new model from then on. Inside wide energy bins the flux itself
    depends on the model; use `estimate` again where that matters.

    Parameters
    ----------
    profile : xarray.Dataset
        Of the sed type whose values stay.
    spectral_model : astropy.modeling.Model or callable
        The new model.

    Returns
    -------
    xarray.Dataset
        `profile` with the attr ``spectral_model`` and other values of these variables:

        - ``ref_dnde`` in cm-2 s-1 TeV-1, ``ref_flux`` in cm-2 s-1, ``ref_eflux`` and
          ``ref_e2dnde`` in erg cm-2 s-1 (energy): values at norm 1 of the new model.
        - ``norm_scan`` (norm_scan): norms of the scan for the new model. Where they differ between
          energies, ``norm_scan_values`` (projected_distance, energy, norm_scan) replaces it.

    Raises
    ------
    InvalidOptionError
        If the profile holds norms, which mean nothing without their model.
    MissingVariableError
        If it has a scan whose norms refer to an unknown model.

    See Also
    --------
    xprofile.to_sed_type : Convert to the quantity that stays.
    xprofile.power_law : Make a spectral model.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> flux = maps.profile.estimate(rings).profile.to_sed_type("flux")
    >>> softer = xprofile.with_reference_model(flux, xprofile.power_law(2.7))
    >>> softer.flux.equals(flux.flux)
    True
    """
    check_profile(profile)
    kind = quantity_name(str(profile.attrs[SED_TYPE]))
    if kind == "norm":
        raise InvalidOptionError(
            "norms mean nothing without their model; choose the quantity that stays, such as "
            "to_sed_type('flux')"
        )
    new = reference_arrays(spectral_model, profile)
    changed = profile.assign(new).assign_attrs({SPECTRAL_MODEL: model_to_json(spectral_model)})
    if "stat_scan" in profile:
        changed = _change_scan(changed, profile, kind, new[f"ref_{kind}"])
    text = setting_text("spectral_model", spectral_model)
    return extend_history(changed, changed, f"with_reference_model {text}")


def _change_scan(
    changed: xr.Dataset, profile: xr.Dataset, kind: str, new: xr.DataArray
) -> xr.Dataset:
    """Change the norms of a scan so that their fluxes stay."""
    if f"ref_{kind}" not in profile:
        raise MissingVariableError(
            f"the norms of the scan refer to an unknown model, as the profile has no ref_{kind}; "
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
