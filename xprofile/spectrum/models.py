"""Spectral models: differential fluxes, integrals over energy bins, and reference fluxes.

The functions for arrays use energies in TeV and differential fluxes in cm-2 s-1 TeV-1.
"""

from __future__ import annotations

from collections.abc import Callable

import astropy.units as u
import numpy as np
from astropy.modeling import models
from numpy.typing import NDArray

from ..exceptions import InvalidOptionError
from ..schema.names import ENERGY_UNIT
from ..schema.options import suggests_options
from ..schema.variables import SED_TYPES
from ..schema.written_units.parsing import without_events
from .quadrature import quadrature_nodes

__all__ = [
    "SpectralModel",
    "dnde",
    "integral",
    "model_name",
    "power_law",
    "reference_fluxes",
]

Float = NDArray[np.float64]
SpectralModel = Callable[[u.Quantity], u.Quantity]  # for example an astropy.modeling.Model

_ENERGY, _DNDE = u.Unit(ENERGY_UNIT), u.Unit(SED_TYPES["dnde"].unit)

_ERG = _ENERGY.to("erg")


@suggests_options
def power_law(
    index: float = 2.0,
    amplitude: u.Quantity = 1e-12 * u.Unit("cm-2 s-1 TeV-1"),
    reference: u.Quantity = 1 * u.TeV,
) -> models.PowerLaw1D:
    """Make a power law, dN/dE = amplitude (E / reference)^-index.

    Parameters
    ----------
    index : float
        Index of the spectrum, positive for a spectrum that falls.
    amplitude : Quantity
        Differential flux at the reference energy.
    reference : Quantity
        Reference energy.

    Returns
    -------
    astropy.modeling.models.PowerLaw1D
        Model that turns an energy Quantity into a differential flux.

    See Also
    --------
    xprofile.estimate : Estimate a profile with a spectral model; any model of astropy works.
    xprofile.with_reference_model : Convert the fluxes of a profile to another spectral model.
    xprofile.simulate : Draw counts of a spectral model.

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
        If the model does not turn an energy Quantity into a differential flux, or if the flux is
        negative or not finite.
    """
    try:
        found = u.Quantity(model(energy * _ENERGY))
        found = u.Quantity(found.value, without_events(found.unit)).to_value(_DNDE)  # ph is 1
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
    """Name of a callable, or of the class of a model."""
    return str(getattr(model, "__name__", type(model).__name__))


def integral(model: SpectralModel, edges: Float, *, power: int = 0) -> Float:
    """Integral of E^power dN/dE over energy bins, (nbin,), in cm-2 s-1 TeV^power.

    Integrals of power laws are analytic. Those of other models are exact to about 1e-9.

    Parameters
    ----------
    model : SpectralModel
        The model.
    edges : numpy.ndarray
        Ascending energies in TeV, (nbin + 1,).
    power : int
        0 for the flux, 1 for the energy flux.
    """
    at_edges = dnde(model, edges)
    if isinstance(model, models.PowerLaw1D):
        index = 1 + power - float(u.Quantity(model.alpha).to_value(""))
        # over log energies from a to b: E f(E) at a times (b - a) expm1(d) / d, d = index (b - a)
        width = np.diff(np.log(edges))
        d = index * width
        ratio = np.divide(np.expm1(d), d, out=np.ones_like(d), where=d != 0)
        return np.asarray(at_edges[:-1] * edges[:-1] ** (1 + power) * width * ratio)
    energy, weight, bin_number = quadrature_nodes(edges, function=lambda e: dnde(model, e))
    values = weight * dnde(model, energy) * energy**power
    return np.bincount(bin_number, values, minlength=edges.size - 1).astype(np.float64)


def reference_fluxes(model: SpectralModel, lower: Float, upper: Float) -> dict[str, Float]:
    """Reference values of each sed type for energy bins in TeV, (nbin,).

    ``dnde`` and ``e2dnde`` are at the geometric centre of the bin, ``flux`` and ``eflux`` are
    integrals over it. The integrals are 0 if `lower` equals `upper`.
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
