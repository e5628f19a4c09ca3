"""Neighbouring energy bins of binned data merged, so that they predict the same signal."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import InvalidDataError
from ...schema.axes import axis_coords, bin_dim
from ...schema.names import (
    EDISP,
    ENERGY,
    PART_DISTANCE,
    PART_SHARE,
    PSF_MIXING,
    PSF_SHARE,
    SOURCE_MIXING,
    high,
    low,
    true_dim,
)
from ...schema.variables import BINNED
from .bin_merging import sum_runs

__all__ = ["merge_energies"]

Int = NDArray[np.intp]

_SUMS = ("counts", "background", "counts_off", "acceptance")
_RESPONSES = ("exposure", PSF_MIXING, PSF_SHARE, SOURCE_MIXING)  # factors of the energy dispersion


def merge_energies(binned: xr.Dataset, bounds: Int) -> xr.Dataset:
    r"""Merge runs of consecutive energy bins, split at `bounds`.

    Counts, background and acceptance are sums over the used energy bins, coverage is a mean. Energy
    dispersions :math:`D` add up. An exposure :math:`X` that depends on energy, as masks differ, is
    :math:`\sum X D / \sum D` with 0 for unused energy bins, so that the merged bins have the sum of
    the signals for any spectrum; and so are ``psf_mixing``, ``psf_share`` and ``source_mixing``.

    Parameters
    ----------
    binned : xarray.Dataset
        From `xprofile.bin_maps`, in memory.
    bounds : numpy.ndarray of int
        Index of the first old energy bin of each new one, and the end of the last one, (nnew + 1,).

    Returns
    -------
    xarray.Dataset
        The same variables. ``part_share`` and ``part_distance`` are left out if they differ among
        merged energy bins. Other coordinates on energy than the edges and the centre are left out.

    Raises
    ------
    InvalidDataError
        If a variable on the energies is not one of those that `xprofile.bin_maps` gives; or,
        without an energy dispersion, if exposures or used pixels differ in merged energy bins.
    """
    unknown = [n for n, a in binned.data_vars.items() if ENERGY in a.dims and n not in BINNED]
    if unknown:
        raise InvalidDataError(
            f"cannot merge the energy bins of the variables {unknown}, as binned data do not "
            f"usually have them; leave them out with binned.drop_vars({unknown})"
        )
    data = binned.drop_vars([name for name, c in binned.coords.items() if ENERGY in c.dims])
    used = data["coverage"] > 0
    made = {name: _total(data[name].where(used, 0), bounds) for name in _SUMS if name in data}
    if "acceptance_off" in data:
        made["acceptance_off"] = made["acceptance"] / _mean_ratio(data, used, bounds)
    made["coverage"] = _mean(data["coverage"], bounds)
    if EDISP in data:
        made[EDISP] = _total(data[EDISP], bounds)
    for name in (n for n in _RESPONSES if n in data):
        merged = _merged_response(data, name, used, bounds, binned)
        if merged is not None:
            made[name] = merged
    left_out = []
    if PART_SHARE in data and ENERGY in data[PART_SHARE].dims:
        if _is_alike(data[PART_SHARE], bounds):
            made[PART_SHARE] = _first(data[PART_SHARE], bounds)
        else:
            left_out = [PART_SHARE, PART_DISTANCE]
    variables = {}
    for name, array in made.items():
        dims = [*data[name].dims, *(d for d in array.dims if d not in data[name].dims)]
        variables[name] = array.transpose(*dims).variable
        variables[name].attrs = data[name].attrs
    others = data.drop_vars([n for n, a in data.data_vars.items() if ENERGY in a.dims])
    merged_data = others.assign(variables).assign_coords(_axis(binned, bounds))
    return merged_data[[n for n in binned.data_vars if n in merged_data and n not in left_out]]


def _axis(binned: xr.Dataset, bounds: Int) -> dict[str, xr.Variable]:
    """Make the energy axis of merged bins, with the attributes of the old one."""
    lower = binned[low(ENERGY)].to_numpy()[bounds[:-1]]
    upper = binned[high(ENERGY)].to_numpy()[bounds[1:] - 1]
    axis = axis_coords(ENERGY, np.sqrt(lower * upper), lower, upper)
    return {n: xr.Variable((ENERGY,), v.to_numpy(), binned[n].attrs) for n, v in axis.items()}


def _total(array: xr.DataArray, bounds: Int) -> xr.DataArray:
    """Sums over runs of energy bins."""

    def run_sums(values: NDArray[Any]) -> NDArray[Any]:
        return sum_runs(values, bounds)

    sums: xr.DataArray = xr.apply_ufunc(
        run_sums, array, input_core_dims=[[ENERGY]], output_core_dims=[[ENERGY]],
        exclude_dims={ENERGY},
    )  # fmt: skip
    return sums


def _mean(array: xr.DataArray, bounds: Int) -> xr.DataArray:
    """Means over runs of energy bins."""
    return _total(array.astype(float), bounds) / xr.DataArray(np.diff(bounds), dims=ENERGY)


def _first(array: xr.DataArray, bounds: Int) -> xr.DataArray:
    """First energy bin of each run."""
    return array.isel({ENERGY: bounds[:-1]})


def _is_alike(array: xr.DataArray, bounds: Int) -> bool:
    """Whether values are the same in all energy bins of each run."""
    numbers = np.repeat(bounds[:-1], np.diff(bounds))
    inside = array.isel({ENERGY: slice(bounds[0], bounds[-1])})
    return bool(np.array_equal(inside, array.isel({ENERGY: numbers}), equal_nan=True))


def _mean_ratio(data: xr.Dataset, used: xr.DataArray, bounds: Int) -> xr.DataArray:
    """Acceptance ratio of merged bins: background by off counts, or the mean where these are 0.

    It is that of a fit with ``sum_over_energy_groups=True``.
    """
    off = data["counts_off"].where(used, 0)
    known = used & (data["acceptance_off"] > 0)
    ratio = (data["acceptance"] / data["acceptance_off"]).where(known, 0)
    total = _total(off, bounds)
    plain = _total(ratio, bounds) / np.maximum(_total(known.astype(int), bounds), 1)
    weighted = _total(off * ratio, bounds) / total.where(total > 0, 1)
    return weighted.where(total > 0, plain)


def _merged_response(
    data: xr.Dataset, name: str, used: xr.DataArray, bounds: Int, binned: xr.Dataset
) -> xr.DataArray | None:
    """Mean of a response over merged energy bins; None if it need not change.

    Raises
    ------
    InvalidDataError
        If it needs an energy dispersion and there is none.
    """
    array = data[name]
    has_energy = ENERGY in array.dims
    if _is_alike(used, bounds) and (not has_energy or _is_alike(array, bounds)):
        return _first(array, bounds) if has_energy else None
    if EDISP not in data:
        raise InvalidDataError(
            f"{name} or the used pixels differ in energy bins that would be merged, and the data "
            "have no energy dispersion, so the signal of the merged bins would not be known; merge "
            f"bins with the same masks alone: these change at {_changes(used, array, binned)}. Or "
            "give energy_edges= and sum_over_energy_groups=True to the fit"
        )
    dispersion, dim = data[EDISP], bin_dim(data)
    if name == PSF_MIXING and dim in dispersion.dims:  # it is that of the bin that sends photons
        source = true_dim(dim)
        dispersion = dispersion.rename({dim: source}).drop_vars(source, errors="ignore")
    seen = array.where(used, 0)
    weight = _total(dispersion, bounds)
    weighted = _total(seen * dispersion, bounds) / weight.where(weight > 0)
    return weighted.fillna(_mean(seen, bounds) if ENERGY in seen.dims else seen)


def _changes(used: xr.DataArray, array: xr.DataArray, binned: xr.Dataset) -> str:
    """Text of the edges at which masks or responses change."""
    size = binned.sizes[ENERGY]
    steps = [n for n in range(1, size) if not _is_alike(used, np.array([n - 1, n + 1])) or (
        ENERGY in array.dims and not _is_alike(array, np.array([n - 1, n + 1])))]  # fmt: skip
    edges = binned[low(ENERGY)].to_numpy()[steps]
    return f"{', '.join(f'{e:.6g}' for e in edges)} {binned[ENERGY].attrs.get('units', '')}"
