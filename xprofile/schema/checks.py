"""Checks that a Dataset is a maps, binned or profile Dataset."""

from __future__ import annotations

from collections.abc import Iterable

import xarray as xr

from ..exceptions import InvalidDataError, MissingVariableError
from .axes import bin_dim
from .names import (
    DATASET,
    DISTANCE,
    ENERGY,
    ENERGY_TRUE,
    EXPOSURE_UNIT,
    LAT_EDISP,
    LON_EDISP,
    SED_TYPE,
    TOY,
    WCS_NAME,
    high,
    low,
)
from .variables import BINNED, MAPS, SED_TYPES, Variable

__all__ = ["check_binned", "check_maps", "check_profile"]


def check_maps(maps: xr.Dataset) -> None:
    """Raise if a Dataset is not a maps Dataset: names, dims and units (values are left alone).

    Parameters
    ----------
    maps : xarray.Dataset
        With ``counts``, ``exposure``, and ``background`` or ``counts_off``.

    Raises
    ------
    MissingVariableError
        If a variable or coordinate is missing; the message names all that are.
    InvalidDataError
        If dims or units are wrong; the message names all that are.
    """
    needed = ["counts", "exposure", *_of_background(maps)]
    axes = [low(ENERGY), high(ENERGY), ENERGY_TRUE, "x", "y", WCS_NAME]
    _missing(maps, [*needed, *axes], "maps", "Open it with xprofile.open_maps.")
    positions = {LAT_EDISP, LON_EDISP, "lat_psf", "lon_psf"}
    problems = _wrong_dims(maps, MAPS, frozenset({*positions, DATASET}))
    unit = maps["exposure"].attrs.get("units")
    if unit != EXPOSURE_UNIT:
        problems.append(f"exposure has units {unit!r}, expected {EXPOSURE_UNIT!r}")
    _refuse(problems, "maps", "Convert or rename the variables named here.")


def check_binned(binned: xr.Dataset) -> None:
    """Raise if a Dataset is not what `xprofile.bin_maps` returns: names and dims.

    Parameters
    ----------
    binned : xarray.Dataset
        The Dataset to check.

    Raises
    ------
    MissingVariableError, InvalidDataError
        As `check_maps`.
    """
    needed = ["counts", "exposure", "solid_angle", "coverage", *_of_background(binned)]
    axes = [low(ENERGY), high(ENERGY)]
    _missing(binned, [*needed, *axes], "binned", "Make it with maps.profile.bin(bins).")
    extra = frozenset({DATASET, TOY, ENERGY, DISTANCE, bin_dim(binned)})
    table = {k: Variable(tuple(set(v.dims) - extra), v.unit, "") for k, v in BINNED.items()}
    _refuse(_wrong_dims(binned, table, extra), "binned", "Make it with maps.profile.bin(bins).")


def check_profile(profile: xr.Dataset) -> None:
    """Raise if a Dataset is not a flux profile: a sed type, its quantity and the axes.

    Parameters
    ----------
    profile : xarray.Dataset
        The Dataset to check.

    Raises
    ------
    MissingVariableError, InvalidDataError
        As `check_maps`.
    """
    remedy = "Make it with binned.profile.estimate(...) or xprofile.open_profile(path)."
    sed_type = profile.attrs.get(SED_TYPE)
    if sed_type not in (*SED_TYPES, "likelihood"):
        _refuse([f"attrs[{SED_TYPE!r}] is {sed_type!r}"], "profile", remedy)
    quantity = "norm" if sed_type == "likelihood" else str(sed_type)
    _missing(profile, [quantity, low(ENERGY), high(ENERGY)], "profile", remedy)


def _missing(data: xr.Dataset, names: Iterable[str], kind: str, remedy: str) -> None:
    absent = [name for name in names if name not in data.variables]
    if absent:
        raise MissingVariableError(
            f"not a {kind} Dataset: missing {', '.join(absent)}; "
            f"found {', '.join(map(str, data.variables)) or 'nothing'}. {remedy}"
        )


def _wrong_dims(data: xr.Dataset, table: dict[str, Variable], extra: frozenset[str]) -> list[str]:
    """Say which variables have other dims than the table gives; `extra` may come on top."""
    return [
        f"{name} has dims {data.variables[name].dims}, expected {entry.dims}"
        for name, entry in table.items()
        if name in data.variables and set(data.variables[name].dims) - extra != set(entry.dims)
    ]


def _refuse(problems: list[str], kind: str, remedy: str) -> None:
    if problems:
        raise InvalidDataError(
            f"this {kind} Dataset cannot be used: {'; '.join(problems)}. {remedy}"
        )


def _of_background(data: xr.Dataset) -> list[str]:
    """Names of the variables that tell of the background."""
    return ["acceptance", "acceptance_off"] if "counts_off" in data else ["background"]
