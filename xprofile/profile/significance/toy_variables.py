"""Variables of profiles that are compared with those of toys."""

from __future__ import annotations

import xarray as xr

from ...exceptions import InvalidDataError, MissingVariableError
from ...schema.names import TOY

__all__ = ["EQUAL", "profile_variable", "toy_variable"]

# Relative difference up to which values count as equal. It is above the rounding of a fit, about
# 1e-12, so that toys with the counts of the data have the same test statistic, and below
# differences between other counts. With 0, such toys count as lower at random; with 1e-2, toys
# with a lower test statistic count as equal and p-values are too large.
EQUAL = 1e-9


def profile_variable(profile: xr.Dataset, name: str) -> xr.DataArray:
    """Return a variable of a profile."""
    if name not in profile:
        raise MissingVariableError(
            f"the profile has no {name!r}; its variables are {list(profile)}"
        )
    return profile[name]


def toy_variable(profile: xr.Dataset, name: str) -> xr.DataArray:
    """Return a variable of a profile of toys, with the dim ``toy``."""
    found = profile_variable(profile, name)
    if TOY not in found.dims:
        raise MissingVariableError(
            f"{name} has no dim {TOY!r}, found {found.dims}; estimate the profile of "
            "binned.profile.simulate(...)"
        )
    if not found.sizes[TOY]:
        raise InvalidDataError(f"{name} has no toys, found the sizes {dict(found.sizes)}")
    return found
