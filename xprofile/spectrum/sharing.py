"""Shares of photons that the PSF leaves in the bins: of each bin, and of a point source."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import xarray as xr

from ..exceptions import MissingVariableError
from ..schema.arguments.one_by_one import FINE_BINS, over_further_dims
from ..schema.axes import bin_dim, match_bins
from ..schema.checks import check_binned
from ..schema.names import EDISP, ENERGY, ENERGY_TRUE, EXPOSURE_TRUE, PSF_SHARE, true_dim
from ..schema.options import suggests_options
from ..schema.units import unit_text
from ..schema.variables import BINNED
from ..schema.written_units.solid_angle_units import wanted_angle
from .mixing import check_mixing, mixed_signal
from .models import SpectralModel, power_law
from .response import exposure_in_unit, predicted_signal

__all__ = ["psf_profile", "share_kept"]


@suggests_options
@over_further_dims(FINE_BINS)
def share_kept(binned: xr.Dataset, *, spectral_model: SpectralModel | None = None) -> xr.DataArray:
    """Share of the photons of each bin that is seen in the bin itself.

    The others are seen in other bins, beyond all bins, or in masked pixels. Where it is well below
    1, a profile of `estimate` is smeared by the PSF.

    Parameters
    ----------
    binned : xarray.Dataset
        From `bin_maps` with ``psf=True``.
    spectral_model : astropy.modeling.Model or callable
        Shape of the spectrum, as in `estimate`; a power law of index 2 by default. It weights the
        true energies.

    Returns
    -------
    xarray.DataArray
        Dims (energy, projected_distance), from 0 to 1. NaN in bins without exposure.

    Raises
    ------
    MissingVariableError
        If the data were binned without the PSF.

    See Also
    --------
    xprofile.bin_maps : Bin maps with their PSF.
    xprofile.psf_profile : The PSF through the same bins.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=2)
    >>> binned = maps.profile.bin(rings, psf=True)
    >>> kept = xprofile.share_kept(binned)
    >>> kept.dims
    ('energy', 'projected_distance')
    """
    check_binned(binned)
    check_mixing(binned)
    model = power_law() if spectral_model is None else spectral_model
    dim = bin_dim(binned)
    source = true_dim(dim)
    found = match_bins(binned, dim, source)
    mixed = mixed_signal(binned, model).drop_vars(source, errors="ignore")
    places = xr.DataArray(np.maximum(found, 0), dims=(dim,))
    numbers = xr.DataArray(np.arange(found.size), dims=(dim,))
    own = mixed.isel({source: places, dim: numbers})
    emitted = _emitted(binned, model, places)
    kept = (own / emitted.where(emitted > 0)).where(xr.DataArray(found >= 0, dims=(dim,)))
    others = [d for d in kept.dims if d not in (ENERGY, dim)]
    kept = kept.transpose(*others, ENERGY, dim)
    coords = {name: c for name, c in binned.coords.items() if set(c.dims) <= set(kept.dims)}
    attrs = {"long_name": "share of the photons that stays in the bin"}
    return xr.DataArray(kept.variable, coords, name="share_kept", attrs=attrs)


def _emitted(binned: xr.Dataset, model: SpectralModel, places: xr.DataArray) -> xr.DataArray:
    """Signal counts of the photons of each bin, wherever they are seen."""
    dim = bin_dim(binned)
    exposure = xr.DataArray(exposure_in_unit(binned, EXPOSURE_TRUE))
    exposure = exposure.isel({true_dim(dim): places})
    return predicted_signal(binned.assign(exposure=exposure.variable), model)


@suggests_options
@over_further_dims(FINE_BINS)
def psf_profile(
    binned: xr.Dataset, *, per_solid_angle: bool | str | u.UnitBase = False
) -> xr.DataArray:
    """Profile of a point source at the origin of the bins: the PSF through the same bins.

    The origin is the centre of annuli, sectors and grids, the place of distance 0 on a line or
    path, and the centre of the first of a list of regions.

    Parameters
    ----------
    binned : xarray.Dataset
        From `bin_maps` with ``psf=True``.
    per_solid_angle : bool, str or Unit
        Divide by the solid angle of each bin, as for a surface brightness: in a unit such as
        ``"deg2"``, or with True in sr.

    Returns
    -------
    xarray.DataArray
        Dims (energy_true, projected_distance): share of the photons that is seen in the used pixels
        of each bin, or this share per solid angle. Where masks or the PSF depend on the
        reconstructed energy, it is the mean over these energies, weighted with the energy
        dispersion if there is one.

    Raises
    ------
    MissingVariableError
        If the data were binned without the PSF.
    InvalidOptionError
        If `per_solid_angle` is not a unit of solid angle.

    See Also
    --------
    xprofile.bin_maps : Bin maps with their PSF.
    xprofile.share_kept : Share of the photons that stays in each bin.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=4)
    >>> profile = xprofile.psf_profile(maps.profile.bin(rings, psf=True))
    >>> profile.dims
    ('energy_true', 'projected_distance')
    """
    check_binned(binned)
    if PSF_SHARE not in binned:
        raise MissingVariableError(
            f"the binned data have no {PSF_SHARE}, so it is not known how the PSF spreads a point "
            "source; make them with maps.profile.bin(bins, psf=True)"
        )
    dim, share = bin_dim(binned), binned[PSF_SHARE]
    if ENERGY in share.dims:
        weight = xr.ones_like(share)
        if EDISP in binned:
            weight = weight * binned[EDISP]
        total = weight.sum(ENERGY)
        mean = (share * weight).sum(ENERGY) / total.where(total > 0)
        share = mean.fillna(share.mean(ENERGY))
    attrs = dict(BINNED[PSF_SHARE].attrs)
    if angle := wanted_angle(per_solid_angle):
        area = binned["solid_angle"] * u.sr.to(angle)
        share, attrs = share / area.where(area > 0), {**attrs, "units": unit_text(1 / angle)}
    others = [d for d in share.dims if d not in (ENERGY_TRUE, dim)]
    share = share.transpose(*others, ENERGY_TRUE, dim)
    coords = {name: c for name, c in binned.coords.items() if set(c.dims) <= set(share.dims)}
    return xr.DataArray(share.variable, coords, name="psf_profile", attrs=attrs)
