"""Profiles as astropy tables: one row for each bin, or for each bin and energy."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.table import QTable, Table

from ...estimation.results import sum_datasets
from ...exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from ...profile.limits import upper_limits
from ...profile.sed import quantity_name, to_sed_type
from ...schema.checks import check_profile
from ...schema.names import DISTANCE, ENERGY, LAT, LON, NORM_SCAN, REGION, SED_TYPE, high, low
from ...schema.options import suggests_options
from ...schema.stages import further_dims
from ...schema.variables import COORDS, SED_SUFFIXES, SED_TYPES
from ..fit_tables.groups import check_no_sed_type, is_fit
from ..fit_tables.tables import fit_table, interval_keywords, repeated
from .columns import (
    EXTRA_COLUMNS,
    axis_columns,
    bins_name,
    cell_dims,
    describe_variable,
    has_edges,
    table_columns,
)
from .latex_tables import latex_table
from .stacked_tables import stacked_table

__all__ = ["check_and_convert", "to_table"]

# columns by the format in which they are printed
_FORMATS = {
    ".3f": (
        "x_min", "x_max", "x_ref", LON, LAT, "ts", "sqrt_ts", "npred", "npred_excess",
        "npred_background", "stat", "stat_null", "stat_scan", "coverage",
    ),
    ".4g": ("e_ref", "e_min", "e_max", NORM_SCAN, *(f"norm{end}" for end in SED_SUFFIXES)),
    ".3e": (
        "solid_angle",
        *(f"{kind}{end}" for kind in SED_TYPES if kind != "norm" for end in SED_SUFFIXES),
        *(f"ref_{kind}" for kind in SED_TYPES),
    ),
}  # fmt: skip


@suggests_options
def to_table(
    profile: xr.Dataset,
    sed_type: str | None = None,
    *,
    tidy: bool = False,
    formatted: bool = False,
    long_names: bool = False,
    latex: bool = False,
) -> Table:
    """Make an astropy table of a profile, with one row for each bin, or for each bin and energy.

    The table of a fit has one row for each template or parameter, energy and bin.

    Parameters
    ----------
    profile : xarray.Dataset
        Profile from `estimate`, of any sed type, with one or more energies. Or a fit from
        `fit_templates`, `fit_shape` or `fit_spectrum`.
    sed_type : {"dnde", "flux", "eflux", "e2dnde", "norm", "likelihood"}, optional
        Sed type to convert a profile to first; by default that of the profile.
    tidy : bool
        Make one row for each bin and energy, with one number in each cell. Such a table can be
        written to CSV, LaTeX and HTML. It does not contain the scan. Tables of fits always are.
        Further dims, such as ``time``, are first columns.
    formatted : bool
        Set the formats of the columns, so that the table prints well.
    long_names : bool
        Name the columns in words, such as "flux upper limit", for example for LaTeX. The words are
        the descriptions of the columns in any case.
    latex : bool
        Make a table for a paper, one row for each bin and energy: ranges of the bins, counts, the
        quantity with its errors, or below the threshold its upper limit with "<", and the root of
        TS, as texts of LaTeX. Errors and limits have two digits, and the unit has the power of ten.
        Positions of the bins are columns, too, unless they are all the same. A note below the cells
        tells the confidence levels of errors and limits; it is in ``meta["comments"]``.
        ``table.write("profile.tex", format="ascii.aastex")`` writes it for AASTeX, and
        ``format="ascii.latex"`` for other journals.

    Returns
    -------
    astropy.table.Table
        QTable with the columns of Gammapy's "profile" layout, as far as the profile has them, and
        some more, in the units of the profile. ``meta`` has SED_TYPE, N_SIGMA, UL_CONF, the
        confidence of a two-sided interval of the limits' significance as in Gammapy, and CL, CL_UL,
        UL_METH and INT_METH: confidence levels of intervals and limits, and their methods.

        - ``x_min``, ``x_max``, ``x_ref``: edges and centres of the bins. Bins without numbers get
          -0.5, 0.5, 0 and so on.
        - ``e_ref``, ``e_min``, ``e_max`` (energy): centres and edges of the energies.
        - The quantity of the sed type, such as ``flux`` (energy), and its errors and limits with
          the endings ``_err``, ``_errp``, ``_errn``, ``_lo``, ``_hi``, ``_ul`` and
          ``_sensitivity``.
        - ``ref_dnde``, ``ref_flux``, ``ref_eflux`` (energy): reference fluxes, beside norms only.
        - ``ts``, ``sqrt_ts``, ``stat``, ``stat_null``, ``success`` (energy): results of the fit.
        - ``counts``, ``npred``, ``npred_excess`` (energy): sums over the data sets of a joint fit.
        - ``is_ul`` (energy): True below the threshold; only if there are upper limits.
        - ``norm_scan``, ``stat_scan`` (energy, norm): norms and fit statistic of the scan.
        - ``npred_background``, ``coverage``, ``status`` (energy), ``solid_angle``, ``lon``,
          ``lat``, ``region``: columns that Gammapy does not have.

        The table of a fit has the coordinates of its rows, and the variables of the fit by their
        names: those with the dims of ``norm``, of ``value``, or of ``ts`` for spectra, and those
        with some of these dims, whose values repeat. Covariances and predicted counts are in the
        files of `write_profile`.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If `profile` is not a profile; or, unless the table is tidy, if it has further dims such as
        ``time``.
    InvalidOptionError
        If `sed_type` is unknown, or is given for a fit, as `latex`.

    See Also
    --------
    xprofile.to_dataframe : Make a pandas table.
    xprofile.write_ecsv : Write the table to a text file that can be read back.

    Examples
    --------
    >>> import astropy.units as u
    >>> import xprofile
    >>> from astropy.coordinates import SkyCoord
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0 * u.deg, 0 * u.deg, frame="galactic")
    >>> bins = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=4)
    >>> profile = maps.profile.estimate(bins, spectral_model=xprofile.power_law(2.3))
    >>> table = xprofile.to_table(profile, "flux", tidy=True, formatted=True)
    >>> table["x_ref", "counts", "sqrt_ts"].pprint(show_unit=False)
    x_ref counts sqrt_ts
    ----- ------ -------
    0.125    435  30.892
    0.375    171   1.987
    0.625    210   0.158
    0.875    241   0.913
    """
    if is_fit(profile):
        check_no_sed_type(sed_type)
        if latex:
            raise InvalidOptionError(
                "latex=True is for profiles; write the table of a fit with "
                'table.write(path, format="ascii.latex")'
            )
        return fit_table(profile, formatted=formatted, long_names=long_names)
    further = further_dims(profile)
    if tidy and further and not latex:
        options = {"tidy": True, "formatted": formatted, "long_names": long_names}
        return stacked_table(profile, further[0], lambda one: to_table(one, sed_type, **options))
    source = check_and_convert(profile, sed_type)
    labelled = _has_labels(source, bins_name(source))
    source = _complete_variables(_move_to_distance(sum_datasets(source)))
    if latex:
        table = latex_table(source, quantity_name(source.attrs[SED_TYPE]), labelled=labelled)
        table.meta.update(_table_meta(source.attrs))
        return table
    table = QTable(meta=_table_meta(source.attrs))
    for column, name in table_columns(quantity_name(source.attrs[SED_TYPE])).items():
        if name in source.variables and not (tidy and NORM_SCAN in cell_dims(name)):
            cells = _cells(source, name)
            table[column] = _tidy_cells(cells, source) if tidy else cells
            words = source[name].attrs.get("long_name", describe_variable(name).long_name)
            table[column].info.description = str(words)
    if formatted:
        for form, names in _FORMATS.items():
            for column in set(names) & set(table.colnames):
                table[column].info.format = form
    if long_names:
        table.rename_columns(table.colnames, [c.info.description for c in table.itercols()])
    return table


def check_and_convert(profile: xr.Dataset, sed_type: str | None) -> xr.Dataset:
    """Check a profile and its axes, and convert it to a sed type if one is given.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If `profile` is not a profile, or a coordinate of its axes is missing.
    InvalidOptionError
        If `sed_type` is unknown.
    """
    check_profile(profile)
    bins = bins_name(profile)
    labelled = _has_labels(profile, bins)
    needed = [n for c, n in axis_columns(bins).items() if not (labelled and c.startswith("x_"))]
    missing = [name for name in needed if name not in profile.coords]
    if missing:
        raise MissingVariableError(
            f"the profile has no coordinates {', '.join(missing)}: keep them in selections, or "
            "make the profile with binned.profile.estimate(...)"
        )
    return profile if sed_type is None else to_sed_type(profile, sed_type)


def _has_labels(profile: xr.Dataset, bins: str) -> bool:
    """Whether the bins have labels and no numeric axis."""
    return bins != DISTANCE and not has_edges(profile, bins)


def _move_to_distance(profile: xr.Dataset) -> xr.Dataset:
    """Put the bins on the axis of distances: with the numbers of their axis, or counted from 0."""
    bins = bins_name(profile)
    if bins == DISTANCE:
        return profile
    names, distances = ([low(dim), dim, high(dim)] for dim in (bins, DISTANCE))
    moved = profile.drop_vars(distances, errors="ignore")
    if bins in profile.dims:
        moved = moved.drop_indexes(bins, errors="ignore").rename_dims({bins: DISTANCE})
    if _has_labels(profile, bins):
        number = np.arange(moved.sizes.get(DISTANCE, 1), dtype=float)
        axis = [xr.Variable(DISTANCE, number + x, {"units": ""}) for x in (-0.5, 0, 0.5)]
    else:
        default = {"units": COORDS[bins].unit if bins in COORDS else ""}
        found = [moved[name].variable for name in names]
        axis = [xr.Variable(v.dims, v.to_numpy(), default | v.attrs) for v in found]
    return moved.assign_coords(dict(zip(distances, axis, strict=True)))


def _complete_variables(profile: xr.Dataset) -> xr.Dataset:
    """Return the variables that tables show, with all their dims, and limits by the threshold."""
    kind = quantity_name(profile.attrs[SED_TYPE])
    found = {
        name: profile[name].variable
        for name in table_columns(kind).values()
        if name in profile.variables
        and (name not in EXTRA_COLUMNS or set(profile[name].dims) <= set(cell_dims(name)))
    }
    odd = {str(d): name for name, v in found.items() for d in v.dims if d not in cell_dims(name)}
    if odd:
        raise InvalidDataError(
            "a table has rows for bins, and cells for energies and scans, but the profile has the "
            f"further dims {list(odd)}; select one value, such as "
            f".isel({', '.join(f'{dim}=0' for dim in odd)}), or use to_table(tidy=True), "
            "to_dataframe or to_netcdf, which keep all"
        )
    full = {
        name: _broadcast(
            v, cell_dims(name) if DISTANCE in v.dims else describe_variable(name).dims, profile
        )
        for name, v in found.items()
    }
    result = xr.Dataset(full, attrs=profile.attrs).drop_vars("is_ul", errors="ignore")
    if f"{kind}_ul" in result:
        stored = result if "is_ul" not in full else result.assign(is_ul=full["is_ul"])
        result["is_ul"] = upper_limits(stored).variable
    return result


def _broadcast(variable: xr.Variable, dims: tuple[str, ...], source: xr.Dataset) -> xr.Variable:
    """Repeat a variable along the dims that it lacks."""
    return xr.Variable(dims, repeated(variable, dims, source.sizes), variable.attrs)


def _cells(source: xr.Dataset, name: str) -> Any:
    """Return the cells of a column; values that do not depend on the bin repeat in each row."""
    variable = source[name].variable
    values = _broadcast(variable, cell_dims(name), source).to_numpy()
    if name == REGION:
        return values.astype(str)
    unit = variable.attrs.get("units", describe_variable(name).unit)
    return u.Quantity(values, unit) if unit else np.array(values)


def _tidy_cells(cells: Any, source: xr.Dataset) -> Any:
    """Return one value for each bin and energy."""
    return cells.ravel() if cells.ndim > 1 else np.repeat(cells, source.sizes.get(ENERGY, 1))


def _table_meta(attrs: dict[Any, Any]) -> dict[str, Any]:
    """Return the keywords of a table."""
    return {SED_TYPE.upper(): str(attrs[SED_TYPE]), **interval_keywords(attrs)}
