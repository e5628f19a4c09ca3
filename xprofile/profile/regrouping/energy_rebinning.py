"""Other energy bins of binned data: merge neighbours, also until each meets a criterion."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from ...binned.merging.bin_merging import merge_values, sum_runs
from ...binned.merging.energy_merging import merge_energies
from ...binned.merging.row_joining import inner_bins
from ...estimation.estimating import estimate
from ...estimation.settings import setting_text
from ...exceptions import InvalidDataError, InvalidOptionError
from ...schema.axes import axis_edges, bin_dim, energy_unit
from ...schema.checks import check_binned
from ...schema.history import extend_history
from ...schema.names import ENERGY, true_dim
from ...schema.number_checks import check_number, check_positive_integer
from ...schema.options import suggests_options
from ...spectrum.models import SpectralModel
from .edge_matching import edges_in_unit, match_edges
from .growing import CRITERION, check_no_other_dims, criterion_words, find_bounds
from .options import given_options, one_option

__all__ = ["rebin_energy"]

Int = NDArray[np.intp]


@suggests_options
def rebin_energy(
    binned: xr.Dataset,
    factor: int | None = None,
    *,
    edges: u.Quantity | ArrayLike | None = None,
    min_counts: float | None = None,
    min_excess_sigma: float | None = None,
    min_ts: float | None = None,
    spectral_model: SpectralModel | None = None,
    norm_min: float | None = None,
    background: str | float | None = None,
    min_coverage: float | None = None,
) -> xr.Dataset:
    """Merge neighbouring energy bins, so that they predict the same signal for any spectrum.

    Give one of `factor`, `edges`, `min_counts`, `min_excess_sigma` and `min_ts`. With the last
    three, energy bins grow from the lowest one on until they meet the criterion. Those that remain
    at the end are added to the last bin if it then still meets the criterion. `rebin` does the same
    along the profile.

    Parameters
    ----------
    binned : xarray.Dataset
        From `bin_maps`. Dims such as ``toy`` and ``dataset`` stay.
    factor : int, optional
        Number of neighbours that become one energy bin. The last one has fewer if the numbers do
        not match.
    edges : Quantity or array_like, optional
        Edges of the new energy bins. Each must be an old edge (to 1e-5 of a bin's width). Numbers
        are in the unit of the coordinate. The edges may cover a part of the old bins.
    min_counts : float, optional
        Least counts, summed over the bins of the profile (and data sets).
    min_excess_sigma : float, optional
        Least significance of the excess, summed over the bins of the profile: the signed root of
        the Cash likelihood ratio of the sums, or with off counts that of Li & Ma (1983, eq. 17).
    min_ts : float, optional
        Least ``ts`` of `estimate` for the merged energy bin, summed over the bins of the profile. A
        significant deficit has a high ``ts`` too; ``norm_min=0`` excludes it.
    spectral_model, norm_min, background, min_coverage
        Settings of `ProfileEstimator`, for `min_ts` alone. None stands for the default there.

    Returns
    -------
    xarray.Dataset
        Binned data with the variables of `binned`, for the merged energy bins:

        - ``counts``, ``background``, ``counts_off``, ``acceptance`` (energy, projected_distance):
          sums over energy bins that are used.
        - ``acceptance_off`` (energy, projected_distance): value that gives the summed background.
        - ``coverage`` (energy, projected_distance): mean.
        - ``edisp`` (energy_true, energy): sum.
        - ``exposure`` (energy_true, projected_distance, [energy]) in cm2 s, ``psf_mixing`` and the
          like: where they differ in merged energy bins, means weighted with ``edisp``.
        - ``part_share``, ``part_distance`` (projected_distance, part): if they are the same in
          merged energy bins.
        - ``energy`` with ``_min`` and ``_max``: edges of the merged bins and their geometric mean.
        - ``criterion_met`` (energy), bool: with a criterion, whether a bin meets it.

        A fit of these data is that of `binned` with the same ``energy_edges`` and with
        ``sum_over_energy_groups=True``.

    Raises
    ------
    MissingVariableError
        If `binned` is not binned data, or its energies have no edges.
    InvalidDataError
        If energy bins do not touch; without ``edisp``, if masks differ in merged energy bins; or if
        energy bins are to grow in data with other dims than energies, bins and data sets.
    InvalidOptionError
        If none or several of the five are given, a new edge is not an old one, or a value is out
        of its range.

    See Also
    --------
    xprofile.rebin : Merge neighbouring bins along the profile.
    xprofile.estimate : Fits energy bins jointly in groups, by ``energy_edges``.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=8)
    >>> binned = maps.profile.bin(rings)
    >>> xprofile.rebin_energy(binned, edges=[10, 100, 2000] * u.GeV).energy_min.values
    array([0.01, 0.1 ])
    >>> grown = xprofile.rebin_energy(binned, min_counts=500)
    >>> grown.counts.sum("projected_distance").values
    array([1037, 1237])
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
        norm_min=norm_min,
        background=background,
        min_coverage=min_coverage,
    )
    return _merge_by(binned, name, value, settings)


