"""Checks that a Dataset is a maps, binned or profile Dataset."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

import xarray as xr

from ..exceptions import InvalidDataError, MissingVariableError
from .axes import bin_dim
from .names import (
    DATASET,
    DISTANCE,
    ENERGY,
    EXPOSURE_TRUE,
    EXPOSURE_UNIT,
    LAT,
    LAT_EDISP,
    LON,
    LON_EDISP,
    PSF_MIXING,
    SED_TYPE,
    true_dim,
)
from .options import suggests_options
from .stages import Stage, further_dims, missing_names, sky_dims
from .value_checks import (
    describe_bad_binned,
    describe_bad_profile,
    describe_bad_response,
    describe_wrong_types,
    describe_wrong_units,
)
from .variables import BINNED, MAPS, NUMBER_COORDS, PROFILE, SED_SUFFIXES, SED_TYPES, Variable

__all__ = [
    "check_background",
    "check_binned",
    "check_maps",
    "check_maps_layout",
    "check_one_grid",
    "check_profile",
]


@suggests_options
def check_maps(maps: xr.Dataset) -> None:
    """Raise if a Dataset is not a maps Dataset, or its responses have impossible values.

    Names, dims, types and units are checked, and the values of ``edisp`` and ``psf``. Values of
    pixels are checked where bins use them, by `xprofile.bin_maps`. Chunked arrays stay lazy.

    Parameters
    ----------
    maps : xarray.Dataset
        Maps with ``counts`` and ``exposure``; off counts need their acceptances. A ``background``
        may be missing: maps are binned without it, and a fit asks for it.

    Raises
    ------
    MissingVariableError
        If variables or coordinates are missing; the message names all of them.
    InvalidDataError
        If dims, types or units are wrong, ``edisp`` or ``psf`` is negative or not finite, or
        ``edisp`` adds up to far more than 1; the message names all wrong variables.

    See Also
    --------
    xprofile.check_binned : The same for binned data.
    xprofile.check_profile : The same for a profile.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> xprofile.check_maps(maps)
    """
    check_maps_layout(maps)
    problems = [text for name in ("edisp", "psf") for text in describe_bad_response(maps, name)]
    _raise_if_any(problems, "maps", "Correct the variables named here.")


def check_maps_layout(maps: xr.Dataset) -> None:
    """Raise if names, dims, types or units of a maps Dataset are wrong; values are not checked.

    Raises
    ------
    MissingVariableError
        If variables or coordinates are missing; the message names all of them.
    InvalidDataError
        If dims, types or units are wrong; the message names all wrong variables.
    """
    _check_names(maps, "maps", "Open it with xprofile.open_maps.")
    positions = {LAT_EDISP, LON_EDISP, "lat_psf", "lon_psf"}
    table = {name: replace(entry, dims=_on_sky(entry.dims, maps)) for name, entry in MAPS.items()}
    problems = _wrong_dims(maps, table, frozenset({*positions, DATASET}))
    problems += describe_wrong_types(maps, MAPS)
    problems += describe_wrong_types(maps, NUMBER_COORDS)
    if DATASET in maps.dims:
        problems.append(
            f"it holds {maps.sizes[DATASET]} data sets, expected one: bin each of them, such as "
            f"maps.isel({DATASET}=0), and join the binned data"
        )
    unit = maps["exposure"].attrs.get("units")
    if unit != EXPOSURE_UNIT:
        problems.append(f"exposure has units {unit!r}, expected {EXPOSURE_UNIT!r}")
    _raise_if_any(problems, "maps", "Convert or rename the variables named here.")


@suggests_options
def check_binned(binned: xr.Dataset) -> None:
    """Raise if a Dataset is not a binned Dataset, or used bins have impossible values.

    Names, dims, types and units are checked; in memory, also values of bins with coverage above 0.

    Parameters
    ----------
    binned : xarray.Dataset
        Binned data, as `xprofile.bin_maps` returns them, with or without a background.

    Raises
    ------
    MissingVariableError
        If variables or coordinates are missing; the message names all of them.
    InvalidDataError
        If dims, types or units are wrong, or values of used bins are negative, not finite or too
        large for counts; the message names all wrong variables.

    See Also
    --------
    xprofile.check_maps : The same for maps.
    xprofile.check_profile : The same for a profile.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> xprofile.check_binned(maps)
    Traceback (most recent call last):
        ...
    xprofile.exceptions.MissingVariableError: not a binned Dataset: missing solid_angle, coverage...
    """
    remedy = "Make it with maps.profile.bin(bins)."
    _check_names(binned, "binned", remedy)
    if bin_dim(binned) not in binned.dims:
        raise MissingVariableError(
            f"the binned data have no dim {bin_dim(binned)}; select a range, such as "
            f"isel({bin_dim(binned)}=[0])"
        )
    dims = (DISTANCE, bin_dim(binned))
    extra = frozenset({DATASET, ENERGY, *dims, *map(true_dim, dims), *further_dims(binned)})
    table = {k: Variable(tuple(set(v.dims) - extra), v.unit, "") for k, v in BINNED.items()}
    problems = [*_wrong_dims(binned, table, extra), *describe_wrong_types(binned, BINNED)]
    problems += describe_wrong_types(binned, NUMBER_COORDS)
    problems += _missing_dims(binned, (ENERGY, dims[1]))
    problems += _missing_sources(binned, true_dim(dims[1]))
    problems += describe_wrong_units(binned, BINNED)
    _raise_if_any(problems, "binned", remedy)
    _raise_if_any(
        list(describe_bad_binned(binned)),
        "binned",
        "Correct the variables named here, or set coverage to 0 in bins that are not to be used.",
    )


def check_background(binned: xr.Dataset) -> None:
    """Raise if binned data have neither a background nor off counts, which a fit needs.

    Raises
    ------
    MissingVariableError
        If they have not; the message says how to add one.
    """
    if "background" in binned or "counts_off" in binned:
        return
    raise MissingVariableError(
        "the data have no background, which a fit needs beside the counts: open the maps with "
        "background=0 if there is none, or with its file, as in xprofile.open_maps(..., "
        "background=0); or add it with binned.assign(background=0 * binned.counts)"
    )


@suggests_options
def check_profile(profile: xr.Dataset) -> None:
    """Raise if a Dataset is not a profile, or has impossible values.

    Its sed type, quantity and axes are checked, and the signs of references and solid angles.

    Parameters
    ----------
    profile : xarray.Dataset
        Profile, as `xprofile.estimate` returns it.

    Raises
    ------
    MissingVariableError
        If variables or coordinates are missing; the message names all of them.
    InvalidDataError
        If the sed type is missing or unknown, a variable does not hold real numbers, energies or
        edges are not finite or in the wrong order, or a reference or solid angle is negative.

    See Also
    --------
    xprofile.check_maps : The same for maps.
    xprofile.check_binned : The same for binned data.

    Examples
    --------
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> xprofile.check_profile(maps)
    Traceback (most recent call last):
        ...
    xprofile.exceptions.InvalidDataError: this profile Dataset cannot be used: attrs['sed_type']...
    """
    remedy = "Make it with binned.profile.estimate(...) or xprofile.open_profile(path)."
    sed_type = profile.attrs.get(SED_TYPE)
    if not isinstance(sed_type, str) or sed_type not in (*SED_TYPES, "likelihood"):
        _raise_if_any([f"attrs[{SED_TYPE!r}] is {sed_type!r}"], "profile", remedy)
    _check_names(profile, "profile", remedy)
    quantities = {n + end: v for n, v in SED_TYPES.items() for end in SED_SUFFIXES}
    types = describe_wrong_types(profile, {**PROFILE, **quantities, **NUMBER_COORDS})
    _raise_if_any(list(types), "profile", remedy)
    problems = describe_bad_profile(profile, bin_dim(profile))
    _raise_if_any(list(problems), "profile", "Correct the variables named here.")


def _check_names(data: xr.Dataset, stage: Stage, remedy: str) -> None:
    missing = missing_names(data, stage)
    if missing:
        raise MissingVariableError(
            f"not a {stage} Dataset: missing {', '.join(missing)}; "
            f"found {', '.join(map(str, data.variables)) or 'nothing'}. {remedy}"
        )


def _wrong_dims(
    data: xr.Dataset, table: dict[str, Variable], extra: frozenset[Hashable]
) -> list[str]:
    """Describe variables whose dims differ from those of the table, apart from `extra` dims."""
    problems = []
    for name, entry in table.items():
        dims = set(data.variables[name].dims) - extra if name in data.variables else set(entry.dims)
        if dims not in (set(entry.dims), set(entry.other_dims or entry.dims)):
            other = f" or {entry.other_dims}" if entry.other_dims else ""
            found = data.variables[name].dims
            problems.append(f"{name} has dims {found}, expected {entry.dims}{other}")
    return problems


def _on_sky(dims: tuple[str, ...], maps: xr.Dataset) -> tuple[str, ...]:
    """Dims of a map, with those of its pixels for the grid of the maps."""
    if LAT not in dims:
        return dims
    return (*(dim for dim in dims if dim not in (LAT, LON)), *sky_dims(maps))


def _missing_dims(binned: xr.Dataset, dims: tuple[str, ...]) -> list[str]:
    """Describe variables of fine bins without the dims of these."""
    known = {name: binned.variables[name].dims for name in ("counts", "coverage") if name in binned}
    return [f"{n} has dims {d}, expected {dims} among them" for n, d in known.items()
            if not set(dims) <= set(d)]  # fmt: skip


def _missing_sources(binned: xr.Dataset, dim: str) -> list[str]:
    """Describe variables of the bins that photons come from without the dim of these."""
    names = [n for n in (PSF_MIXING, EXPOSURE_TRUE) if n in binned and dim not in binned[n].dims]
    return [f"{n} has dims {binned[n].dims}, expected {dim} among them" for n in names]


def _raise_if_any(problems: list[str], stage: Stage, remedy: str) -> None:
    if problems:
        raise InvalidDataError(
            f"this {stage} Dataset cannot be used: {'; '.join(problems)}. {remedy}"
        )


def check_one_grid(data: xr.Dataset | xr.DataArray, name: str) -> None:
    """Raise if the scalar coordinate of a grid, ``wcs`` or ``healpix``, has become an array.

    xarray makes it one if it joins maps on several grids, with the attributes of the first alone.

    Raises
    ------
    InvalidDataError
        If it has dims.
    """
    if name in data.coords and data[name].dims:
        raise InvalidDataError(
            f"the coordinate {name!r} has the dims {data[name].dims}, expected a scalar: maps on "
            "several grids or frames were joined; bin each of them, and join the binned data, or "
            "open them as parts of one map with xprofile.open_maps"
        )
