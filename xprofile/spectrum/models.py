"""Spectral models: differential fluxes, integrals over energy bins, reference fluxes.

Inside, energies are numbers in TeV and differential fluxes numbers in cm-2 s-1 TeV-1.
"""

from __future__ import annotations

from collections.abc import Callable

import astropy.units as u
import numpy as np
from astropy.modeling import models
from numpy.typing import NDArray

from ..exceptions import InvalidOptionError
from ..schema.names import ENERGY_UNIT
from ..schema.variables import SED_TYPES
from .quadrature import quadrature

__all__ = ["SpectralModel", "power_law"]

Float = NDArray[np.float64]

SpectralModel = Callable[[u.Quantity], u.Quantity]  # an astropy.modeling.Model is one too

_ENERGY, _DNDE = u.Unit(ENERGY_UNIT), u.Unit(SED_TYPES["dnde"].unit)

_ERG = _ENERGY.to("erg")


def power_law(
    index: float = 2.0,
    amplitude: u.Quantity = 1e-12 * u.Unit("cm-2 s-1 TeV-1"),
    reference: u.Quantity = 1 * u.TeV,
) -> models.PowerLaw1D:
    """Make a power law, dN/dE = amplitude (E / reference)^-index.

    Parameters
    ----------
    index : float
        Positive for a spectrum that falls.
    amplitude : Quantity
        Differential flux at `reference`.
    reference : Quantity
        Energy.

    Returns
    -------
    astropy.modeling.models.PowerLaw1D

    Examples
    --------
    >>> import astropy.units as u
    >>> from xprofile import power_law
    >>> power_law(index=2.3)(100 * u.GeV).to("cm-2 s-1 TeV-1").round(13)
    <Quantity 1.995e-10 1 / (TeV s cm2)>
    """
    return models.PowerLaw1D(amplitude=amplitude, x_0=reference, alpha=index)


def dnde(model: SpectralModel, energy: Float) -> Float:
    """Differential flux in cm-2 s-1 TeV-1 at energies in TeV.

    Raises
    ------
    InvalidOptionError
        If the model does not turn an energy Quantity into a differential flux, or the flux is
        negative or not finite.
    """
    try:
        found = u.Quantity(model(energy * _ENERGY)).to_value(_DNDE)
        values = np.broadcast_to(np.asarray(found, dtype=float), energy.shape)
    except (u.UnitsError, TypeError, ValueError) as error:
        raise InvalidOptionError(
            f"spectral_model {model_name(model)} must turn an energy Quantity into a differential "
            f"flux in units like {SED_TYPES['dnde'].unit!r}; it failed with: {error}. "
            "Give its parameters units"
        ) from error
    if not (np.all(np.isfinite(values)) and np.all(values >= 0)):
        raise InvalidOptionError(
            f"spectral_model {model_name(model)} is negative or not finite between "
            f"{energy.min():.4g} and {energy.max():.4g} TeV"
        )
    return values


def model_name(model: SpectralModel) -> str:
    return str(getattr(model, "__name__", type(model).__name__))


def integral(model: SpectralModel, edges: Float, *, power: int = 0) -> Float:
    """Integral of E^power dN/dE over energy bins, in cm-2 s-1 TeV^power; (nbin,).

    Analytic for power laws; other models by quadrature, exact to about 1e-9.

    Parameters
    ----------
    model : SpectralModel
        The model.
    edges : numpy.ndarray
        Energies in TeV, ascending, (nbin + 1,).
    power : int
        0 for the flux, 1 for the energy flux.
    """
    at_edges = dnde(model, edges)
    if isinstance(model, models.PowerLaw1D):
        index = 1 + power - float(u.Quantity(model.alpha).to_value(""))
        # from a to b, E f(E) at a times (b - a) expm1(d) / d, d = index (b - a), in log energy
        width = np.diff(np.log(edges))
        d = index * width
        ratio = np.divide(np.expm1(d), d, out=np.ones_like(d), where=d != 0)
        return np.asarray(at_edges[:-1] * edges[:-1] ** (1 + power) * width * ratio)
    energy, weight, which = quadrature(edges, function=lambda e: dnde(model, e))
    values = weight * dnde(model, energy) * energy**power
    return np.bincount(which, values, minlength=edges.size - 1).astype(np.float64)


def reference_fluxes(model: SpectralModel, lower: Float, upper: Float) -> dict[str, Float]:
    """Reference values of each sed type for energy bins in TeV, each (nbin,).

    ``dnde`` and ``e2dnde`` at the geometric centre of the bin, ``flux`` and ``eflux`` over it.
    Where `lower` equals `upper` the integrals are 0.
    """
    centre = np.sqrt(lower * upper)
    at_centre = dnde(model, centre)

    def over_bins(power: int) -> Float:
        pairs = zip(lower, upper, strict=True)
        return np.array([integral(model, np.array(pair), power=power)[0] for pair in pairs])

    return {
        "dnde": at_centre,
        "flux": over_bins(0),
        "eflux": over_bins(1) * _ERG,
        "e2dnde": centre**2 * at_centre * _ERG,
    }
