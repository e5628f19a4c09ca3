"""Signal counts that a spectral model predicts in each bin."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import InvalidDataError
from ..schema.axes import ascending_values, axis_edges, energy_unit
from ..schema.names import ENERGY, ENERGY_TRUE, ENERGY_UNIT, EXPOSURE_UNIT
from ..schema.number_checks import check_ascending
from ..schema.units import factor_to_unit
from .loglog import interpolate_log_log, node_below
from .models import SpectralModel, integral, model_nodes
from .quadrature import PIECE

__all__ = [
    "exposure_in_unit",
    "exposure_nodes",
    "exposure_weights",
    "folded_counts",
    "predicted_signal",
    "signal_variable",
    "steep_breaks",
]

Float = NDArray[np.float64]

# Largest change of the logarithm of an exposure in a piece of an energy bin, which leaves errors of
# 1e-9. At 5 they are 1e-3. A tenth costs ten times as many nodes where exposures are steep.
_CHANGE = 1.0

# Pieces of this change at both ends of a steep stretch. Farther on, the integrand is negligible, as
# it has changed by e^40, and pieces grow with the distance, as less steep exposures need them. With
# a tenth of it errors are 2 per cent; with ten times, time is lost.
_END_PIECES = 40

_BATCH = 1 << 15  # values interpolated at once; a technical size, so that they stay in the cache


def predicted_signal(binned: xr.Dataset, model: SpectralModel) -> xr.DataArray:
    """Signal counts at norm 1 in each fine bin, dims (energy, projected_distance).

    With ``edisp`` they are the sum of flux x exposure x edisp over true energies. Otherwise they
    are the integral of dN/dE x exposure over each reconstructed energy bin, with the exposure
    interpolated log-log between its nodes.
    """
    signal = signal_variable(binned, model)
    coords = {name: c for name, c in binned.coords.items() if set(c.dims) <= set(signal.dims)}
    return xr.DataArray(signal, coords)


def signal_variable(binned: xr.Dataset, model: SpectralModel) -> xr.Variable:
    """`predicted_signal` without coordinates."""
    exposure = exposure_in_unit(binned, "exposure")
    scale = u.Unit(energy_unit(binned)).to(ENERGY_UNIT)
    if "edisp" in binned:
        flux = xr.Variable(ENERGY_TRUE, integral(model, axis_edges(binned, ENERGY_TRUE) * scale))
        signal: xr.Variable = (flux * exposure * binned.variables["edisp"]).sum(ENERGY_TRUE)
        return signal
    edges, (nodes, order) = axis_edges(binned, ENERGY) * scale, exposure_nodes(binned, scale)
    exposure = exposure.isel({ENERGY_TRUE: order})
    if ENERGY not in exposure.dims:
        sizes = {ENERGY: binned.sizes[ENERGY], **exposure.sizes}
        exposure = exposure.set_dims(sizes)  # type: ignore[no-untyped-call]
    return xr.apply_ufunc(  # type: ignore[no-any-return]
        lambda values: folded_counts(model, edges, nodes, values),
        exposure,
        input_core_dims=[[ENERGY, ENERGY_TRUE]],
        output_core_dims=[[ENERGY]],
    )


def exposure_in_unit(binned: xr.Dataset, name: str) -> xr.Variable:
    """Return an exposure in cm2 s, whose unit may have been changed.

    Raises
    ------
    InvalidDataError
        If its unit is not one of an exposure.
    """
    exposure = binned.variables[name]
    factor = factor_to_unit(exposure, name, EXPOSURE_UNIT)
    return exposure if factor == 1 else exposure * factor


def exposure_nodes(binned: xr.Dataset, scale: float) -> tuple[Float, NDArray[np.intp]]:
    """Energies of the exposure in TeV, in ascending order, and the indices that give this order."""
    nodes, order = ascending_values(binned, ENERGY_TRUE)
    check_ascending(ENERGY_TRUE, nodes, InvalidDataError, positive=True)
    return nodes * scale, order


def exposure_weights(
    binned: xr.Dataset, model: SpectralModel
) -> tuple[Float, NDArray[np.intp], Float]:
    """Nodes with which spectra as smooth as a model are folded without energy dispersion.

    Returns
    -------
    energy : numpy.ndarray
        Energies in TeV, (nnode,), in ascending order.
    bin_number : numpy.ndarray of int
        Energy bin of each node, (nnode,).
    weight : numpy.ndarray
        Weights of dN/dE, whose sums over the nodes of an energy bin are counts, (nnode, nbin).
    """
    scale = u.Unit(energy_unit(binned)).to(ENERGY_UNIT)
    edges, (nodes, order) = axis_edges(binned, ENERGY) * scale, exposure_nodes(binned, scale)
    exposure = exposure_in_unit(binned, "exposure").isel({ENERGY_TRUE: order})
    sizes = {d: n for d, n in exposure.sizes.items() if d not in (ENERGY, ENERGY_TRUE)}
    sizes |= {ENERGY: binned.sizes[ENERGY], ENERGY_TRUE: nodes.size}
    values = exposure.set_dims(sizes).transpose(*sizes).to_numpy()  # type: ignore[no-untyped-call]
    found = model_nodes(model, edges[:-1], edges[1:], steep_breaks(edges, nodes, values))
    left, position = node_below(nodes, found.energy)
    right, bins = np.minimum(left + 1, nodes.size - 1), found.bin_number
    weight = interpolate_log_log(values[..., bins, left], values[..., bins, right], position)
    return found.energy, bins, np.ascontiguousarray((weight * found.weight).T)


def steep_breaks(edges: Float, nodes: Float, exposure: Float) -> Float:
    """Energies at which pieces are cut: the nodes, and more where the exposure is steep.

    The exposure (..., nnode) is a power law between two nodes, and on beyond the outermost.
    """
    if nodes.size < 2:
        return nodes
    with np.errstate(divide="ignore", invalid="ignore"):
        rise = np.abs(np.diff(np.log(exposure), axis=-1)).reshape(-1, nodes.size - 1)
    rise = np.where(np.isfinite(rise), rise, 0).max(axis=0, initial=0)  # it is linear next to 0
    width = np.diff(np.log(nodes))
    slope = np.divide(rise, width, out=np.zeros_like(rise), where=width > 0)  # no step has a slope
    if not np.any(slope * PIECE > _CHANGE):
        return nodes
    inside = nodes[(nodes > edges[0]) & (nodes < edges[-1])]
    ends = np.log(np.unique(np.concatenate([edges, inside])))
    middle = np.exp((ends[1:] + ends[:-1]) / 2)
    steep = slope[np.clip(np.searchsorted(nodes, middle) - 1, 0, slope.size - 1)]
    added = [nodes]
    for a, b, one in zip(ends[:-1], ends[1:], steep, strict=True):
        if one * PIECE > _CHANGE:
            step = _steps(b - a, one)
            added.append(np.exp(np.concatenate([a + step, b - step])))
    return np.concatenate(added)


def _steps(length: float, slope: float) -> Float:
    """Distances in log energy from an end of a stretch to breaks in its half."""
    number = np.ceil(length * slope / _CHANGE)
    if number <= 2 * _END_PIECES:
        return np.asarray(length / number * np.arange(1, int(number) // 2 + 1))
    near = _CHANGE / slope * np.arange(1, _END_PIECES + 1)
    growth = 1 + 1 / _END_PIECES
    more = int(np.log(length / 2 / near[-1]) / np.log(growth))
    return np.concatenate([near, near[-1] * growth ** np.arange(1, more + 1)])


def folded_counts(model: SpectralModel, edges: Float, nodes: Float, exposure: Float) -> Float:
    """Counts without energy dispersion: the integral of dN/dE x exposure(E) over each bin.

    The exposure is log-log between its nodes, and continues so beyond the outer ones. Next to a
    node with exposure 0 it is linear in log energy.

    Parameters
    ----------
    model : SpectralModel
        The model.
    edges : numpy.ndarray
        Edges of the energy bins in TeV, (nenergy + 1,).
    nodes : numpy.ndarray
        Energies of the exposure in TeV, (nnode,).
    exposure : numpy.ndarray
        Exposure of each energy bin at each node in cm2 s, (..., nenergy, nnode).

    Returns
    -------
    numpy.ndarray
        (..., nenergy).
    """
    found = model_nodes(model, edges[:-1], edges[1:], steep_breaks(edges, nodes, exposure))
    energy, bin_number = found.energy, found.bin_number
    left, position = node_below(nodes, energy)
    right = np.minimum(left + 1, nodes.size - 1)
    first = np.searchsorted(bin_number, np.arange(edges.size - 1))
    weight = found.weight * found.value

    def summed(part: Float) -> Float:
        low, high = part[..., bin_number, left], part[..., bin_number, right]
        values = interpolate_log_log(low, high, position)
        return np.asarray(np.add.reduceat(values * weight, first, axis=-1))

    if exposure.ndim < 3:
        return summed(exposure)
    step = max(_BATCH // energy.size, 1)
    starts = range(0, max(exposure.shape[-3], 1), step)
    return np.concatenate([summed(exposure[..., i : i + step, :, :]) for i in starts], axis=-2)
