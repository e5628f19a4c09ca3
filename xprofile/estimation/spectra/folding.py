"""Signal counts of many spectra at once, by the response of binned data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.modeling import CompoundModel, models
from numpy.typing import NDArray

from ...schema.axes import axis_edges, bin_dim, energy_unit
from ...schema.names import ENERGY, ENERGY_TRUE, ENERGY_UNIT
from ...spectrum.models import dnde, integral, model_nodes, power_law
from ...spectrum.response import exposure_in_unit, exposure_weights, signal_variable
from .parameters import Spectrum

__all__ = ["Fold", "make_fold"]

Float = NDArray[np.float64]

# Models without kinks, whose integrals over pieces of 0.02 decades are exact to 1e-11.
_SMOOTH = (models.PowerLaw1D, models.LogParabola1D, models.ExponentialCutoffPowerLaw1D)

# Width of a smooth break, in decades, from which pieces of 0.02 decades resolve it to 1e-9. At a
# tenth of it the break is within one piece, and integrals over it are wrong by 1e-4.
_SMOOTH_BREAK = 0.05


@dataclass(frozen=True, eq=False)
class Fold:
    """Two steps of a fold, so that the fluxes of many spectra are kept, and not their counts.

    Parameters
    ----------
    flux : callable
        Takes free parameters (n, nfree), and returns fluxes of any shape (n, ...).
    respond : callable
        Takes these and a slice of the bins, and returns signal counts (n, nbin, nfine).
    used : numpy.ndarray of bool
        Fine bins that are used, (nbin, nfine).
    """

    flux: Callable[[Float], Float]
    respond: Callable[[Float, slice], Float]
    used: NDArray[np.bool_]

    @property
    def nbin(self) -> int:
        """Number of bins."""
        return len(self.used)

    def signal(self, flux: Float, bins: slice) -> Float:
        """Signal counts (n, nbin, nfine) of fluxes; 0 in fine bins that are not used."""
        return self.respond(flux, bins) * self.used[bins]


def make_fold(data: xr.Dataset, spectrum: Spectrum) -> Fold:
    """Make the fold of a spectrum with the response of binned data."""
    order = (bin_dim(data), ENERGY)
    used = data.variables["coverage"].transpose(*order).to_numpy() > 0
    if "edisp" in data:
        flux = _true_fluxes(data, spectrum)
        exposure = exposure_in_unit(data, "exposure")
        edisp = (exposure * data.variables["edisp"]).transpose(ENERGY_TRUE, *order).to_numpy()
        return Fold(flux, lambda values, bins: np.tensordot(values, edisp[:, bins], axes=1), used)
    if not _is_smooth_spectrum(spectrum):
        return Fold(
            lambda values: np.stack([
                signal_variable(data, spectrum.at(v)).transpose(*order).to_numpy() for v in values
            ]),
            lambda values, bins: values[:, bins],
            used,
        )  # fmt: skip
    energy, number, weight = exposure_weights(data, power_law())
    ends = np.searchsorted(number, np.arange(used.shape[1] + 1))

    def respond(values: Float, bins: slice) -> Float:
        pairs = pairwise(ends.tolist())
        return np.stack([values[:, a:b] @ weight[a:b, bins] for a, b in pairs], axis=-1)

    return Fold(lambda values: _fluxes(spectrum, values, energy), respond, used)


def _true_fluxes(data: xr.Dataset, spectrum: Spectrum) -> Callable[[Float], Float]:
    """Return a function that integrates spectra over true energies, (n, ntrue)."""
    edges = axis_edges(data, ENERGY_TRUE) * u.Unit(energy_unit(data)).to(ENERGY_UNIT)
    if not _is_smooth_spectrum(spectrum):
        return lambda values: np.stack([integral(spectrum.at(v), edges) for v in values])
    nodes = model_nodes(power_law(), edges[:-1], edges[1:])
    first = np.searchsorted(nodes.bin_number, np.arange(edges.size - 1))
    return lambda values: np.add.reduceat(
        _fluxes(spectrum, values, nodes.energy) * nodes.weight, first, axis=1
    )


def _fluxes(spectrum: Spectrum, values: Float, energy: Float) -> Float:
    """Differential fluxes at energies in TeV, (n, nenergy)."""
    copy = spectrum.model.copy()
    return np.stack([dnde(spectrum.at(v, copy), energy) for v in values])


def _is_smooth_spectrum(spectrum: Spectrum) -> bool:
    """Whether a model has no kinks in the ranges of its free parameters."""
    sharp = any(one.name.split("_")[0] == "delta" for one in spectrum.free)
    return _is_smooth(spectrum.model) and not sharp


def _is_smooth(model: object) -> bool:
    """Whether a model has no kinks for any values of its parameters."""
    if isinstance(model, CompoundModel):
        return model.op in ("+", "*") and _is_smooth(model.left) and _is_smooth(model.right)
    if isinstance(model, models.SmoothlyBrokenPowerLaw1D):
        return bool(np.all(np.asarray(model.delta.value) >= _SMOOTH_BREAK))
    return isinstance(model, _SMOOTH)
