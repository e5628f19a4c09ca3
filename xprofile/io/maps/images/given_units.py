"""Units that the caller gives for parts of maps, instead of those in the files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import astropy.units as u

from ....exceptions import InvalidOptionError
from ....schema.units import energy_unit_name, unit_text
from ....schema.written_units.parsing import as_unit, is_number, without_events
from ...fits.skymap import SkyMap

__all__ = ["GivenUnit", "UnitOfPart", "given_unit", "given_units", "set_units"]

VALUES, ENERGY = "values", "energy"
_RATE = "s-1 TeV-1 sr-1"  # of background rates
_EXAMPLE = "unit={'exposure': 'cm2 s', 'counts': {'energy': 'keV'}}"


# unit of the values of a part, or a dict of the units of its values and energies
UnitOfPart: TypeAlias = str | u.UnitBase | Mapping[str, str | u.UnitBase]


@dataclass(frozen=True)
class GivenUnit:
    """Units of one part; None leaves that of the file.

    Parameters
    ----------
    values : str, optional
        Unit of the values.
    energy : str, optional
        Unit of the energies.
    """

    values: str | None = None
    energy: str | None = None


def given_unit(unit: Any, option: str = "unit") -> GivenUnit:
    """Return the units of one part: a unit of its values, or a dict of both.

    Raises
    ------
    InvalidOptionError
        If it is neither, or a unit is not known.
    """
    if unit is None:
        return GivenUnit()
    if not isinstance(unit, Mapping):
        return GivenUnit(_known_text(unit, option))
    if not unit or set(unit) - {VALUES, ENERGY}:
        raise InvalidOptionError(
            f"{option} has {dict(unit)!r}, expected a unit of the values, such as 'cm2 s', or a "
            "dict such as {'values': 'cm2 s', 'energy': 'GeV'}"
        )
    values, energy = unit.get(VALUES), unit.get(ENERGY)
    return GivenUnit(
        None if values is None else _known_text(values, option),
        None if energy is None else energy_unit_name(energy, option),
    )


def given_units(unit: Any, exposure_unit: Any, names: Iterable[str]) -> dict[str, GivenUnit]:
    """Return the units of each part from the options of `open_maps`.

    Parameters
    ----------
    unit : dict
        Units by part.
    exposure_unit : str or Unit
        Unit of the exposure.
    names : iterable of str
        Parts that may have a unit.

    Raises
    ------
    InvalidOptionError
        If a part or a unit is not known, or a unit is of another kind than the part.
    """
    names = [*names]
    given = {} if unit is None else unit
    if not isinstance(given, Mapping) or set(given) - set(names):
        raise InvalidOptionError(
            f"unit must be a dict with the units of parts among {names}, such as {_EXAMPLE}; found "
            f"{unit!r}"
        )
    units = {name: given_unit(one, f"unit of {name}") for name, one in given.items()}
    if exposure_unit is not None:
        if units.get("exposure", GivenUnit()).values is not None:
            raise InvalidOptionError(
                f"exposure_unit={exposure_unit!r} and unit={given!r} both give the unit of the "
                "exposure; leave one out"
            )
        text = _known_text(exposure_unit, "exposure_unit")
        units["exposure"] = replace(units.get("exposure", GivenUnit()), values=text)
    for name, one in units.items():
        if one.values is not None:
            _check_kind(name, one.values)
    return units


def _known_text(unit: Any, option: str) -> str:
    """Return the text of a unit; a unit with a number in it, such as 1e4 cm2 s, stays one."""
    try:
        found = as_unit(unit)
    except (ValueError, TypeError) as error:
        raise InvalidOptionError(
            f"{option}: {unit!r} is not a unit: {error}; give one such as 'cm-2 s-1 GeV-1'"
        ) from error
    return unit_text(found) if found.scale == 1 else str(found)


def _check_kind(name: str, text: str) -> None:
    """Raise if a unit is of another kind than the values of a part."""
    found = without_events(as_unit(text))
    expected = {"exposure": ["cm2 s", "s"], "psf": ["sr-1"], "background": ["ct", _RATE]}
    kinds = expected.get(name, ["ct"])
    if not (is_number(found) and "ct" in kinds) and not any(map(found.is_equivalent, kinds)):
        raise InvalidOptionError(
            f"unit of {name} is {text or 'a plain number'!r}, expected one like "
            f"{' or '.join(map(repr, kinds))}"
        )


def set_units(
    images: dict[str, list[SkyMap]], responses: dict[str, Any], units: Mapping[str, GivenUnit]
) -> list[str]:
    """Give images and responses the units of the caller, and return the labels of these parts.

    Raises
    ------
    InvalidOptionError
        If open_maps does not know the part.
    """
    missing = [name for name in units if name not in images and name not in responses]
    if missing:
        raise InvalidOptionError(
            f"unit has {', '.join(missing)}, but the maps have the parts "
            f"{', '.join([*images, *responses])}; leave {', '.join(missing)} out"
        )
    given = {name: one.values for name, one in units.items() if one.values is not None}
    labels = []
    for name, text in given.items():
        if name in images:
            images[name] = [replace(image, unit=text) for image in images[name]]
            labels += [image.label for image in images[name]]
        if name in responses:
            responses[name] = replace(responses[name], unit=text)
            labels.append(responses[name].label)
    return labels
