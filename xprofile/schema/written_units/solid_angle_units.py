"""Units of solid angle that options ask for."""

from __future__ import annotations

from typing import Any

import astropy.units as u
import numpy as np

from ...exceptions import InvalidOptionError
from .parsing import as_unit

__all__ = ["wanted_angle"]


def wanted_angle(per_solid_angle: Any, usual: u.UnitBase = u.sr) -> u.UnitBase | None:
    """Unit of solid angle to divide by, or None.

    Parameters
    ----------
    per_solid_angle : bool, str or Unit
        The option.
    usual : Unit
        Unit that True stands for.

    Raises
    ------
    InvalidOptionError
        If the option is not a unit of solid angle.
    """
    if isinstance(per_solid_angle, bool | np.bool_):
        return usual if per_solid_angle else None
    try:
        unit = as_unit(per_solid_angle)
        if unit.is_equivalent(u.sr):
            return unit
    except (TypeError, ValueError):
        pass
    raise InvalidOptionError(
        "per_solid_angle must be True, False or a unit of solid angle, such as 'deg2', found "
        f"{per_solid_angle!r}"
    )
