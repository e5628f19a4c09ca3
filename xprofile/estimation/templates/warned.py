"""Warnings of fits of templates that give numbers, but not those that may be expected."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import DataWarning
from ...schema.names import OVERLAP
from ...schema.warning_place import user_stacklevel
from .settings import TemplateSettings
from .solve import Norms

__all__ = ["warn_of_degeneracy", "warn_of_overlaps", "warn_of_unexplained"]

Float = NDArray[np.float64]


def warn_of_overlaps(datasets: Sequence[xr.Dataset], settings: TemplateSettings) -> None:
    """Warn if photons count in several bins that are fitted together."""
    shared = max(int(data.attrs.get(OVERLAP, 0)) for data in datasets)
    if shared and settings.per != "bin":
        warnings.warn(
            f"bins share {shared} pixels, whose counts are fitted once in each of them, so errors "
            "of the norms come out too small; use bins that share no pixels",
            DataWarning,
            stacklevel=user_stacklevel(),
        )


def warn_of_unexplained(n: Float, total: Float) -> None:
    """Warn of counts where no counts are predicted."""
    alone = (n > 0) & (total <= 0)
    if alone.any():
        warnings.warn(
            f"{np.count_nonzero(alone.any(axis=0))} fine bins have counts, but neither a template "
            "nor a background predicts any there, so they do not count in the norms, and the "
            "deviance is infinite; leave these bins out, or add a template that reaches there",
            DataWarning,
            stacklevel=user_stacklevel(),
        )


def warn_of_degeneracy(names: Sequence[str], norms: Norms) -> None:
    """Warn if norms can replace each other."""
    lost = norms.not_determined
    if not lost.any():
        return
    found = [repr(name) for name, one in zip(names, lost.T, strict=False) if one.any()]
    if lost[:, len(names) :].any():
        found.append("the norms of bins")
    number = np.count_nonzero(lost.any(axis=1))
    where = f" in {number} of {len(lost)} fits" if len(lost) > 1 else ""
    warnings.warn(
        f"the data cannot tell apart {' and '.join(found)}{where}, as sums of them predict the "
        "same counts, so their norms are NaN; leave one out, or use bins and energies in which "
        "they differ",
        DataWarning,
        stacklevel=user_stacklevel(),
    )
