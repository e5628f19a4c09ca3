"""Significance of the most significant bin of a profile, with allowance for all others."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.special import ndtri

from ...exceptions import InvalidDataError
from ...schema.names import TOY
from ...schema.options import suggests_options
from .p_values import matched_with_toys, share_of_toys, whole_profile

__all__ = ["global_significance"]


@suggests_options
def global_significance(
    profile: xr.Dataset, toys: xr.Dataset, *, quantity: str = "sqrt_ts"
) -> xr.Dataset:
    r"""Significance of the most significant bin, with allowance for the number of bins searched.

    Parameters
    ----------
    profile : xarray.Dataset
        The observed profile. If it has a dim ``toy``, the result has one bin for each
        toy, the most significant one.
    toys : xarray.Dataset
        Profile of toys without signal, of the same bins by the same settings.
    quantity : str
        Variable to compare: ``sqrt_ts`` for positive signals, ``ts`` for those of either sign.

    Returns
    -------
    xarray.Dataset
        Numbers of the bin and energy with the highest value; its position and energy are
        coordinates.

        - ``sqrt_ts``, or the `quantity`: its value.
        - ``p_value_local``: probability of a value as high in this bin without signal.
        - ``p_value_global``: probability of a value as high in any bin and energy.
        - ``significance_local``, ``significance_global``: :math:`\Phi^{-1}(1 - p)` in standard
          deviations of a normal distribution, and 0 for :math:`p > 0.5`.

        Each p-value is (1 + k) / (1 + N) if k of N toys have a value as high (Davison & Hinkley
        1997, eq. 4.11). Without any such toy, p-values are upper limits and significances are
        lower limits: 3 sigma take 740 toys, 4 sigma 31,600, and 5 sigma 3.5 million.

    Raises
    ------
    MissingVariableError
        If the toys have no dim ``toy``, or a profile lacks the quantity.
    InvalidDataError
        If the two have different bins, or no value is known.

    See Also
    --------
    xprofile.p_value : The same of every bin, by ``correction="max"``.
    xprofile.simulate : Draw the toys.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> binned = maps.profile.bin(rings)
    >>> null = binned.profile.simulate(n_toys=199, rng=1).profile.estimate()
    >>> found = xprofile.global_significance(binned.profile.estimate(), null)
    >>> found.p_value_global.item()
    0.005
    """
    observed, null = matched_with_toys(profile, toys, quantity)
    dims = [dim for dim in observed.dims if dim != TOY]
    known = observed.notnull() & null.notnull().any([dim for dim in null.dims if dim not in dims])
    if not known.any(dims).all():
        raise InvalidDataError(f"no bin has a known {quantity} in the profile and in the toys")
    place = observed.where(known, -np.inf).argmax(dims)
    highest = observed.isel(place)
    p_local = share_of_toys(highest, null.isel(place))
    p_global = share_of_toys(highest, whole_profile(observed.where(known), null))
    words = {"local": "in this bin", "global": "in any bin"}
    found = {quantity: highest}
    for kind, p in {"local": p_local, "global": p_global}.items():
        found[f"p_value_{kind}"] = p.assign_attrs(
            long_name=f"probability of a {quantity} as high {words[kind]} without signal"
        )
        sigma = xr.DataArray(p.variable.copy(data=np.maximum(-ndtri(p.to_numpy()), 0)), p.coords)
        found[f"significance_{kind}"] = sigma.assign_attrs(
            long_name=f"significance of a {quantity} as high {words[kind]}"
        )
    return xr.Dataset(found)
