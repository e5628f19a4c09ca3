"""What is plotted: the Dataset and the variable that hold a quantity, split into energy bins."""

from __future__ import annotations

import xarray as xr

from ..estimation.results import sum_datasets
from ..exceptions import InvalidDataError, MissingVariableError
from ..profile.sed import quantity_name, to_sed_type, upper_limits
from ..schema.axes import bin_dim
from ..schema.checks import check_profile
from ..schema.names import ENERGY, SED_TYPE
from ..schema.variables import SED_TYPES
from .labels import energy_range

__all__ = ["check_plottable", "energy_bands", "resolve"]


def resolve(
    profile: xr.Dataset, wanted: str | None, threshold: float | None
) -> tuple[xr.Dataset, str]:
    """Return the Dataset that holds what is to be plotted, and the variable's name."""
    profile = sum_datasets(profile)
    if wanted is None or wanted in (*SED_TYPES, "likelihood"):
        check_profile(profile)
        own = quantity_name(str(profile.attrs[SED_TYPE]))
        name = own if wanted is None else quantity_name(wanted)
        source = profile if name == own else to_sed_type(profile, name)
        return source.assign(is_ul=upper_limits(source, threshold)), name
    kind = wanted.partition("_")[0]
    source = to_sed_type(profile, kind) if kind in SED_TYPES and wanted not in profile else profile
    if wanted not in source:
        raise MissingVariableError(
            f"the profile has no {wanted!r}; there are the sed types {list(SED_TYPES)} and the "
            f"variables {list(map(str, source.data_vars))}"
        )
    return source, wanted


def energy_bands(source: xr.Dataset, name: str) -> list[tuple[str, xr.Dataset]]:
    """Split into energy bins, each with its range in words; one has no words."""
    check_plottable(source, name)
    if ENERGY not in source[name].dims:
        return [("", source)]
    bands = [source.isel({ENERGY: i}) for i in range(source.sizes[ENERGY])]
    if len(bands) == 1:
        return [("", bands[0])]
    return [(energy_range(band), band) for band in bands]


def check_plottable(source: xr.Dataset, name: str) -> None:
    """Raise unless a variable holds numbers over the bins, and perhaps energy."""
    bins = bin_dim(source)
    extra = [str(dim) for dim in source[name].dims if dim not in (bins, ENERGY)]
    if extra or bins not in source[name].dims:
        remedy = f"select one first: .isel({extra[0]}=0)" if extra else "it is no profile"
        raise InvalidDataError(
            f"{name} has dims {source[name].dims}, expected {bins} and perhaps {ENERGY}; {remedy}"
        )
    if source[name].dtype.kind not in "biuf":
        raise InvalidDataError(f"{name} holds {source[name].dtype}, which is not a number")
