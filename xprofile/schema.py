"""Every name, dimension, unit and attribute of the three Datasets, and the checks on them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr

from .exceptions import InvalidDataError, MissingVariableError

__all__ = ["check_binned", "check_maps", "check_profile"]

ENERGY: Final = "energy"
ENERGY_TRUE: Final = "energy_true"
LAT: Final = "lat"
LON: Final = "lon"
DISTANCE: Final = "projected_distance"
NORM_SCAN: Final = "norm_scan"
NORM_SCAN_VALUES: Final = "norm_scan_values"
RAD: Final = "rad"
WCS_NAME: Final = "wcs"
REGION: Final = "region"
EDISP: Final = "edisp"
LAT_EDISP: Final = "lat_edisp"
LON_EDISP: Final = "lon_edisp"
POSITION_ANGLE: Final = "position_angle"
DATASET: Final = "dataset"
TOY: Final = "toy"

ENERGY_UNIT: Final = "TeV"
EXPOSURE_UNIT: Final = "cm2 s"
SOLID_ANGLE_UNIT: Final = "sr"
DISTANCE_UNIT: Final = "deg"

SED_TYPE: Final = "sed_type"
THRESHOLD: Final = "sqrt_ts_threshold_ul"
SPECTRAL_MODEL: Final = "spectral_model"
OVERLAP: Final = "overlapping_pixels"


def low(dim: str) -> str:
    """Name of the coordinate that holds a dimension's lower bin edges."""
    return f"{dim}_min"


def high(dim: str) -> str:
    """Name of the coordinate that holds a dimension's upper bin edges."""
    return f"{dim}_max"


@dataclass(frozen=True)
class Variable:
    """What a variable is: its dims, its unit, and the name that people read."""

    dims: tuple[str, ...]
    unit: str
    long_name: str

    @property
    def attrs(self) -> dict[str, str]:
        """Attributes to store with the variable."""
        return {"long_name": self.long_name, **({"units": self.unit} if self.unit else {})}


_CUBE = (ENERGY, LAT, LON)
_CUBE_TRUE = (ENERGY_TRUE, LAT, LON)

MAPS: Final = {
    "counts": Variable(_CUBE, "", "counts"),
    "background": Variable(_CUBE, "", "predicted background counts"),
    "exposure": Variable(_CUBE_TRUE, EXPOSURE_UNIT, "exposure"),
    "mask": Variable(_CUBE, "", "safe data range, True where used"),
    "edisp": Variable((ENERGY_TRUE, ENERGY), "", "fraction of true-energy bin seen in energy bin"),
    "psf": Variable((ENERGY_TRUE, RAD), "sr-1", "point spread function"),
    "counts_off": Variable(_CUBE, "", "off counts"),
    "acceptance": Variable(_CUBE, "", "relative acceptance of the on counts"),
    "acceptance_off": Variable(_CUBE, "", "relative acceptance of the off counts"),
}

_BIN = (ENERGY, DISTANCE)

BINNED: Final = {
    "counts": Variable(_BIN, "", "counts"),
    "background": Variable(_BIN, "", "predicted background counts"),
    "exposure": Variable((ENERGY_TRUE, DISTANCE), EXPOSURE_UNIT, "mean exposure of the region"),
    "counts_off": Variable(_BIN, "", "off counts"),
    "acceptance": Variable(_BIN, "", "summed acceptance of the on counts"),
    "acceptance_off": Variable(_BIN, "", "acceptance of the off counts for that of the on counts"),
    "edisp": MAPS["edisp"],
    "solid_angle": Variable((DISTANCE,), SOLID_ANGLE_UNIT, "solid angle of the region"),
    "coverage": Variable(_BIN, "", "used share of the solid angle"),
}

_FIT = (DISTANCE, ENERGY)

PROFILE: Final = {
    "counts": Variable(_FIT, "", "counts"),
    "npred": Variable(_FIT, "", "predicted counts at the best fit"),
    "npred_excess": Variable(_FIT, "", "predicted signal counts at the best fit"),
    "npred_background": Variable(_FIT, "", "predicted background counts"),
    "ts": Variable(_FIT, "", "test statistic against no signal"),
    "sqrt_ts": Variable(_FIT, "", "signed square root of the test statistic"),
    "stat": Variable(_FIT, "", "fit statistic at the best fit"),
    "stat_null": Variable(_FIT, "", "fit statistic without signal"),
    "stat_scan": Variable((*_FIT, NORM_SCAN), "", "fit statistic over the norm"),
    NORM_SCAN_VALUES: Variable((*_FIT, NORM_SCAN), "", "norm at which the statistic was evaluated"),
    "success": Variable(_FIT, "", "the fit has a finite norm"),
    "is_ul": Variable(_FIT, "", "significance below the threshold: quote the upper limit"),
    "status": Variable(_FIT, "", "what the result rests on"),
    "solid_angle": BINNED["solid_angle"],
    "coverage": Variable(_FIT, "", "used share of the solid angle"),
}

