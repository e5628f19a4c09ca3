"""Comparison of the settings of a profile with those of its toys, by their histories."""

from __future__ import annotations

import warnings

import xarray as xr

from ...exceptions import DataWarning
from ...schema.warning_place import user_stacklevel

__all__ = ["warn_of_other_settings"]

# Settings on which test statistics depend.
_COMPARED = ("spectral_model", "background", "norm_min", "sum_over_energy_groups", "smoothness")


def warn_of_other_settings(profile: xr.Dataset, toys: xr.Dataset) -> None:
    """Warn if toys were fitted with other settings than a profile, or drawn with a signal.

    Warns
    -----
    DataWarning
        If the histories of both tell so. Other settings than those of the fit do not count.
    """
    ours, theirs = (_last(data, "estimate", "unfold") for data in (profile, toys))
    found = [
        f"{name}={theirs[name]} instead of {ours[name]}"
        for name in _COMPARED
        if name in ours and name in theirs and ours[name] != theirs[name]
    ]
    norm = _last(toys, "simulate").get("norm", "0")
    drawn = [f"a signal of norm {norm}"] if norm not in ("0", "0.0", "-0.0") else []
    if found or drawn:
        warnings.warn(
            f"the toys have {', '.join(drawn + found)}, so their test statistics are not those to "
            "expect in the profile without signal; simulate with norm=0, and estimate both with "
            "the same settings",
            DataWarning,
            stacklevel=user_stacklevel(),
        )


def _last(data: xr.Dataset, *steps: str) -> dict[str, str]:
    """Options of the last of these steps in the history; empty without one."""
    for line in reversed(str(data.attrs.get("history", "")).splitlines()):
        step, _, options = line.partition(" ")
        if step in steps:
            pairs = (option.partition(": ") for option in options.split("; "))
            return {name: value for name, _, value in pairs}
    return {}
