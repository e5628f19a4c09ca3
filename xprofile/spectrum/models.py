"""Spectral models: differential fluxes, integrals over energy bins, and reference fluxes.

The functions for arrays use energies in TeV and differential fluxes in cm-2 s-1 TeV-1.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import astropy.units as u
import numpy as np
from astropy.modeling import models
from numpy.typing import NDArray

from ..exceptions import DataWarning, InvalidOptionError
from ..schema.names import ENERGY_UNIT
from ..schema.number_checks import check_number
from ..schema.options import suggests_options
from ..schema.variables import SED_TYPES
from ..schema.warning_place import user_stacklevel
from ..schema.written_units.parsing import without_events
from .features import feature_energies, has_known_features, is_smooth_power_law
from .resolving import Resolved, plain_nodes, resolve

__all__ = [
    "SpectralModel",
    "dnde",
    "integral",
    "model_name",
    "model_nodes",
    "power_law",
    "reference_fluxes",
]

Float = NDArray[np.float64]
SpectralModel = Callable[[u.Quantity], u.Quantity]  # for example an astropy.modeling.Model

_ENERGY, _DNDE = u.Unit(ENERGY_UNIT), u.Unit(SED_TYPES["dnde"].unit)

_ERG = _ENERGY.to("erg")

# Relative error of an integral above which a warning says so; far below the errors of spectra. At
# 1e-5 sources with noise in their spectrum would pass in silence.
_RESOLVED = 1e-6


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

    Raises
    ------
    InvalidOptionError
        If the index or the amplitude is not a finite number, or the reference is not a positive
        energy.

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
    check_number("index", index, "a finite number")
    for name, value, unit in (("amplitude", amplitude, None), ("reference", reference, _ENERGY)):
        _check_quantity(name, value, unit)
    return models.PowerLaw1D(amplitude=amplitude, x_0=reference, alpha=index)


def _check_quantity(name: str, value: u.Quantity, unit: u.UnitBase | None) -> None:
    """Raise unless a value is one finite Quantity, and positive in a unit if one is given.

    The unit and the sign of the flux are looked at by `dnde`, as of any other model.
    """
    try:
        size = u.Quantity(value).to_value(unit)
        fine = np.ndim(size) == 0 and bool(np.isfinite(size)) and (unit is None or size > 0)
    except (u.UnitsError, TypeError, ValueError):
        fine = False
    if not fine:
        kind = "finite Quantity" if unit is None else f"positive Quantity in units like '{unit}'"
        raise InvalidOptionError(f"{name} must be one {kind}, found {value!r}")


def dnde(model: SpectralModel, energy: Float) -> Float:
    """Differential flux in cm-2 s-1 TeV-1 at energies in TeV.

    Raises
    ------
    InvalidOptionError
        If the model does not turn an energy Quantity into a differential flux, or if the flux is
        negative or not finite.
    """
    try:
        with np.errstate(all="ignore"):  # values are checked below
            given = model(energy * _ENERGY)
            found = u.Quantity(given)
        if np.any(getattr(given, "mask", False)) or np.any(getattr(found, "mask", False)):
            raise TypeError("it returns masked values")
        if np.iscomplexobj(found.value):
            raise TypeError("it returns complex numbers")
        if found.ndim and found.shape != energy.shape:
            raise ValueError(f"it returns the shape {found.shape} for energies {energy.shape}")
        found = u.Quantity(found.value, without_events(found.unit)).to_value(_DNDE)  # ph is 1
        values = np.broadcast_to(np.asarray(found, dtype=float), energy.shape)
    except Warning:  # where warnings are errors
        raise
    except Exception as error:  # a callable of the user may raise any
        raise InvalidOptionError(
            f"spectral_model {model_name(model)} must turn an energy Quantity into a differential "
            f"flux in units like {SED_TYPES['dnde'].unit!r}; it failed with: {_told(error)}. "
            "Give its parameters units"
        ) from error
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        raise InvalidOptionError(
            f"spectral_model {model_name(model)} is negative or not finite between "
            f"{energy.min():.4g} and {energy.max():.4g} TeV: {values[wrong][0]:.4g} at "
            f"{energy[wrong][0]:.4g} TeV"
        )
    return values


def _told(error: Exception) -> str:
    """Text of an error; with its class, if it is not about units, types or values."""
    usual = isinstance(error, u.UnitsError | TypeError | ValueError)
    return str(error) if usual else f"{type(error).__name__}: {error}"


def model_name(model: SpectralModel) -> str:
    """Name of a callable, or of the class of a model."""
    return str(getattr(model, "__name__", type(model).__name__))


def model_nodes(
    model: SpectralModel,
    lower: Float,
    upper: Float,
    breaks: Float | None = None,
    *,
    warn: bool = True,
) -> Resolved:
    """Nodes and weights for integrals of a model, or of its product with another function.

    All integrals over spectra use them.

    Parameters
    ----------
    model : SpectralModel
        The model.
    lower, upper : numpy.ndarray
        Edges of energy bins in TeV, (nbin,).
    breaks : numpy.ndarray, optional
        Energies in TeV at which the other function has kinks.
    warn : bool
        Warn of bins in which the model is not resolved.

    Raises
    ------
    InvalidOptionError
        As `dnde`, or if an integral is too large for double precision.

    Warns
    -----
    DataWarning
        If integrals over some bins are not certain to 1e-6, once with all of them.
    """
    breaks = np.empty(0) if breaks is None else breaks
    ends = (lower.min(initial=np.inf), upper.max(initial=0))

    def function(energy: Float) -> Float:  # rounding never leaves the bins: a table ends there
        return dnde(model, np.clip(energy, *ends))

    with np.errstate(over="ignore", invalid="ignore"):
        if is_smooth_power_law(model):
            nodes = plain_nodes(lower, upper, breaks, function)
        else:
            breaks = np.append(breaks, feature_energies(model))
            nodes = resolve(lower, upper, breaks, function, scan=not has_known_features(model))
        _check_finite(model, lower, upper, nodes.integrals())
    if warn:
        _warn_of_unresolved(model, lower, upper, nodes.error)
    return nodes


def _check_finite(model: SpectralModel, lower: Float, upper: Float, integrals: Float) -> None:
    if not np.all(np.isfinite(integrals)):
        raise InvalidOptionError(
            f"spectral_model {model_name(model)} is too large to be integrated between "
            f"{lower.min():.4g} and {upper.max():.4g} TeV"
        )


def _warn_of_unresolved(model: SpectralModel, lower: Float, upper: Float, error: Float) -> None:
    bad = np.flatnonzero(error > _RESOLVED)
    if not bad.size:
        return
    shown = ", ".join(f"{lower[i]:.4g} to {upper[i]:.4g} (up to {error[i]:.1g})" for i in bad[:5])
    more = f" and {bad.size - 5} more, up to {error.max():.1g}" if bad.size > 5 else ""
    warnings.warn(
        f"spectral_model {model_name(model)} changes too fast to be integrated; relative errors of "
        f"the integrals from {shown} TeV{more}",
        DataWarning,
        stacklevel=user_stacklevel(),
    )


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
    return _integrals(model, edges[:-1], edges[1:], (power,))[0]


def _integrals(
    model: SpectralModel, lower: Float, upper: Float, powers: Sequence[int], *, warn: bool = True
) -> list[Float]:
    """Integrals of E^power dN/dE for each power, (nbin,) each; 0 if the edges are equal."""
    if not isinstance(model, models.PowerLaw1D):
        nodes = model_nodes(model, lower, upper, warn=warn)
        return [nodes.integrals(power=power) for power in powers]
    at_lower, width = dnde(model, lower), np.log(upper) - np.log(lower)
    alpha = float(u.Quantity(model.alpha).to_value(""))
    found = []
    for power in powers:
        # over log energies from a to b: E f(E) at a times (b - a) expm1(d) / d, d = index (b - a)
        d = (1 + power - alpha) * width
        with np.errstate(over="ignore", invalid="ignore"):
            ratio = np.divide(np.expm1(d), d, out=np.ones_like(d), where=d != 0)
            found.append(np.asarray(at_lower * lower ** (1 + power) * width * ratio))
        _check_finite(model, lower, upper, found[-1])
    return found


def reference_fluxes(
    model: SpectralModel, lower: Float, upper: Float, *, warn: bool = True
) -> dict[str, Float]:
    """Reference values of each sed type for energy bins in TeV, (nbin,).

    ``dnde`` and ``e2dnde`` are at the geometric centre of the bin, ``flux`` and ``eflux`` are
    integrals over it. The integrals are 0 if `lower` equals `upper`. With `warn`, bins in which the
    model is not resolved are warned of.
    """
    centre = np.sqrt(lower * upper)
    at_centre = dnde(model, centre)
    flux, eflux = _integrals(model, lower, upper, (0, 1), warn=warn)
    return {
        "dnde": at_centre,
        "flux": flux,
        "eflux": eflux * _ERG,
        "e2dnde": centre**2 * at_centre * _ERG,
    }