COORDS: Final = {
    ENERGY: Variable((ENERGY,), ENERGY_UNIT, "energy"),
    low(ENERGY): Variable((ENERGY,), ENERGY_UNIT, "lower energy edge"),
    high(ENERGY): Variable((ENERGY,), ENERGY_UNIT, "upper energy edge"),
    ENERGY_TRUE: Variable((ENERGY_TRUE,), ENERGY_UNIT, "true energy"),
    low(ENERGY_TRUE): Variable((ENERGY_TRUE,), ENERGY_UNIT, "lower true energy edge"),
    high(ENERGY_TRUE): Variable((ENERGY_TRUE,), ENERGY_UNIT, "upper true energy edge"),
    RAD: Variable((RAD,), "deg", "angle from the source"),
    "x": Variable((LON,), "", "0-based pixel number along the first FITS axis"),
    "y": Variable((LAT,), "", "0-based pixel number along the second FITS axis"),
    DISTANCE: Variable((DISTANCE,), DISTANCE_UNIT, "projected distance"),
    low(DISTANCE): Variable((DISTANCE,), DISTANCE_UNIT, "inner edge"),
    high(DISTANCE): Variable((DISTANCE,), DISTANCE_UNIT, "outer edge"),
    POSITION_ANGLE: Variable((POSITION_ANGLE,), DISTANCE_UNIT, "position angle"),
    low(POSITION_ANGLE): Variable((POSITION_ANGLE,), DISTANCE_UNIT, "lower edge"),
    high(POSITION_ANGLE): Variable((POSITION_ANGLE,), DISTANCE_UNIT, "upper edge"),
    REGION: Variable((DISTANCE,), "", "sky region in DS9 format"),
    NORM_SCAN: Variable((NORM_SCAN,), "", "norm at which the statistic was evaluated"),
}

# quantities of GADF, each a norm times its reference value
SED_TYPES: Final = {
    "norm": Variable(_FIT, "", "norm"),
    "dnde": Variable(_FIT, "cm-2 s-1 TeV-1", "differential flux"),
    "flux": Variable(_FIT, "cm-2 s-1", "integral flux"),
    "eflux": Variable(_FIT, "erg cm-2 s-1", "energy flux"),
    "e2dnde": Variable(_FIT, "erg cm-2 s-1", "differential energy flux"),
}

# the suffixes that a quantity of any sed type can carry, in the order of Gammapy's tables
SED_SUFFIXES: Final = {
    "": "",
    "_err": "symmetric error",
    "_errn": "negative error",
    "_errp": "positive error",
    "_ul": "upper limit",
    "_sensitivity": "sensitivity",
}

STATUS_FLAGS: Final = {
    "no_pixels": 1,
    "masked": 2,
    "no_exposure": 4,
    "zero_counts": 8,
    "best_fit_at_boundary": 16,
    "unbounded_interval": 32,
    "no_energy_bins": 64,
    "low_coverage": 128,
}
STATUS_ATTRS: Final = {
    "standard_name": "quality_flag",
    "flag_masks": np.array(list(STATUS_FLAGS.values()), dtype=np.int16),
    "flag_meanings": " ".join(STATUS_FLAGS),
}


def sed_variable(quantity: str, suffix: str = "") -> Variable:
    """Describe a sed quantity with a suffix, for example ``dnde`` and ``_ul``."""
    base = SED_TYPES[quantity]
    words = SED_SUFFIXES[suffix]
    return Variable(base.dims, base.unit, f"{base.long_name} {words}".strip())


def result_variable(name: str) -> Variable:
    """Describe a result of a fit, such as ``stat``, or ``norm`` with a suffix."""
    return PROFILE[name] if name in PROFILE else sed_variable("norm", name.removeprefix("norm"))


