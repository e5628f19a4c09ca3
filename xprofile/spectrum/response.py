"""Signal counts that a spectral model predicts in each bin."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..schema.axes import axis_edges, energy_unit
from ..schema.names import ENERGY, ENERGY_TRUE, ENERGY_UNIT
from .loglog import log_log, node_below
from .models import SpectralModel, dnde, integral
from .quadrature import quadrature

__all__ = ["predicted_signal", "signal_variable"]

Float = NDArray[np.float64]

_TOGETHER = 1 << 15  # values that are interpolated at once, so that they stay in cache


def predicted_signal(binned: xr.Dataset, model: SpectralModel) -> xr.DataArray:
    """Signal counts at norm 1 in each fine bin, dims (energy, projected_distance).

    With ``edisp`` the sum over true energies of flux x exposure x edisp, else the integral of
    dN/dE x exposure over each reconstructed bin, exposure log-log between its nodes.
    """
    signal = signal_variable(binned, model)
    coords = {name: c for name, c in binned.coords.items() if set(c.dims) <= set(signal.dims)}
    return xr.DataArray(signal, coords)


def signal_variable(binned: xr.Dataset, model: SpectralModel) -> xr.Variable:
    """`predicted_signal` without coordinates."""
    exposure = binned.variables["exposure"]
    scale = u.Unit(energy_unit(binned)).to(ENERGY_UNIT)
    if "edisp" in binned:
        flux = xr.Variable(ENERGY_TRUE, integral(model, axis_edges(binned, ENERGY_TRUE) * scale))
        signal: xr.Variable = (flux * exposure * binned.variables["edisp"]).sum(ENERGY_TRUE)
        return signal
    fine, nodes = axis_edges(binned, ENERGY) * scale, binned[ENERGY_TRUE].to_numpy() * scale
    if ENERGY not in exposure.dims:
        sizes = {ENERGY: binned.sizes[ENERGY], **exposure.sizes}
        exposure = exposure.set_dims(sizes)  # type: ignore[no-untyped-call]
    return xr.apply_ufunc(  # type: ignore[no-any-return]
        lambda values: folded(model, fine, nodes, values),
        exposure,
        input_core_dims=[[ENERGY, ENERGY_TRUE]],
        output_core_dims=[[ENERGY]],
    )


def folded(model: SpectralModel, fine: Float, nodes: Float, exposure: Float) -> Float:
    """Counts without energy dispersion: the integral of dN/dE x exposure(E) over each bin.

    Exposure is log-log between its nodes, and goes on so beyond the outer ones; next to a node
    where it is 0 it is linear in log energy.

    Parameters
    ----------
    model : SpectralModel
        The model.
    fine : numpy.ndarray
        Edges of the bins in TeV, (nenergy + 1,).
    nodes : numpy.ndarray
        Energies in TeV of the exposure, (nnode,).
    exposure : numpy.ndarray
        In cm2 s, (..., nenergy, nnode): that of each bin, at each node.

    Returns
    -------
    numpy.ndarray
        (..., nenergy).
    """
    energy, weight, which = quadrature(fine, nodes, lambda e: dnde(model, e))
    left, share = node_below(nodes, energy)
    right = np.minimum(left + 1, nodes.size - 1)
    first = np.searchsorted(which, np.arange(fine.size - 1))
    weight = weight * dnde(model, energy)

    def summed(some: Float) -> Float:
        values = log_log(some[..., which, left], some[..., which, right], share)
        return np.asarray(np.add.reduceat(values * weight, first, axis=-1))

    if exposure.ndim < 3:
        return summed(exposure)
    step = max(_TOGETHER // energy.size, 1)
    starts = range(0, max(exposure.shape[-3], 1), step)
    return np.concatenate([summed(exposure[..., i : i + step, :, :]) for i in starts], axis=-2)
