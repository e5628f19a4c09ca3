"""Signal counts of each bin in all bins, where the PSF carries photons from one to another."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..exceptions import MissingVariableError
from ..schema.axes import axis_edges, bin_dim, energy_unit
from ..schema.names import (
    EDISP,
    ENERGY,
    ENERGY_TRUE,
    ENERGY_UNIT,
    EXPOSURE_TRUE,
    PSF_MIXING,
    true_dim,
)
from .models import SpectralModel, integral
from .response import exposure_in_unit, exposure_nodes, folded_counts

__all__ = ["check_mixing", "mixed_signal", "mixed_variable"]

Float = NDArray[np.float64]


def check_mixing(binned: xr.Dataset) -> None:
    """Raise unless binned data tell how the PSF spreads the photons of each bin.

    Raises
    ------
    MissingVariableError
        If they do not; the message says how to make such data.
    """
    missing = [name for name in (PSF_MIXING, EXPOSURE_TRUE) if name not in binned]
    if missing:
        raise MissingVariableError(
            f"the binned data have no {' and no '.join(missing)}, so it is not known how the PSF "
            "spreads the photons of a bin; make them with maps.profile.bin(bins, psf=True)"
        )


def mixed_signal(binned: xr.Dataset, model: SpectralModel) -> xr.DataArray:
    """Signal counts of each bin at norm 1 that are seen in all bins.

    They are the sum of flux x exposure_true x psf_mixing x edisp over true energies. The energy
    dispersion is that of the bin that the photons come from. Without ``edisp``, they are the
    integral of dN/dE x exposure_true x psf_mixing over each reconstructed energy bin, with this
    product interpolated log-log between its nodes. So without a spread the counts are those of
    `predicted_signal`.

    Parameters
    ----------
    binned : xarray.Dataset
        With ``psf_mixing`` and ``exposure_true``.
    model : SpectralModel
        The spectrum at norm 1.

    Returns
    -------
    xarray.DataArray
        Dims (energy, projected_distance_true, projected_distance): the bins of the photons, and
        those that count them.

    Raises
    ------
    MissingVariableError
        If the data have no ``psf_mixing`` or no ``exposure_true``.
    """
    signal = mixed_variable(binned, model)
    coords = {name: c for name, c in binned.coords.items() if set(c.dims) <= set(signal.dims)}
    return xr.DataArray(signal, coords)


def mixed_variable(binned: xr.Dataset, model: SpectralModel) -> xr.Variable:
    """`mixed_signal` without coordinates."""
    check_mixing(binned)
    dim = bin_dim(binned)
    source = true_dim(dim)
    response = exposure_in_unit(binned, EXPOSURE_TRUE) * binned.variables[PSF_MIXING]
    scale = u.Unit(energy_unit(binned)).to(ENERGY_UNIT)
    if EDISP in binned:
        flux = xr.Variable(ENERGY_TRUE, integral(model, axis_edges(binned, ENERGY_TRUE) * scale))
        signal = _dispersed(flux * response, binned.variables[EDISP], dim)
    else:
        signal = _integrated(binned, model, response, scale)
    others = [d for d in signal.dims if d not in (ENERGY, source, dim)]
    return signal.transpose(*others, ENERGY, source, dim)


def _dispersed(emitted: xr.Variable, edisp: xr.Variable, dim: str) -> xr.Variable:
    """Sum over true energies of the photons that arrive, times the energy dispersion."""
    if dim in edisp.dims:
        dims = [true_dim(d) if d == dim else d for d in edisp.dims]
        edisp = xr.Variable(dims, edisp.data)
    if ENERGY in emitted.dims:
        cores, fold = [ENERGY_TRUE, dim, ENERGY], _sum_by_energy
    else:
        cores, fold = [dim, ENERGY_TRUE], _sum_alike
    return xr.apply_ufunc(  # type: ignore[no-any-return]
        fold,
        emitted,
        edisp,
        input_core_dims=[cores, [ENERGY_TRUE, ENERGY]],
        output_core_dims=[[dim, ENERGY]],
    )


def _sum_by_energy(emitted: Float, edisp: Float) -> Float:
    return np.asarray(np.einsum("...tbe,...te->...be", emitted, edisp))


def _sum_alike(emitted: Float, edisp: Float) -> Float:
    return np.asarray(np.matmul(emitted, edisp))


def _integrated(
    binned: xr.Dataset, model: SpectralModel, response: xr.Variable, scale: float
) -> xr.Variable:
    """Integrate dN/dE times the response over each reconstructed energy bin."""
    edges, (nodes, order) = axis_edges(binned, ENERGY) * scale, exposure_nodes(binned, scale)
    size = binned.sizes[ENERGY]

    def fold(values: Float) -> Float:  # (..., nenergy or 1, nnode)
        flat = values.reshape(-1, *values.shape[-2:])
        counts = np.zeros((len(flat), size))
        seen = np.flatnonzero(flat.any(axis=(1, 2)))  # most pairs of bins are far apart
        if seen.size:
            part = np.broadcast_to(flat[seen], (seen.size, size, nodes.size))
            counts[seen] = folded_counts(model, edges, nodes, part)
        return counts.reshape(*values.shape[:-2], size)

    response = response.isel({ENERGY_TRUE: order})
    if ENERGY not in response.dims:
        response = response.set_dims({ENERGY: 1, **response.sizes})  # type: ignore[no-untyped-call]
    return xr.apply_ufunc(  # type: ignore[no-any-return]
        fold,
        response,
        input_core_dims=[[ENERGY, ENERGY_TRUE]],
        output_core_dims=[[ENERGY]],
        exclude_dims={ENERGY},
    )
