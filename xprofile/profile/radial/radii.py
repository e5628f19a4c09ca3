"""Radii that contain a share of the flux of a profile, and its full width at half maximum."""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import DataWarning, InvalidOptionError
from ...schema.arguments.one_by_one import is_fitted, over_further_dims
from ...schema.names import DISTANCE_UNIT
from ...schema.number_checks import check_number
from ...schema.options import suggests_options
from ...schema.variables import STATUS_FLAGS, status_attrs
from ...schema.warning_place import user_stacklevel
from .reading import RadialProfile, read_radial
from .within import radius_within

__all__ = ["containment", "fwhm", "half_light"]

Float = NDArray[np.float64]

# Inner radius of the first bin, as a share of its outer one, that counts as 0: a hole of 1e-4 of
# its area. At ten times more, holes of a per cent would pass in silence.
_HOLE = 1e-2


@suggests_options
@over_further_dims(is_fitted)
def containment(profile: xr.Dataset, fraction: float = 0.68) -> xr.Dataset:
    r"""Radius that contains a share of the flux of a profile in annuli.

    Parameters
    ----------
    profile : xarray.Dataset
        Profile in annuli or elliptical annuli that touch, from `estimate` or `unfold`, of any sed
        type. Its bins must reach to where the source ends, and to its centre, as the flux of all
        bins is taken as the whole. In bins of 0.8 sigma of a Gauss function the radius is 1 % off.
    fraction : float
        The share, above 0 and below 1.

    Returns
    -------
    xarray.Dataset
        - ``radius``, ``radius_err`` (energy) in deg: where the curve of growth first reaches the
          share. Within a bin, it is a cubic polynomial of the area. NaN where the flux of all bins
          is not positive, or not known.
        - ``status`` (energy): CF flags, ``not_determined`` where the radius is NaN.

        The error follows from the covariance of an unfolded profile. Bins of other profiles are
        taken as independent. It has the significance of those of the profile.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If it is not a profile in two or more annuli round one centre that touch.
    InvalidOptionError
        If the share is not between 0 and 1.

    Warns
    -----
    DataWarning
        If the bins begin away from the centre, or a bin has its best fit at an end, as those
        without counts: its flux is not symmetric, and far below 0.

    See Also
    --------
    xprofile.half_light : The same for one half.
    xprofile.curve_of_growth : Flux within each radius.
    xprofile.fit_shape : Width of a model, without the PSF.

    Notes
    -----
    With the fluxes :math:`x_i` of bins, and the bin k of the areas :math:`A_k` to
    :math:`A_{k+1}` that holds the radius R, R solves

    .. math:: g = \sum_{i<k} x_i + p_k(A(R)) - f \sum_i x_i = 0.

    The polynomial :math:`p_k` of third degree grows from 0 to :math:`x_k`, with the brightness at
    both edges of the bin as slopes (Hermite interpolation). That of an edge is the mean of its
    neighbours, each with the area of the other. As g is linear in the fluxes, the variance of R is
    :math:`a^T C a` with :math:`a_i = -(\partial g / \partial x_i) / (\partial g / \partial R)`, for
    the covariance C.

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
    ['radius', 'radius_err', 'status']
    """
    check_number("fraction", fraction, "a positive number")
    if not 0 < fraction < 1:
        raise InvalidOptionError(f"fraction must be above 0 and below 1, found {fraction:g}")
    read = read_radial(profile, least=2)
    _warn_of_hole(read)
    radius, error = radius_within(read, fraction)
    text = f"radius that contains {fraction:g} of the flux"
    return _result(profile, read, "radius", radius, error, text, f"containment {fraction:g}")


@suggests_options
@over_further_dims(is_fitted)
def half_light(profile: xr.Dataset) -> xr.Dataset:
    """Radius that contains half of the flux of a profile in annuli.

    Parameters
    ----------
    profile : xarray.Dataset
        As in `containment`.

    Returns
    -------
    xarray.Dataset
        ``radius``, ``radius_err`` (energy) in deg, and ``status``, as `containment` gives them.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If it is not a profile in two or more annuli round one centre that touch.

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
@over_further_dims(is_fitted)
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
        - ``status`` (energy): CF flags, ``not_determined`` where the width is NaN.

        Bins must be narrow beside the source, as the brightest is taken for the maximum: in bins
        as wide as half the sigma of a Gauss function, the width is 5 % too large. Noise makes the
        brightest bin too bright, and the width too small, in faint profiles. `fit_shape` has no
        such bias. Errors follow as those of `containment`.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If it is not a profile in two or more annuli round one centre that touch.

    Warns
    -----
    DataWarning
        If the brightness is below half already in the bin next to the brightest: the width is that
        of the bins then. That of a Gauss function is at least 13 % too large.

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
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=20)
    >>> xprofile.fwhm(maps.profile.estimate(rings)).fwhm.dims
    ('energy',)
    """
    read = read_radial(profile, least=2)
    width, error, rough = _fwhm(read)
    if rough.any():
        warnings.warn(
            "the brightness falls to half from the brightest bin to the next, so the full width at "
            "half maximum is that of the bins; bin the maps in narrower annuli, or use fit_shape",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
    text = "full width at half maximum of the brightness"
    return _result(profile, read, "fwhm", width, error, text, "fwhm")


def _fwhm(read: RadialProfile) -> tuple[Float, Float, NDArray[np.bool_]]:
    """Width, its error, and whether the bins are too wide for it, (...)."""
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
    error = read.errors(np.nan_to_num(slopes) + 0 * radius[..., None])
    return 2 * radius, error, np.asarray(known & (k == top + 1))


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
    flag = STATUS_FLAGS["not_determined"]
    flags = np.where(np.isnan(values), np.int16(flag), np.int16(0))
    variables["status"] = xr.Variable(read.dims, flags, status_attrs())
    return xr.Dataset(variables, read.coords, read.attrs(profile, step))


def _warn_of_hole(read: RadialProfile) -> None:
    if read.lower[0] > _HOLE * read.upper[0]:
        warnings.warn(
            f"the bins begin at {read.lower[0]:.3g} deg from their centre, so the flux within is "
            "not part of the whole, and the radius too large; bin the maps in annuli from 0 on",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
