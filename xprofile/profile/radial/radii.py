"""Radii that contain a share of the flux of a profile, and its full width at half maximum."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidOptionError
from ...schema.names import DISTANCE_UNIT
from ...schema.number_checks import check_number
from ...schema.options import suggests_options
from .reading import RadialProfile, read_radial

__all__ = ["containment", "fwhm", "half_light"]

Float = NDArray[np.float64]


@suggests_options
def containment(profile: xr.Dataset, fraction: float = 0.68) -> xr.Dataset:
    r"""Radius that contains a share of the flux of a profile in annuli.

    Parameters
    ----------
    profile : xarray.Dataset
        Profile in annuli or elliptical annuli that touch, from `estimate` or `unfold`, of any sed
        type. Its bins must reach to where the source ends, and to its centre, as the flux of all
        bins is taken as the whole.
    fraction : float
        The share, above 0 and below 1.

    Returns
    -------
    xarray.Dataset
        - ``radius``, ``radius_err`` (energy) in deg: where the curve of growth first reaches the
          share. Within a bin, it grows with the area. NaN where the flux of all bins is not
          positive, or not known.

        The error follows from the covariance of an unfolded profile. Bins of other profiles are
        taken as independent. It has the significance of those of the profile.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If it is not a profile in annuli round one centre that touch.
    InvalidOptionError
        If the share is not between 0 and 1.

    See Also
    --------
    xprofile.half_light : The same for one half.
    xprofile.curve_of_growth : Flux within each radius.
    xprofile.fit_shape : Width of a model, without the PSF.

    Notes
    -----
    With the fluxes :math:`x_i` of bins, bin k that holds the radius R, and the share s(R) of its
    area within R, R solves

    .. math:: g = \sum_{i<k} x_i + s(R)\, x_k - f \sum_i x_i = 0,

    and its variance is :math:`a^T C a` with :math:`a_i = -(\partial g / \partial x_i) / (x_k\,
    s'(R))`, for the covariance C.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=10)
    >>> profile = maps.profile.estimate(rings)
    >>> sorted(xprofile.containment(profile, 0.68).data_vars)
    ['radius', 'radius_err']
    """
    check_number("fraction", fraction, "a positive number")
    if not 0 < fraction < 1:
        raise InvalidOptionError(f"fraction must be above 0 and below 1, found {fraction:g}")
    read = read_radial(profile)
    radius, error = _containment(read, fraction)
    text = f"radius that contains {fraction:g} of the flux"
    return _result(profile, read, "radius", radius, error, text, f"containment {fraction:g}")


@suggests_options
def half_light(profile: xr.Dataset) -> xr.Dataset:
    """Radius that contains half of the flux of a profile in annuli.

    Parameters
    ----------
    profile : xarray.Dataset
        As in `containment`.

    Returns
    -------
    xarray.Dataset
        ``radius``, ``radius_err`` (energy) in deg, as `containment` gives them.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If it is not a profile in annuli round one centre that touch.

    See Also
    --------
    xprofile.containment : The same for any share.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=10)
    >>> xprofile.half_light(maps.profile.estimate(rings)).radius.attrs["units"]
    'deg'
    """
    return containment(profile, 0.5)


@suggests_options
def fwhm(profile: xr.Dataset) -> xr.Dataset:
    """Full width at half maximum of the brightness of a profile in annuli.

    Parameters
    ----------
    profile : xarray.Dataset
        As in `containment`. The width is one of the source and the PSF together for a profile of
        `estimate`, and of the source for one of `unfold`.

    Returns
    -------
    xarray.Dataset
        - ``fwhm``, ``fwhm_err`` (energy) in deg: twice the radius beyond the brightest bin at which
          the brightness has fallen to half of that bin. Each bin has its brightness at its mean
          radius, and between them it is linear. NaN where it does not fall so far, or no bin is
          brighter than 0.

        Bins must be narrow beside the source, as the brightest is taken for the maximum. Noise
        makes it too bright, and the width too small, in faint profiles: `fit_shape` has no such
        bias. Errors follow as those of `containment`.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If it is not a profile in annuli round one centre that touch.

    See Also
    --------
    xprofile.fit_shape : Width of a model.
    xprofile.containment : Radius that contains a share of the flux.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=10)
    >>> xprofile.fwhm(maps.profile.estimate(rings)).fwhm.dims
    ('energy',)
    """
    read = read_radial(profile)
    width, error = _fwhm(read)
    text = "full width at half maximum of the brightness"
    return _result(profile, read, "fwhm", width, error, text, "fwhm")


def _area(radius: Float) -> Float:
    """Solid angle within a radius in deg, as a share of the sphere."""
    return np.asarray(np.sin(np.radians(radius) / 2) ** 2)


def _containment(read: RadialProfile, fraction: float) -> tuple[Float, Float]:
    """Radius and its error, (...)."""
    flux, number = read.flux, read.upper.size
    growth = np.cumsum(flux, axis=-1)
    total = growth[..., -1:]
    with np.errstate(invalid="ignore"):
        reached = growth >= fraction * total
    k = np.argmax(reached, axis=-1)
    known = (total[..., 0] > 0) & reached.any(axis=-1)
    inside = np.take_along_axis(flux, k[..., None], -1)[..., 0]
    before = np.take_along_axis(growth, k[..., None], -1)[..., 0] - inside
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(known, (fraction * total[..., 0] - before) / inside, np.nan)
        first, last = _area(read.lower)[k], _area(read.upper)[k]
        sine = np.sqrt(first + share * (last - first))
        radius = np.degrees(2 * np.arcsin(sine))
        rate = np.radians(sine * np.sqrt(1 - sine**2)) / (last - first)  # ds/dR per deg
        rings = np.arange(number)
        slopes = (rings < k[..., None]) + (rings == k[..., None]) * share[..., None] - fraction
        slopes = -slopes / (inside * rate)[..., None]
    return radius, read.errors(slopes)


def _fwhm(read: RadialProfile) -> tuple[Float, Float]:
    """Width and its error, (...)."""
    area, number = read.solid_angle, read.upper.size
    with np.errstate(divide="ignore", invalid="ignore"):
        bright = read.flux / np.where(area > 0, area, np.nan)
    at = 2 / 3 * (read.upper**3 - read.lower**3) / (read.upper**2 - read.lower**2)
    filled = np.where(np.isfinite(bright), bright, -np.inf)
    top = np.argmax(filled, axis=-1)
    peak = np.take_along_axis(bright, top[..., None], -1)[..., 0]
    rings = np.arange(number)
    with np.errstate(invalid="ignore"):
        below = (rings > top[..., None]) & (bright <= peak[..., None] / 2)
    k = np.argmax(below, axis=-1)
    known = below.any(axis=-1) & (peak > 0)
    k = np.where(known, k, 1 if number > 1 else 0)
    inner, outer = (np.take_along_axis(bright, i[..., None], -1)[..., 0] for i in (k - 1, k))
    step = at[k] - at[k - 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        fall = inner - outer
        share = np.where(known, (inner - peak / 2) / fall, np.nan)
        radius = at[k - 1] + share * step
        by_inner = (step / fall * (1 - share))[..., None] * (rings == (k - 1)[..., None])
        by_outer = (step / fall * share)[..., None] * (rings == k[..., None])
        by_peak = (-step / fall / 2)[..., None] * (rings == top[..., None])
        slopes = 2 * (by_inner + by_outer + by_peak) / np.where(area > 0, area, np.nan)
    return 2 * radius, read.errors(np.nan_to_num(slopes) + 0 * radius[..., None])


def _result(
    profile: xr.Dataset,
    read: RadialProfile,
    name: str,
    values: Float,
    error: Float,
    text: str,
    step: str,
) -> xr.Dataset:
    """Make a Dataset of a value and its error."""
    attrs = {"long_name": text, "units": DISTANCE_UNIT}
    variables = {
        name: xr.Variable(read.dims, values, attrs),
        f"{name}_err": xr.Variable(
            read.dims, error, {**attrs, "long_name": f"{text}, symmetric error"}
        ),
    }
    return xr.Dataset(variables, read.coords, read.attrs(profile, step))