def scan_norms(profile: xr.Dataset) -> xr.DataArray:
    """Norms of a profile's scan: those of each bin, or those that all bins share."""
    return profile[NORM_SCAN_VALUES if NORM_SCAN_VALUES in profile else NORM_SCAN]


def reference_variable(quantity: str, values: Any) -> xr.Variable:
    """Make the variable ``ref_<quantity>``, the quantity's value at norm 1, (energy,)."""
    entry = SED_TYPES[quantity]
    attrs = {"long_name": f"reference {entry.long_name}", "units": entry.unit}
    return xr.Variable((ENERGY,), values, attrs)


def data_array(name: str, values: Any, table: dict[str, Variable], **attrs: Any) -> xr.Variable:
    """Make a variable with the dims and attributes that a table gives it."""
    entry = table[name]
    return xr.Variable(entry.dims, values, {**entry.attrs, **attrs})


def on_bins(variables: Mapping[str, xr.Variable], dim: str) -> dict[str, xr.Variable]:
    """Put variables that are on `projected_distance` on the dimension of the bins."""
    if dim == DISTANCE:
        return dict(variables)
    return {
        name: xr.Variable([dim if d == DISTANCE else d for d in v.dims], v.data, v.attrs)
        for name, v in variables.items()
    }


def axis_coords(dim: str, centres: Any, lower: Any, upper: Any) -> dict[str, xr.Variable]:
    """Make the three coordinates of a binned axis: centres, lower and upper edges."""
    named = {dim: centres, low(dim): lower, high(dim): upper}
    return {name: data_array(name, values, COORDS) for name, values in named.items()}


def energy_unit(data: xr.Dataset) -> str:
    """Unit of the energy axis."""
    return str(data[ENERGY].attrs.get("units", ENERGY_UNIT))


def bin_dim(data: xr.Dataset) -> str:
    """Name of the dimension that the bins are on: that of ``solid_angle``.

    Where data sets or profiles were joined along one more dimension, it may have that one too.
    """
    dims = data.variables["solid_angle"].dims if "solid_angle" in data.variables else (DISTANCE,)
    known = [dim for dim in (DISTANCE, POSITION_ANGLE, REGION) if dim in dims]
    return str([*known, *dims][0]) if len(dims) == 1 or known else DISTANCE


def edges(data: xr.Dataset | xr.DataArray, dim: str) -> np.ndarray:
    """Return the bin edges of an axis, shape (n + 1,).

    Raises
    ------
    MissingVariableError
        If the axis or its edges are not there.
    InvalidDataError
        If neighbouring bins do not touch, to 1e-5 of the edge or of the narrowest bin.
    """
    missing = [name for name in (low(dim), high(dim)) if name not in data.coords]
    if missing:
        raise MissingVariableError(
            f"the {dim} axis has no edges: coordinates {missing} are missing; "
            f"assign them with the bins' lower and upper edges in the unit of {dim}"
        )
    if dim not in data.dims:
        raise MissingVariableError(
            f"the data have no dimension {dim}; select a range, such as isel({dim}=[0])"
        )
    lower, upper = data[low(dim)].to_numpy(), data[high(dim)].to_numpy()
    narrowest = np.abs(upper - lower).min() if lower.size else 0.0
    if not np.allclose(lower[1:], upper[:-1], rtol=1e-5, atol=1e-5 * narrowest):
        raise InvalidDataError(
            f"the bins of {dim} do not touch: {high(dim)} is {upper[:-1]}, the next "
            f"{low(dim)} is {lower[1:]}; select a contiguous range in ascending order"
        )
    return np.append(lower, upper[-1:])


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


def _of_background(data: xr.Dataset) -> list[str]:
    """Names of the variables that tell of the background."""
    return ["acceptance", "acceptance_off"] if "counts_off" in data else ["background"]


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


def extend_history(result: xr.Dataset, source: xr.Dataset, step: str) -> xr.Dataset:
    """Return `result` with the attrs of `source` and one more line in its history."""
    return result.assign_attrs(history_attrs(result.attrs, source, step))


def history_attrs(
    own: Mapping[Hashable, Any], source: xr.Dataset, step: str
) -> dict[Hashable, Any]:
    """Attrs of a result: its own, those of its source, and one more line in the history."""
    from . import __version__

    lines = [*str(source.attrs.get("history", "")).splitlines(), step]
    more = {"history": "\n".join(lines), "creator": f"xprofile {__version__}"}
    return {**source.attrs, **own, **more}
