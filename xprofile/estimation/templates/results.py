"""Dataset of the results of a fit of templates."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...schema.axes import axis_coords, bin_dim, energy_unit, on_bins
from ...schema.fits.templates import BIN_PREFIX, OF_EACH_BIN, TEMPLATE_FIT
from ...schema.names import (
    CORRELATION,
    COVARIANCE,
    DATASET,
    DISTANCE,
    ENERGY,
    ENERGY_TRUE,
    SOLID_ANGLE_UNIT,
    SOURCE_DISTANCE,
    TEMPLATE,
    TOY,
    second_dim,
    true_dim,
)
from ...schema.units import values_in_unit
from ...schema.variables import STATUS_FLAGS, status_attrs
from ..energy_groups import EnergyGroups
from ..status import warn_of_negative_limits
from ..unfolding.matrices import correlation
from .goodness import Goodness
from .rows import Rows
from .solve import Norms

__all__ = ["Layout", "make_result"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Layout:
    """Data and rows of a fit, which say what dims its results have.

    Parameters
    ----------
    datasets, groups
        Binned data, and their energy groups.
    names : sequence of str
        Names of the templates.
    rows : Rows
        Rows of the fit.
    joint : bool
        Whether counts have the dim ``dataset``, even for one data set.
    """

    datasets: Sequence[xr.Dataset]
    groups: Sequence[EnergyGroups]
    names: Sequence[str]
    rows: Rows
    joint: bool

    def variable(self, name: str, values: NDArray[Any]) -> xr.Variable:
        """Make a variable of an array; counts have the data sets, then toys, before their dims."""
        entry, extra = TEMPLATE_FIT[name], self.rows.extra_dims
        dims: tuple[Hashable, ...] = entry.dims if name in OF_EACH_BIN else self.of_fit(entry.dims)
        attrs: dict[str, Any] = dict(entry.attrs)
        if name.endswith("status"):
            attrs |= status_attrs()
        if name in ("solid_angle", "coverage"):
            return xr.Variable(dims, values, attrs)
        lead = self.rows.shape[:-2]
        if name in OF_EACH_BIN:
            values = values if self.joint else values[0]
            dims = (*((DATASET,) if self.joint else ()), *extra, *dims)
            sets = values.shape[:1] if self.joint else ()
            rest = values.shape[1 + len(sets) :]
            return xr.Variable(dims, values.reshape((*sets, *lead, *rest)), attrs)
        return xr.Variable((*extra, *dims), values.reshape((*lead, *values.shape[1:])), attrs)

    def of_fit(self, dims: tuple[str, ...]) -> tuple[str, ...]:
        """Dims of results of the fit: with the energy, without it, or with the bins instead."""
        if self.rows.per == "energy":
            return dims
        of_bins = self.rows.per == "bin" and DISTANCE not in dims
        changed = (DISTANCE if d == ENERGY else d for d in dims if d != ENERGY or of_bins)
        return tuple(changed)


def make_result(
    layout: Layout,
    norms: Norms,
    goodness: Goodness,
    counts: Mapping[str, Float],
    attrs: dict[Hashable, Any],
) -> xr.Dataset:
    """Make the Dataset.

    Parameters
    ----------
    layout, norms, goodness
        Data, and results of each problem.
    counts : dict
        Counts and predicted counts of each bin, from `predicted_counts`.
    attrs : dict
        Attributes.
    """
    rows, ntemplate = layout.rows, layout.rows.ntemplate
    found = _norm_variables(layout, norms.take(slice(0, ntemplate)), "")
    free = norms.has_signal.shape[1] > ntemplate
    if free:
        own = norms.take(slice(ntemplate, None))
        found |= _norm_variables(layout, own, BIN_PREFIX)
    for name in ("stat", "deviance", "dof", "p_value"):
        values = rows.by_toy(getattr(goodness, name))
        found[name] = layout.variable(name, values[:, 0] if rows.per == "profile" else values)
    for name, array in counts.items():
        if name == "npred_bins" and not free:
            continue
        found[name] = layout.variable(name, array.swapaxes(-1, -2))
    if all(np.issubdtype(data["counts"].dtype, np.integer) for data in layout.datasets):
        found["counts"] = found["counts"].astype(np.int64)
    areas = [
        values_in_unit(data.variables["solid_angle"], "solid_angle", SOLID_ANGLE_UNIT)
        for data in layout.datasets
    ]
    found["solid_angle"] = layout.variable("solid_angle", np.mean(areas, axis=0))
    found["coverage"] = layout.variable("coverage", _coverage(layout).T)
    dim = bin_dim(layout.datasets[0])
    if TOY not in rows.extra_dims:
        limits = [
            found[f"{p}norm_ul"].to_numpy() for p in ("", BIN_PREFIX) if f"{p}norm_ul" in found
        ]
        warn_of_negative_limits(limits, "fit with norm_min=0")
    return xr.Dataset(on_bins(found, dim), _coords(layout, dim, free=free), attrs)


def _norm_variables(layout: Layout, norms: Norms, prefix: str) -> dict[str, xr.Variable]:
    """Variables of the norms of templates, or with a prefix, of bins."""
    values: dict[str, NDArray[Any]] = {**norms.values, "status": _status(layout, norms, prefix)}
    found = {}
    for name, array in values.items():
        by_toy = layout.rows.by_toy(array)  # (ntoy, ngroup of problems, nnorm)
        found[prefix + name] = layout.variable(prefix + name, _placed(layout, by_toy, prefix))
    matrix = layout.rows.by_toy(norms.covariance)
    if layout.rows.per == "profile":
        matrix = matrix[:, 0]
    if not prefix:
        found[COVARIANCE] = layout.variable(COVARIANCE, matrix)
        found[CORRELATION] = layout.variable(CORRELATION, correlation(matrix))
    elif layout.rows.per != "bin":
        found[prefix + COVARIANCE] = layout.variable(prefix + COVARIANCE, matrix)
    return found


def _placed(layout: Layout, by_toy: NDArray[Any], prefix: str) -> NDArray[Any]:
    """Order results (ntoy, ngroup of problems, nnorm) as the dims of the variable."""
    if layout.rows.per == "profile":
        return by_toy[:, 0]
    if prefix and layout.rows.per == "bin":
        return by_toy[..., 0]
    return by_toy.swapaxes(1, 2)


def _status(layout: Layout, norms: Norms, prefix: str) -> NDArray[np.int16]:
    """CF flags of each norm, (nproblem, nnorm)."""
    rows = layout.rows
    used = rows.arrange([b.used[None].astype(float) for b in rows.blocks])[:, 0] > 0
    counts = rows.arrange([rows.with_toys(b.counts) for b in rows.blocks])
    repeated = np.repeat(used.any(axis=1), rows.ntoy)[:, None]
    empty = ~counts.any(axis=-1).reshape(-1, 1)
    fitted = _is_fitted(rows) if prefix else np.True_
    present = {
        "masked": ~repeated & ~norms.has_signal,
        "no_exposure": repeated & ~norms.has_signal & fitted,
        "zero_counts": empty & repeated,
        "best_fit_at_boundary": norms.at_boundary,
        "unbounded_interval": norms.unbounded,
        "not_converged": norms.not_converged,
        "clipped_counts": norms.clipped,
        "not_determined": norms.not_determined | ~fitted,
        "negative_limit": norms.values.get("norm_ul", np.zeros(1)) < 0,
    }
    flags = np.zeros(norms.has_signal.shape, np.int16)
    for name, where in present.items():
        flags |= np.where(where, np.int16(STATUS_FLAGS[name]), np.int16(0))
    return flags


def _is_fitted(rows: Rows) -> Bool:
    """Whether the norm of a bin is fitted, (nproblem or 1, nnorm)."""
    return np.repeat(rows.free, rows.ntoy)[:, None] if rows.per == "bin" else rows.free[None]


def _coverage(layout: Layout) -> Float:
    """Largest mean coverage of all data sets over the fine energies of a group, (nbin, ngroup)."""
    found = []
    for data, group in zip(layout.datasets, layout.groups, strict=True):
        fine = data.variables["coverage"].transpose(bin_dim(data), ENERGY).to_numpy()
        size = np.maximum(group.stop - group.first, 1)
        found.append(group.padded(fine).sum(axis=-1) / size)
    return np.asarray(np.max(found, axis=0))


def _coords(layout: Layout, dim: str, *, free: bool) -> dict[str, xr.Variable]:
    """Coordinates: names of templates, energy groups, bins, toys and data sets."""
    first, groups = layout.datasets[0], layout.groups[0]
    centre = np.sqrt(groups.lower * groups.upper)
    coords = axis_coords(ENERGY, centre, groups.lower, groups.upper)
    for coord in coords.values():
        coord.attrs["units"] = energy_unit(first)
    left_out = {ENERGY, ENERGY_TRUE, true_dim(dim), SOURCE_DISTANCE}
    coords |= {
        str(name): first.variables[name]
        for name in first.coords
        if not left_out & set(first.variables[name].dims) and not (layout.joint and name == DATASET)
    }
    labels = [data[DATASET].item() for data in layout.datasets if DATASET in data.coords]
    if layout.joint and len(labels) == len(layout.datasets):
        coords[DATASET] = xr.Variable(DATASET, labels)
    names = np.array(layout.names)
    coords[TEMPLATE] = xr.Variable(TEMPLATE, names, {"long_name": "template"})
    coords[second_dim(TEMPLATE)] = xr.Variable(second_dim(TEMPLATE), names)
    if free and layout.rows.per != "bin" and dim in first.coords:
        coords[second_dim(dim)] = xr.Variable(
            second_dim(dim), first[dim].to_numpy(), first[dim].attrs
        )
    return coords
