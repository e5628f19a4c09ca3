"""Profiles as pandas tables: one row for each bin and energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from ...profile.limits import upper_limits
from ...profile.sed import quantity_name
from ...schema.names import (
    BAND,
    ENERGY,
    LAT,
    LON,
    NORM_SCAN,
    REGION,
    SED_TYPE,
    WCS_NAME,
    high,
    low,
    second_dim,
)
from ...schema.options import suggests_options
from ..fit_tables.groups import check_no_sed_type, is_fit
from ..fit_tables.tables import fit_dataframe, units_of
from .astropy_tables import check_and_convert
from .columns import bins_name, table_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["to_dataframe"]


@suggests_options
def to_dataframe(profile: xr.Dataset, sed_type: str | None = None) -> pd.DataFrame:
    """Make a pandas table of a profile, with one row for each bin and energy, or of a fit.

    Parameters
    ----------
    profile : xarray.Dataset
        Profile from `estimate`, of any sed type. Or a fit from `fit_templates`, `fit_shape` or
        `fit_spectrum`.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        Sed type to convert a profile to first; by default that of the profile.

    Returns
    -------
    pandas.DataFrame
        Table of numbers in the units of the profile, which ``attrs["units"]`` names by column,
        with these columns.

        - Dims besides bins and energies, such as ``dataset``.
        - Coordinate of the bins with its edges, such as ``projected_distance``,
          ``projected_distance_min`` and ``projected_distance_max``.
        - ``energy``, ``energy_min``, ``energy_max``.
        - The quantity of the sed type, such as ``flux``, with its errors and limits.
        - All other variables and coordinates of the profile, except those of the scan and of the
          covariance, which ``profile.covariance.to_dataframe()`` gives.
        - ``lon``, ``lat`` and ``region``.

        The table of a fit has the columns of `to_table`.

    Raises
    ------
    MissingVariableError, InvalidDataError, InvalidOptionError
        As for `to_table`.

    See Also
    --------
    xprofile.to_table : Make an astropy table, with units.

    Examples
    --------
    >>> import astropy.units as u
    >>> import xprofile
    >>> from astropy.coordinates import SkyCoord
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0 * u.deg, 0 * u.deg, frame="galactic")
    >>> bins = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=4)
    >>> profile = maps.profile.estimate(bins, spectral_model=xprofile.power_law(2.3))
    >>> frame = xprofile.to_dataframe(profile, "flux")
    >>> print(frame[["projected_distance", "counts"]])
       projected_distance  counts
    0               0.125     435
    1               0.375     171
    2               0.625     210
    3               0.875     241
    """
    if is_fit(profile):
        check_no_sed_type(sed_type)
        return fit_dataframe(profile)
    source = check_and_convert(profile, sed_type)
    bounds = [variable.attrs.get("bounds") for variable in source.variables.values()]
    unwanted = [WCS_NAME, NORM_SCAN, BAND, "stat_scan", *bounds]
    dims = (bins_name(source), ENERGY)
    unwanted.append(second_dim(dims[0]))
    left_out = [NORM_SCAN, BAND, second_dim(dims[0])]
    source = source.drop_dims(left_out, errors="ignore").drop_vars(unwanted, errors="ignore")
    source = source.expand_dims([dim for dim in dims if dim not in source.dims])
    source["is_ul"] = upper_limits(source)
    others = [str(dim) for dim in source.dims if dim not in dims]
    frame = source.to_dataframe(dim_order=[*others, *dims]).reset_index()
    edges = [name for dim in dims for name in (dim, low(dim), high(dim))]
    shown = table_columns(quantity_name(source.attrs[SED_TYPE])).values()
    last = [name for name in (LON, LAT, REGION) if name in frame and name not in dims]
    wanted = dict.fromkeys([*others, *edges, *shown, *frame])
    first = [name for name in wanted if name in frame and name not in last]
    frame = frame[[*first, *last]]
    frame.attrs["units"] = units_of(source, frame.columns)
    return frame
