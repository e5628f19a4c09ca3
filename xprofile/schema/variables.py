"""Tables of the variables of the three Datasets: dims, units, names, how values combine, flags.

`MAPS`, `BINNED` and `PROFILE` have one entry for each variable. Code that treats some variables
alike, such as all sums, asks `names_of_kind`.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import xarray as xr

from .names import (
    BAND,
    CORRELATION,
    COVARIANCE,
    DISTANCE,
    DISTANCE_UNIT,
    ENERGY,
    ENERGY_TRUE,
    ENERGY_UNIT,
    EXPOSURE_TRUE,
    EXPOSURE_UNIT,
    LAT,
    LON,
    NORM_SCAN,
    NORM_SCAN_VALUES,
    PART,
    PART_DISTANCE,
    PART_SHARE,
    POSITION_ANGLE,
    PSF_MIXING,
    PSF_SHARE,
    RAD,
    REGION,
    SOLID_ANGLE_UNIT,
    SOURCE_DISTANCE,
    SOURCE_EXPOSURE,
    SOURCE_MIXING,
    high,
    low,
    second_dim,
    true_dim,
)  # fmt: skip

Kind: TypeAlias = Literal[
    "sum", "mean", "all", "response", "matched", "mean of sources", "mixing", ""
]


@dataclass(frozen=True)
class Variable:
    """Description of a variable.

    Parameters
    ----------
    dims : tuple of str
        Dims in their usual order.
    unit : str
        Unit, empty for plain numbers.
    long_name : str
        Name for people.
    kind : {"sum", "mean", "all", "response", "matched", "mean of sources", "mixing", ""}
        How the values of pixels, bins or data sets combine: they add up, they are averaged
        (weighted with solid angle), they are True where all are, they are averaged weighted with
        the signal, or they follow from the other off variables. Values of the bins that photons
        come from are averaged (weighted with solid angle); shares of their photons are averaged
        over these, weighted with the signal, and add up over the bins that see them. Empty where
        they do not combine.
    not_negative : bool
        Whether values must be 0 or above.
    whole : bool
        Whether values are numbers of events.
    fitted : bool
        Whether the value needs a fit; others are known without.
    other_dims : tuple of str
        Dims that the variable may have instead of `dims`.
    """

    dims: tuple[str, ...]
    unit: str
    long_name: str
    kind: Kind = ""
    not_negative: bool = False
    whole: bool = False
    fitted: bool = False
    other_dims: tuple[str, ...] = ()

    def dims_among(self, dims: Collection[Hashable]) -> tuple[str, ...] | None:
        """Return those of `dims` or `other_dims` that all are among some dims, or else None."""
        known = [one for one in (self.dims, self.other_dims) if one and set(one) <= set(dims)]
        return known[0] if known else None

    @property
    def attrs(self) -> dict[str, str]:
        """Attributes to store with the variable."""
        return {"long_name": self.long_name, **({"units": self.unit} if self.unit else {})}


CUBE: Final = (ENERGY, LAT, LON)
CUBE_TRUE: Final = (ENERGY_TRUE, LAT, LON)

MAPS: Final = {
    "counts": Variable(CUBE, "", "counts", "sum", not_negative=True, whole=True),
    "background": Variable(CUBE, "", "predicted background counts", "sum", not_negative=True),
    "exposure": Variable(CUBE_TRUE, EXPOSURE_UNIT, "exposure", "mean", not_negative=True),
    "mask": Variable(CUBE, "", "safe data range, True where used", "all"),
    "edisp": Variable((ENERGY_TRUE, ENERGY), "", "fraction of true-energy bin seen in energy bin",
        "response"),
    "psf": Variable((ENERGY_TRUE, RAD), "sr-1", "point spread function", "response",
        other_dims=(ENERGY, RAD)),
    "counts_off": Variable(CUBE, "", "off counts", "sum", not_negative=True, whole=True),
    "acceptance": Variable(CUBE, "", "relative acceptance of the on counts", "mean",
        not_negative=True),
    "acceptance_off": Variable(CUBE, "", "relative acceptance of the off counts", "mean",
        not_negative=True),
}  # fmt: skip

_BIN = (ENERGY, DISTANCE)

BINNED: Final = {
    "counts": Variable(_BIN, "", "counts", "sum", not_negative=True, whole=True),
    "background": Variable(_BIN, "", "predicted background counts", "sum", not_negative=True),
    "exposure": Variable(
        (ENERGY_TRUE, DISTANCE), EXPOSURE_UNIT, "mean exposure of the region", "mean",
        not_negative=True,
    ),
    "counts_off": Variable(_BIN, "", "off counts", "sum", not_negative=True, whole=True),
    "acceptance": Variable(
        _BIN, "", "summed acceptance of the on counts", "sum", not_negative=True
    ),
    "acceptance_off": Variable(
        _BIN, "", "acceptance of the off counts for that of the on counts", "matched",
        not_negative=True,
    ),
    "edisp": MAPS["edisp"],
    "solid_angle": Variable(
        (DISTANCE,), SOLID_ANGLE_UNIT, "solid angle of the region", "sum", not_negative=True
    ),
    "coverage": Variable(_BIN, "", "used share of the solid angle", "mean", not_negative=True),
    "n_pixels": Variable(
        (DISTANCE,), "", "pixels of the map in the region", "sum", not_negative=True
    ),
    PSF_MIXING: Variable(
        (ENERGY_TRUE, true_dim(DISTANCE), DISTANCE), "",
        "share of the photons of one region that is seen in another", "mixing", not_negative=True,
    ),
    EXPOSURE_TRUE: Variable(
        (ENERGY_TRUE, true_dim(DISTANCE)), EXPOSURE_UNIT,
        "mean exposure of the region, masked parts included", "mean of sources", not_negative=True,
    ),
    PSF_SHARE: Variable(
        (ENERGY_TRUE, DISTANCE), "", "share of a point source at the origin", "sum",
        not_negative=True,
    ),
    PART_DISTANCE: Variable((DISTANCE, PART), DISTANCE_UNIT, "distance of a part of the region"),
    PART_SHARE: Variable((DISTANCE, PART), "", "share of the region in a part", not_negative=True),
    SOURCE_MIXING: Variable(
        (ENERGY_TRUE, SOURCE_DISTANCE, DISTANCE), "",
        "share of the photons from a distance that is seen in the region", "sum", not_negative=True,
    ),
    SOURCE_EXPOSURE: Variable((ENERGY_TRUE, SOURCE_DISTANCE), EXPOSURE_UNIT, "mean exposure"),
}  # fmt: skip

_FIT = (DISTANCE, ENERGY)

PROFILE: Final = {
    "counts": Variable(_FIT, "", "counts", "sum", not_negative=True, whole=True),
    "npred": Variable(_FIT, "", "predicted counts at the best fit", "sum", fitted=True),
    "npred_excess": Variable(_FIT, "", "predicted signal counts at the best fit", "sum",
        fitted=True),
    "npred_background": Variable(_FIT, "", "predicted background counts", "sum"),
    "ts": Variable(_FIT, "", "test statistic against no signal", fitted=True),
    "sqrt_ts": Variable(_FIT, "", "signed square root of the test statistic", fitted=True),
    "stat": Variable(_FIT, "", "fit statistic at the best fit", fitted=True),
    "stat_null": Variable(_FIT, "", "fit statistic without signal", fitted=True),
    "stat_scan": Variable((*_FIT, NORM_SCAN), "", "fit statistic over the norm", fitted=True),
    NORM_SCAN_VALUES: Variable((*_FIT, NORM_SCAN), "",
        "norm at which the statistic was evaluated", fitted=True),
    "success": Variable(_FIT, "", "the fit has a finite norm"),
    "is_ul": Variable(_FIT, "", "significance below the threshold: quote the upper limit"),
    "status": Variable(_FIT, "", "quality flags of the result"),
    "solid_angle": replace(BINNED["solid_angle"], kind="mean"),
    "coverage": Variable(_FIT, "", "used share of the solid angle"),
    COVARIANCE: Variable((ENERGY, DISTANCE, second_dim(DISTANCE)), "",
        "covariance of the best fits", fitted=True),
    CORRELATION: Variable((ENERGY, DISTANCE, second_dim(DISTANCE)), "",
        "correlation of the best fits", fitted=True),
    "stat_total": Variable((ENERGY,), "", "fit statistic of all bins together, with penalties",
        fitted=True),
}  # fmt: skip

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
    BAND: Variable((BAND,), "", "standard deviations"),
}

NUMBER_COORDS: Final = {name: entry for name, entry in COORDS.items() if name != REGION}

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
    "_lo": "lower end of the interval",
    "_hi": "upper end of the interval",
    "_ul": "upper limit",
    "_ul_expected": "upper limit to expect without a signal",
    "_sensitivity": "sensitivity",
    "_bias": "bias by the smoothness",
}


STATUS_FLAGS: Final = {
    "no_pixels": 1,
    "masked": 2,
    "no_exposure": 4,
    "zero_counts": 8,
    "best_fit_at_boundary": 16,
    "unbounded_interval": 32,
    "no_energy_bins": 64,  # in profiles of earlier versions alone
    "low_coverage": 128,
    "not_converged": 256,
    "not_determined": 512,
    "negative_limit": 1024,
    "clipped_counts": 2048,
}


def status_attrs() -> dict[str, Any]:
    """Make new attributes of ``status``, by the CF conventions, section 3.5."""
    return {
        "standard_name": "quality_flag",
        "flag_masks": np.array(list(STATUS_FLAGS.values()), dtype=np.int16),
        "flag_meanings": " ".join(STATUS_FLAGS),
    }


ON_OFF: Final = ("counts_off", "acceptance", "acceptance_off")  # they stand for the background


def names_of_kind(table: Mapping[str, Variable], *kinds: Kind) -> tuple[str, ...]:
    """Names of a table's variables of some kinds, in the order of the table."""
    return tuple(name for name, entry in table.items() if entry.kind in kinds)