def _merge_by(binned: xr.Dataset, name: str, value: Any, settings: dict[str, Any]) -> xr.Dataset:
    """Merge energy bins by one of the options of `rebin_energy`."""
    check_binned(binned)
    old, unit = axis_edges(binned, ENERGY), energy_unit(binned)
    if settings and name != "min_ts":
        raise InvalidOptionError(
            f"{', '.join(settings)}: settings of the estimator are for min_ts alone; leave them out"
        )
    if old.size < 2:
        raise InvalidDataError("the binned data have no energy bins; bin maps that have some")
    text = "; ".join(f"{key}: {setting_text(key, found)}" for key, found in settings.items())
    data = binned.compute()
    if name == "factor":
        check_positive_integer(name, value, InvalidOptionError)
        bounds = np.append(np.arange(0, old.size - 1, int(value)), old.size - 1)
    elif name == "edges":
        wanted = edges_in_unit(value, unit)
        value = f"{wanted.size} from {wanted[0]:.6g} to {wanted[-1]:.6g} {unit}"
        bounds = match_edges(wanted, old, unit)
    else:
        check_number(name, value, "a positive number")
        check_no_other_dims(data, bin_dim(data))
        meets = partial(_meets, data, name, value, settings)
        bounds = _grown_bounds(old.size - 1, meets)
    result = merge_energies(data, bounds)
    if name.startswith("min_"):
        met = [meets(*ends) for ends in pairwise(bounds.tolist())]
        words = criterion_words(name, value)
        result = result.assign_coords({CRITERION: xr.Variable((ENERGY,), met, words)})
    step = f"rebin_energy {name}: {value}" + (f"; {text}" if text else "")
    return extend_history(result, binned, step)


def _grown_bounds(size: int, meets: Callable[[int, int], bool]) -> Int:
    """Numbers of the first old energy bins of the new ones, and the number of old ones."""

    def first_end(start: int) -> int | None:
        return next((stop for stop in range(start + 1, size + 1) if meets(start, stop)), None)

    return find_bounds(size, first_end, lambda start: meets(start, size))


def _meets(
    data: xr.Dataset, name: str, least: float, settings: dict[str, Any], start: int, stop: int
) -> bool:
    """Whether energy bins from `start` to before `stop` meet a criterion once they are merged."""
    dim = bin_dim(data)
    # by what bins see, whichever bins it comes from, and without those of a margin
    plain = data.drop_dims(true_dim(dim)) if true_dim(dim) in data.dims else data
    row = plain.isel({dim: inner_bins(data, dim)[0]})
    if name == "min_counts":
        counts = row["counts"].where(row["coverage"] > 0, 0)
        return bool(counts.isel({ENERGY: slice(start, stop)}).sum() >= least)
    merged = merge_energies(row, np.array([start, stop]))
    if name == "min_excess_sigma":
        whole = np.array([0, merged.sizes[dim]])
        merged = merge_values(merged, dim, partial(sum_runs, bounds=whole))
        return bool(estimate(merged)["sqrt_ts"].sum() >= least)
    return bool(estimate(merged, **settings)["ts"].sum() >= least)
