"""How the unit of a map of the sky and that of a spectrum make a brightness.

A brightness is a differential flux per solid angle. A map in such a unit has its spectrum in it. A
map in another unit is multiplied with a spectral model, whose flux is then per solid angle and per
unit of the map.
"""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import numpy as np

from ..exceptions import InvalidDataError, InvalidOptionError
from ..schema.names import ENERGY_UNIT
from ..schema.variables import SED_TYPES
from ..schema.written_units.parsing import as_unit, named_unit, without_events
from ..spectrum.models import SpectralModel, dnde, model_name
from ..spectrum.table_models import ProductModel

__all__ = ["Brightness", "brightness_of"]

_DNDE = u.Unit(SED_TYPES["dnde"].unit)
_BRIGHTNESS = _DNDE / u.sr

# Kinds of units that are fluxes, so that a spectral model cannot be per unit of them.
_FLUXES = tuple(
    unit / angle
    for unit in (_DNDE, *(u.Unit(SED_TYPES[name].unit) for name in ("flux", "eflux")))
    for angle in (u.one, u.sr)
)

_USUAL = "such as 'cm-2 s-1 sr-1 TeV-1'"


@dataclass(frozen=True, eq=False)
class Brightness:
    """Parts whose product is a brightness.

    Parameters
    ----------
    factor : float
        Factor of the values of the map.
    model : callable
        Turns an energy Quantity into a Quantity in cm-2 s-1 TeV-1, for each sr.
    name : str
        Name of the spectral model for the history; empty if the map has its spectrum in it.
    """

    factor: float
    model: SpectralModel
    name: str


def brightness_of(
    unit: str | None, model: SpectralModel | None, *, cube: bool, energy: float
) -> Brightness:
    """Decide how a map in a unit and a spectral model make a brightness.

    Parameters
    ----------
    unit : str or None
        Unit of the map.
    model : SpectralModel, optional
        The spectral model.
    cube : bool
        Whether the map has energies.
    energy : float
        An energy in TeV at which the model can be looked at.

    Raises
    ------
    InvalidDataError
        If the unit of the map is not known, or is that of another flux.
    InvalidOptionError
        If a model is missing, or its unit does not fit to that of the map.
    """
    given = _unit_of_map(unit)
    complete = given.is_equivalent(_BRIGHTNESS)
    if model is None:
        if not complete:
            _raise_without_model(unit, given)
        if not cube:
            raise InvalidOptionError(
                f"the template is a brightness in {unit!r}, but it has no energies, or one alone, "
                "so its spectrum is not known: give a cube, or spectral_model= as a factor without "
                "unit"
            )
        return Brightness(float(given.to(_BRIGHTNESS)), _one, "")
    found = _unit_of_model(model, energy)
    product = given * found
    name = model_name(model)
    if product.is_equivalent(_BRIGHTNESS):
        factor = float(product.to(_BRIGHTNESS))
    elif found.is_equivalent(_DNDE) and _can_be_per_unit(given):
        factor = float(found.to(_DNDE))
    elif found.is_equivalent(_BRIGHTNESS) and _can_be_per_unit(given):
        factor = float(found.to(_BRIGHTNESS))
    else:
        _raise_for_units(unit, given, model, found)
    return Brightness(factor, ProductModel((model,), _DNDE / found, name), name)


def _one(energy: u.Quantity) -> u.Quantity:
    return np.ones(np.shape(energy)) * _DNDE


def _unit_of_map(text: str | None) -> u.UnitBase:
    """Unit of a map, without counts and photons; no unit for None."""
    try:
        found = u.Unit(without_events(as_unit(named_unit(text) or "")))
    except (ValueError, TypeError) as error:
        raise InvalidDataError(
            f"the template has the unit {text!r}, which is not known: {error}; set the right one "
            f"in attrs['units'], {_USUAL}"
        ) from error
    if {u.pix, u.vox} & set(found.bases):
        raise InvalidDataError(
            f"the template has the unit {text!r}: values of pixels depend on their size; divide "
            "them by template.profile.solid_angle and set attrs['units'] = 'sr-1' or such, or give "
            "normalize=True for the image of a source"
        )
    return found


def _unit_of_model(model: SpectralModel, energy: float) -> u.UnitBase:
    """Unit that a spectral model gives, without counts and photons."""
    at = np.array([energy])
    try:
        return u.Unit(without_events(u.Quantity(model(at * u.Unit(ENERGY_UNIT))).unit))
    except Warning:  # where warnings are errors
        raise
    except Exception:  # a callable of the user may raise any
        dnde(model, at)  # raises the error that says which models work
        raise


def _can_be_per_unit(unit: u.UnitBase) -> bool:
    """Whether a spectral model can be given for each unit of a map."""
    return not unit.is_equivalent(1 / u.sr) and not any(unit.is_equivalent(f) for f in _FLUXES)


def _raise_without_model(text: str | None, unit: u.UnitBase) -> None:
    found = f"in {text!r}" if text else "without a unit"
    if any(unit.is_equivalent(flux) for flux in _FLUXES):
        raise InvalidDataError(
            f"the template is a flux {found}, expected a brightness, {_USUAL}: divide it by the "
            "solid angle that each value is for, such as template.profile.solid_angle, by the "
            "width of its energy bins, or E2 dN/dE by the square of the energies, and set "
            "attrs['units']"
        )
    raise InvalidOptionError(
        f"the template is {found}, so it needs a spectrum: give spectral_model= in cm-2 s-1 TeV-1, "
        f"for each sr and unit of the template; of a brightness, give the unit, {_USUAL}, as "
        "attrs['units'] or open_map(..., unit=...)"
    )


def _raise_for_units(
    text: str | None, unit: u.UnitBase, model: SpectralModel, found: u.UnitBase
) -> None:
    of_map = f"the template is in {text!r}" if text else "the template has no unit"
    of_model = f"spectral_model {model_name(model)} gives {str(found) or 'plain numbers'!r}"
    if unit.is_equivalent(_BRIGHTNESS):
        remedy = "leave spectral_model out, or give one without unit, which is a factor"
    elif unit.is_equivalent(1 / u.sr):
        remedy = "give the spectrum of the whole source, in units like cm-2 s-1 TeV-1"
    elif any(unit.is_equivalent(flux) for flux in _FLUXES):
        remedy = f"make the template a brightness, {_USUAL}, or leave its unit out"
    else:
        remedy = (
            "give one in cm-2 s-1 TeV-1, for each sr and unit of the template, or one whose "
            "product with the template is a brightness"
        )
    raise InvalidOptionError(f"{of_map}, and {of_model}, which do not fit: {remedy}")