def sed_variable(quantity: str, suffix: str = "") -> Variable:
    """Describe a sed quantity with a suffix, for example ``dnde`` and ``_ul``."""
    base = SED_TYPES[quantity]
    words = SED_SUFFIXES[suffix]
    dims = (BAND, *base.dims) if suffix == "_ul_expected" else base.dims
    return Variable(dims, base.unit, f"{base.long_name} {words}".strip(), fitted=True)


def result_variable(name: str) -> Variable:
    """Describe a result of a fit, such as ``stat``, or ``norm`` with a suffix."""
    return PROFILE[name] if name in PROFILE else sed_variable("norm", name.removeprefix("norm"))


def reference_variable(quantity: str, values: Any) -> xr.Variable:
    """Make the variable ``ref_<quantity>``, the quantity's value at norm 1, (energy,)."""
    entry = SED_TYPES[quantity]
    attrs = {"long_name": f"reference {entry.long_name}", "units": entry.unit}
    return xr.Variable((ENERGY,), values, attrs)


def data_array(name: str, values: Any, table: dict[str, Variable], **attrs: Any) -> xr.Variable:
    """Make a variable with the dims and attributes that a table gives it."""
    entry = table[name]
    return xr.Variable(entry.dims, values, {**entry.attrs, **attrs})
