"""Units that axes show, and that all that is drawn on them later has to be in, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import astropy.units as u
import numpy as np

from ...exceptions import InvalidOptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["check_xunit", "check_yunit", "keep_xunit", "keep_yunit", "yunit"]

_XUNIT, _YUNIT = "_xprofile_xunit", "_xprofile_yunit"  # attributes of axes


def keep_xunit(ax: Axes, unit: str) -> None:
    """Keep the unit of the horizontal axis, for what is drawn later."""
    setattr(ax, _XUNIT, unit)


def keep_yunit(ax: Axes, unit: str) -> None:
    """Keep the unit of the vertical axis, for what is drawn later."""
    setattr(ax, _YUNIT, unit)


def yunit(ax: Axes) -> str:
    """Unit of what was drawn last; empty without one."""
    return str(getattr(ax, _YUNIT, ""))


def check_xunit(ax: Axes, unit: str) -> None:
    """Raise if the axes, or those that share their horizontal axis, show another unit of a kind."""
    for one in ax.get_shared_x_axes().get_siblings(ax):
        shown = str(getattr(one, _XUNIT, unit))
        if one.has_data() and _differ(shown, unit):
            raise InvalidOptionError(
                f"the horizontal axis is in {shown}, and this would be drawn in {unit}; pass "
                f"x_unit={shown!r}, or other axes"
            )


def check_yunit(ax: Axes, name: str, unit: str) -> None:
    """Raise if the axes show values in another unit of the same kind."""
    shown = str(getattr(ax, _YUNIT, unit))
    if ax.has_data() and _differ(shown, unit):
        raise InvalidOptionError(
            f"the vertical axis is in {shown}, and {name} is in {unit}; convert it before, such as "
            f"by to_units({name}={shown!r}), or pass other axes"
        )


def _differ(one: str, other: str) -> bool:
    """Whether units are of one kind and of different size."""
    if one == other:  # also of a unit that astropy does not know
        return False
    first, second = (u.Unit(text, parse_strict="silent") for text in (one, other))
    return first.is_equivalent(second) and not np.isclose(first.to(second), 1, rtol=1e-9, atol=0)
