"""Other bins of binned data: merge neighbours, or fold bins about 0."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ...binned.merging.row_joining import inner_bins, join_row, take_bins
from ...estimation.data_sets import as_datasets, common_groups
from ...estimation.energy_groups import EnergyEdges
from ...estimation.settings import checked_energy_edges, setting_text
from ...exceptions import InvalidOptionError
from ...schema.axes import energy_unit
from ...schema.history import extend_history
from ...schema.names import DISTANCE_UNIT, PART_DISTANCE, SOURCE_DISTANCE
from ...schema.number_checks import check_bool, check_number, check_positive_integer
from ...schema.options import suggests_options
from ...spectrum.models import SpectralModel
from .edge_matching import bins_in_a_row, check_symmetric, edges_in_unit, match_edges
from .growing import check_no_other_dims, grow_bins
from .options import given_options, one_option

__all__ = ["fold", "rebin"]


@suggests_options
def rebin(
    binned: xr.Dataset,
    factor: int | None = None,
    *,
    edges: u.Quantity | ArrayLike | None = None,
    min_counts: float | None = None,
    min_excess_sigma: float | None = None,
    min_ts: float | None = None,
    spectral_model: SpectralModel | None = None,
    energy_edges: EnergyEdges = None,
    norm_min: float | None = None,
    background: str | float | None = None,
    sum_over_energy_groups: bool | None = None,
    min_coverage: float | None = None,
    strict_energies: bool | None = None,
) -> xr.Dataset:
    """Merge neighbouring bins, exactly as if the merged regions had been binned.

    Give one of `factor`, `edges`, `min_counts`, `min_excess_sigma` and `min_ts`. With the last
    three, bins grow from the first one on until they meet the criterion. Bins that remain at the
    end are added to the last bin if it then still meets the criterion.

    Parameters
    ----------
    binned : xarray.Dataset
        From `bin_maps`, of bins with edges that touch. Dims such as ``toy`` and ``dataset`` stay.
    factor : int, optional
        Number of neighbours that become one bin. The last bin has fewer if the numbers do not
        match.
    edges : Quantity or array_like, optional
        Edges of the new bins. Each must be an old edge (to 1e-5 of a bin's width). Numbers are in
        the unit of the coordinate. The edges may cover a part of the old bins.
    min_counts : float, optional
        Least counts, summed over energies (and data sets).
    min_excess_sigma : float, optional
        Least significance of the excess, summed over energies: the signed root of the Cash
        likelihood ratio of the sums, or with off counts that of Li & Ma (1983, eq. 17).
    min_ts : float, optional
        Least ``ts`` of `estimate`, summed over its energy bins. A significant deficit has a high
        ``ts`` too; ``norm_min=0`` excludes it.
    spectral_model, energy_edges, norm_min, background, sum_over_energy_groups, min_coverage
        Settings of `ProfileEstimator`, for `min_ts` alone. None stands for the default there.
    strict_energies : bool, optional
        One more of them: refuse energy edges that are not edges of the data.

    Returns
    -------
    xarray.Dataset
        Binned data with the variables of `binned`, for the merged bins:

        - ``counts``, ``background``, ``counts_off``, ``acceptance`` (energy, projected_distance):
          sums.
        - ``acceptance_off`` (energy, projected_distance): value that gives the summed background.
        - ``solid_angle`` (projected_distance) in sr, ``n_pixels`` (projected_distance): sums.
        - ``exposure`` (energy_true, projected_distance) in cm2 s, ``coverage`` (energy,
          projected_distance): means weighted with the solid angle.
        - ``edisp``: mean weighted with solid angle and exposure, if it has the dim of the bins.
        - ``exposure_true`` (energy_true, projected_distance_true) in cm2 s: mean weighted with the
          solid angle, if there is one.
        - ``psf_mixing``: sum over the merged bins that see photons, and mean over those that send
          them, weighted with solid angle and exposure_true. Bins of a margin stay as they are.
        - ``part_share``, ``part_distance`` (projected_distance, part): those of the merged bins, if
          they are there, and not for each data set. ``source_mixing`` is a sum.
        - ``projected_distance`` with ``_min`` and ``_max``: edges of the merged bins and their
          middle, in the unit of `binned`.
        - ``lon``, ``lat`` (projected_distance) in deg: mean direction of the old centres.
        - ``region`` (projected_distance): the old regions, separated by semicolons.
        - ``criterion_met`` (projected_distance), bool: with a criterion, whether a bin meets it.

    Raises
    ------
    MissingVariableError
        If `binned` is not binned data, or its bins have no edges.
    InvalidDataError
        If bins do not touch, share pixels, or are boxes of a grid; if bins are to grow in data with
        other dims than energies, bins and data sets; or if other bins send photons than see them.
    InvalidOptionError
        If none or several of the five are given, a new edge is not an old one, or a value is out
        of its range.

    See Also
    --------
    xprofile.rebin_energy : Merge neighbouring energy bins.
    xprofile.fold : Merge the bins on both sides of 0.
    xprofile.bin_maps : Bin the maps with other bins.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=8)
    >>> binned = maps.profile.bin(rings)
    >>> xprofile.rebin(binned, 4).projected_distance.values
    array([0.5, 1.5])
    >>> xprofile.rebin(binned, min_counts=100).criterion_met.all().item()
    True
    """
    name, value = one_option(
        factor=factor,
        edges=edges,
        min_counts=min_counts,
        min_excess_sigma=min_excess_sigma,
        min_ts=min_ts,
    )
    settings = given_options(
        spectral_model=spectral_model,
        energy_edges=energy_edges,
        norm_min=norm_min,
        background=background,
        sum_over_energy_groups=sum_over_energy_groups,
        min_coverage=min_coverage,
        strict_energies=strict_energies,
    )
    return _merge_by(binned, name, value, settings)


def _merge_by(binned: xr.Dataset, name: str, value: Any, settings: dict[str, Any]) -> xr.Dataset:
    """Merge bins by one of the options of `rebin`, with settings of the estimator."""
    data, dim, old = bins_in_a_row(binned)
    if settings and name != "min_ts":
        raise InvalidOptionError(
            f"{', '.join(settings)}: settings of the estimator are for min_ts alone; leave them out"
        )
    text = "; ".join(f"{key}: {setting_text(key, found)}" for key, found in settings.items())
    if name == "factor":
        check_positive_integer(name, value, InvalidOptionError)
        bounds = np.append(np.arange(0, old.size - 1, int(value)), old.size - 1)
        result = join_row(data, dim, bounds)
    elif name == "edges":
        unit = str(data[dim].attrs.get("units", DISTANCE_UNIT))
        wanted = edges_in_unit(value, unit)
        value = f"{wanted.size} from {wanted[0]:.6g} to {wanted[-1]:.6g} {unit}"
        result = join_row(data, dim, match_edges(wanted, old, unit))
    else:
        check_number(name, value, "a positive number")
        check_no_other_dims(data, dim)
        settings = _with_edges_of_data(data, settings)
        result = grow_bins(data, dim, name, value, settings)
    step = f"rebin {name}: {value}" + (f"; {text}" if text else "")
    return extend_history(result, binned, step)


def _with_edges_of_data(data: xr.Dataset, settings: dict[str, Any]) -> dict[str, Any]:
    """Move energy edges to those of the data, so that they warn once and not in every fit."""
    if settings.get("energy_edges") is None:
        return settings
    edges = checked_energy_edges(settings["energy_edges"])
    strict = settings.get("strict_energies", False)
    check_bool("strict_energies", strict)
    groups = common_groups(as_datasets(data), edges, strict=strict)
    others = {name: value for name, value in settings.items() if name != "strict_energies"}
    return {**others, "energy_edges": groups[0].edges * u.Unit(energy_unit(data))}


@suggests_options
def fold(binned: xr.Dataset) -> xr.Dataset:
    """Fold bins about 0: merge the bin from a to b with the bin from -b to -a.

    Parameters
    ----------
    binned : xarray.Dataset
        From `bin_maps`, of bins with edges that are symmetric about 0, such as bins along a line
        with its ``origin`` in the middle.

    Returns
    -------
    xarray.Dataset
        Binned data with the variables that `rebin` gives, for bins from 0 outwards. A bin from -h
        to h becomes a bin from 0 to h.

    Raises
    ------
    MissingVariableError
        If `binned` is not binned data, or its bins have no edges.
    InvalidDataError
        If a bin has no partner, or bins do not touch, share pixels, or are boxes of a grid.

    See Also
    --------
    xprofile.rebin : Merge neighbouring bins.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> start, middle, end = SkyCoord([2, 0, -2] * u.deg, [0, 0, 0] * u.deg, frame="galactic")
    >>> line = {"height": 1 * u.deg, "nbin": 8, "origin": middle}
    >>> binned = maps.profile.bin(xprofile.SkyBins.along_line(start, end, **line))
    >>> xprofile.fold(binned).projected_distance.values.round(6)
    array([0.25, 0.75, 1.25, 1.75])
    """
    data, dim, old = bins_in_a_row(binned)
    if SOURCE_DISTANCE in data.dims:  # light from both sides, which is not told apart
        data = data.drop_dims(SOURCE_DISTANCE)
    if PART_DISTANCE in data:
        at = data.variables[PART_DISTANCE]
        data = data.assign({PART_DISTANCE: xr.Variable(at.dims, np.abs(at.data), at.attrs)})
    size = old.size - 1
    check_symmetric(old, dim, str(data[dim].attrs.get("units", DISTANCE_UNIT)))
    upper_half = np.arange(size // 2, size)
    pairs = np.stack([size - 1 - upper_half, upper_half], axis=-1).ravel()
    order = pairs[1:] if size % 2 else pairs  # a bin across 0 is its own partner
    bounds = np.append(0, np.arange(2 - size % 2, order.size + 1, 2))
    lower = np.append(0, old[size // 2 + 1 : -1])
    upper = old[size // 2 + 1 :]
    row, added = inner_bins(data, dim)
    turned = take_bins(data, dim, np.concatenate([row[order], added]))
    result = join_row(turned, dim, bounds, lower, upper)
    return extend_history(result, binned, "fold")
