"""Curve of growth: the flux within each radius."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...schema.arguments.one_by_one import is_fitted, over_further_dims
from ...schema.axes import axis_coords
from ...schema.names import COVARIANCE, DISTANCE, second_dim
from ...schema.options import suggests_options
from ...schema.units import unit_text
from .reading import RadialProfile, read_radial

__all__ = ["curve_of_growth"]

Float = NDArray[np.float64]


@suggests_options
@over_further_dims(is_fitted)
def curve_of_growth(profile: xr.Dataset) -> xr.Dataset:
    """Flux within each radius of a profile in annuli, and its share of the flux of all bins.

    Parameters
    ----------
    profile : xarray.Dataset
        Profile in annuli or elliptical annuli that touch, from `estimate` or `unfold`, of any sed
        type. A surface brightness is multiplied by the solid angles.

    Returns
    -------
    xarray.Dataset
        Along the bins; ``radius`` is their outer edge. Flux inside of the first bin is not in it.

        - ``growth``, ``growth_err`` (projected_distance, energy): flux in the unit of the profile,
          of a surface brightness times its unit of solid angle.
        - ``share``, ``share_err`` (projected_distance, energy): the same, divided by the flux of
          all bins; the error of the last one is 0.
        - ``covariance`` (energy, projected_distance, projected_distance_2): of ``growth``, for 1
          sigma.
        - ``radius`` (projected_distance) in deg.

        Errors follow from the covariance of an unfolded profile. Bins of other profiles are taken
        as independent. They have the significance of those of the profile.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If it is not a profile in annuli round one centre that touch.

    See Also
    --------
    xprofile.containment : Radius that contains a share of the flux.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=4)
    >>> growth = xprofile.curve_of_growth(maps.profile.estimate(rings))
    >>> growth.radius.values
    array([0.25, 0.5 , 0.75, 1.  ])
    """
    read = read_radial(profile)
    number = read.upper.size
    inside = np.tril(np.ones((number, number)))
    growth = read.flux @ inside.T
    covariance = inside @ read.covariance @ inside.T
    total = growth[..., -1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = growth / np.where(total != 0, total, np.nan)
        slopes = (inside - share[..., None]) / np.where(total != 0, total, np.nan)[..., None]
    error = np.stack([read.errors(inside[i]) for i in range(number)], axis=-1)
    share_err = np.stack([read.errors(slopes[..., i, :]) for i in range(number)], axis=-1)
    arrays = {
        "growth": (growth, f"{read.name} within the radius", read.unit),
        "growth_err": (error, f"{read.name} within the radius symmetric error", read.unit),
        "share": (share, "share of all bins within the radius", ""),
        "share_err": (share_err, "share within the radius symmetric error", ""),
    }
    dims, other = (*read.dims, DISTANCE), second_dim(DISTANCE)
    first = [d for d in read.dims if d != "energy"]
    variables = {}
    for name, (values, text, unit) in arrays.items():
        attrs = {"long_name": text, **({"units": unit} if unit else {})}
        variable = xr.Variable(dims, values, attrs)
        variables[name] = variable.transpose(*first, DISTANCE, ...)
    attrs = {"long_name": "covariance of the growth"}
    if read.unit:
        attrs["units"] = unit_text(u.Unit(read.unit) ** 2)
    variables[COVARIANCE] = xr.Variable((*dims, other), covariance, attrs)
    return xr.Dataset(variables, _coords(read), read.attrs(profile, "curve_of_growth"))


def _coords(read: RadialProfile) -> dict[str, xr.Variable]:
    centre = (read.lower + read.upper) / 2
    attrs = {"units": "deg", "long_name": "outer radius"}
    return {
        **read.coords,
        **axis_coords(DISTANCE, centre, read.lower, read.upper),
        "radius": xr.Variable((DISTANCE,), read.upper, attrs),
    }
