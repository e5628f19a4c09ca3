"""Quantities to plot: find the variable of a quantity, and split it into energy bins."""

from __future__ import annotations

import xarray as xr

from ...estimation.results import sum_datasets
from ...exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from ...profile.limits import upper_limits
from ...profile.sed import how_to_get, quantity_name, to_sed_type
from ...schema.axes import bin_dim
from ...schema.checks import check_profile
from ...schema.names import ENERGY, PARAMETER, SED_TYPE
from ...schema.variables import SED_TYPES
from .labels import energy_range_text

__all__ = [
    "check_is_per_bin",
    "check_one_quantity",
    "default_quantity",
    "find_quantity",
    "split_energy_bins",
]


def find_quantity(
    profile: xr.Dataset, wanted: str | None, threshold: float | None
) -> tuple[xr.Dataset, str]:
    """Find a quantity of a profile.

    Parameters
    ----------
    profile : xarray.Dataset
        The profile. Data sets of a joint fit are summed.
    wanted : str or None
        A sed type, a variable, or a variable of another sed type such as ``dnde_ul``; by default
        that of `default_quantity`, or of spectra the first parameter besides the amplitude.
    threshold : float or None
        Significance below which bins are upper limits; that of the profile by default.

    Returns
    -------
    source : xarray.Dataset
        The profile, converted to the sed type of the quantity.
    name : str
        Its variable.

    Raises
    ------
    MissingVariableError
        If the profile has no such quantity.
    """
    profile = sum_datasets(profile)
    if wanted is None and PARAMETER in profile.coords and SED_TYPE not in profile.attrs:
        wanted = str(profile[PARAMETER].to_numpy().ravel()[:2][-1])
    if wanted is None or wanted in (*SED_TYPES, "likelihood"):
        check_profile(profile)
        own = quantity_name(str(profile.attrs[SED_TYPE]))
        name = default_quantity(profile) if wanted is None else quantity_name(wanted)
        source = profile if name == own else to_sed_type(profile, name)
        return source.assign(is_ul=upper_limits(source, threshold)), name
    kind = wanted.partition("_")[0]
    source = to_sed_type(profile, kind) if kind in SED_TYPES and wanted not in profile else profile
    if wanted not in source:
        raise MissingVariableError(
            f"the profile has no {wanted!r}; {how_to_get(wanted)}choose a sed type of "
            f"{list(SED_TYPES)} or a variable of {list(map(str, source.data_vars))}"
        )
    return source, wanted


def check_one_quantity(quantity: str | None, sed_type: str | None) -> None:
    """Raise if a quantity and a sed type are given, as each names what to plot."""
    if quantity is not None and sed_type is not None:
        raise InvalidOptionError(
            "give a quantity or a sed_type, not both, as each names what to plot"
        )


def default_quantity(profile: xr.Dataset) -> str:
    """Name of the quantity to show of a profile: the flux for norms of a model, or else its own."""
    own = quantity_name(str(profile.attrs[SED_TYPE]))
    return "flux" if own == "norm" and "ref_flux" in profile else own


def split_energy_bins(source: xr.Dataset, name: str) -> list[tuple[str, xr.Dataset]]:
    """Split a profile into energy bins, each with a text of its range; empty for a single bin."""
    check_is_per_bin(source, name)
    if ENERGY not in source[name].dims:
        return [("", source)]
    bands = [source.isel({ENERGY: i}) for i in range(source.sizes[ENERGY])]
    if len(bands) == 1:
        return [("", bands[0])]
    return [(energy_range_text(band), band) for band in bands]


def check_is_per_bin(source: xr.Dataset, name: str) -> None:
    """Raise unless a variable has a number for each bin, or for each bin and energy."""
    bins = bin_dim(source)
    extra = [str(dim) for dim in source[name].dims if dim not in (bins, ENERGY)]
    if extra or bins not in source[name].dims:
        remedy = "choose a quantity of the bins"
        if extra:
            remedy = f"select one first: .isel({extra[0]}=0)"
        elif bins not in source.dims:
            remedy = (
                f"keep the dim of one bin, as isel({bins}=[0]) does, or draw it over x='energy'"
            )
        raise InvalidDataError(
            f"{name} has dims {source[name].dims}, expected {bins} and optionally {ENERGY}; "
            f"{remedy}"
        )
    if source[name].dtype.kind not in "biuf":
        raise InvalidDataError(
            f"{name} has values of type {source[name].dtype}, not a number; choose another quantity"
        )
