"""Dataset of the results of fits of spectra."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...schema.axes import axis_coords, bin_dim, energy_unit, on_bins
from ...schema.fits.spectra import SPECTRUM_FIT, parameter_variables
from ...schema.names import (
    DATASET,
    ENERGY,
    ENERGY_TRUE,
    PARAMETER,
    SOLID_ANGLE_UNIT,
    SOURCE_DISTANCE,
    second_dim,
    true_dim,
)
from ...schema.units import values_in_unit
from ...schema.variables import STATUS_FLAGS, Variable, status_attrs
from ..energy_groups import EnergyGroups
from .fits import Blocks, Fits
from .same import Same
from .settings import SpectrumSettings

__all__ = ["make_result"]

Float = NDArray[np.float64]


def make_result(
    datasets: Sequence[xr.Dataset],
    blocks: Blocks,
    fits: Fits,
    same: Sequence[Same],
    settings: SpectrumSettings,
    attrs: Mapping[Hashable, Any],
) -> xr.Dataset:
    """Name the results; with the dim ``energy`` if there are several groups of energies."""
    shape, dim = blocks.problems.shape, bin_dim(datasets[0])
    lead, extra = shape[:-2], blocks.problems.extra_dims
    counts = blocks.problems.counts().sum(axis=-1)
    whole = all(np.issubdtype(data["counts"].dtype, np.integer) for data in datasets)
    counts = counts.astype(np.int64) if whole else counts
    coverage = _coverage(datasets, blocks.groups)
    arrays = _parameters(blocks, fits, same, settings)
    named = {**fits.named(), "counts": counts.reshape(-1)}
    named["status"] = _status(fits, counts, coverage, _has_pixels(datasets), shape)
    arrays |= {name: (SPECTRUM_FIT[name], values) for name, values in named.items()}
    variables = {}
    for name, (entry, values) in arrays.items():
        sizes = (*lead, shape[-1]) if entry.dims == (ENERGY,) else shape
        shaped = values.reshape(*sizes, *values.shape[1:])
        variables[name] = xr.Variable((*extra, *entry.dims), shaped, entry.attrs)
    variables["status"].attrs |= status_attrs()
    areas = [values_in_unit(d["solid_angle"], "solid_angle", SOLID_ANGLE_UNIT) for d in datasets]
    for name, values in (("coverage", coverage), ("solid_angle", np.mean(areas, axis=0))):
        variables[name] = xr.Variable(SPECTRUM_FIT[name].dims, values, SPECTRUM_FIT[name].attrs)
    coords = _coords(datasets[0], blocks.groups[0], dim, blocks.spectrum.names)
    result = xr.Dataset(on_bins(variables, dim), coords, dict(attrs))
    return result if shape[-1] > 1 else result.isel({ENERGY: 0})


def _parameters(
    blocks: Blocks, fits: Fits, same: Sequence[Same], settings: SpectrumSettings
) -> dict[str, tuple[Variable, Float]]:
    """Variables of the parameters, and their arrays (nproblem,), or (nother * ngroup,) of means."""
    found = {}
    kinds = {"": fits.values, "_err": fits.err}
    if settings.selection_optional:
        kinds |= {"_errn": fits.below, "_errp": fits.above}
    names = zip(blocks.spectrum.names, blocks.spectrum.units, strict=True)
    for i, (name, unit) in enumerate(names):
        arrays = {suffix: values[:, i] for suffix, values in kinds.items()}
        if i:
            means = vars(same[i - 1])
            arrays |= {f"_{kind}": values.reshape(-1) for kind, values in means.items()}
        for label, entry in parameter_variables(name, unit, free=i > 0).items():
            suffix = label.removeprefix(name)
            if suffix in arrays:
                found[label] = (entry, arrays[suffix])
    return found


def _status(
    fits: Fits, counts: NDArray[Any], coverage: Float, has_pixels: Any, shape: tuple[int, ...]
) -> NDArray[np.int16]:
    """CF flags of each problem, (nproblem,)."""
    on_map = np.broadcast_to(has_pixels[:, None], shape).ravel()
    covered = np.broadcast_to(coverage > 0, shape).ravel()
    present = {
        "no_pixels": ~on_map,
        "masked": on_map & ~covered,
        "no_exposure": covered & ~fits.has_signal,
        "zero_counts": covered & (counts.ravel() == 0),
        "best_fit_at_boundary": fits.at_end,
        "unbounded_interval": fits.unbounded,
        "not_converged": fits.not_converged,
        "not_determined": fits.not_determined,
    }
    flags = np.zeros(on_map.size, np.int16)
    for name, where in present.items():
        flags |= np.where(where, np.int16(STATUS_FLAGS[name]), np.int16(0))
    return flags


def _has_pixels(datasets: Sequence[xr.Dataset]) -> NDArray[np.bool_]:
    """Whether bins have pixels of the map, used or not, (nbin,)."""
    names = ["n_pixels" if "n_pixels" in data else "solid_angle" for data in datasets]
    found = [data[name].to_numpy() > 0 for data, name in zip(datasets, names, strict=True)]
    return np.asarray(np.any(found, axis=0))


def _coverage(datasets: Sequence[xr.Dataset], groups: Sequence[EnergyGroups]) -> Float:
    """Largest mean coverage of all data sets over the fine energies of a group, (nbin, ngroup)."""
    found = []
    for data, group in zip(datasets, groups, strict=True):
        fine = data.variables["coverage"].transpose(bin_dim(data), ENERGY).to_numpy()
        found.append(group.padded(fine).sum(axis=-1) / np.maximum(group.stop - group.first, 1))
    return np.asarray(np.max(found, axis=0))


def _coords(
    data: xr.Dataset, groups: EnergyGroups, dim: str, names: Sequence[str]
) -> dict[str, xr.Variable]:
    """Coordinates: energy groups, bins, toys, and names of the parameters."""
    centre = np.sqrt(groups.lower * groups.upper)
    coords = axis_coords(ENERGY, centre, groups.lower, groups.upper)
    for coord in coords.values():
        coord.attrs["units"] = energy_unit(data)
    left_out = {ENERGY, ENERGY_TRUE, true_dim(dim), SOURCE_DISTANCE}
    coords |= {
        str(name): data.variables[name]
        for name in data.coords
        if not left_out & set(data.variables[name].dims) and name != DATASET
    }
    labels = np.array(names)
    coords[PARAMETER] = xr.Variable(PARAMETER, labels, {"long_name": "parameter of the spectrum"})
    coords[second_dim(PARAMETER)] = xr.Variable(second_dim(PARAMETER), labels)
    return coords
