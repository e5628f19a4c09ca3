"""Table of the variables of a fit of spectra along a profile."""

from __future__ import annotations

from typing import Final

from ..names import CORRELATION, COVARIANCE, DISTANCE, ENERGY, PARAMETER, second_dim
from ..variables import SED_SUFFIXES, Variable

__all__ = ["ERROR_SUFFIXES", "SPECTRUM_FIT", "parameter_variables"]

_EACH = (DISTANCE, ENERGY)
_PAIRS = (*_EACH, PARAMETER, second_dim(PARAMETER))

SPECTRUM_FIT: Final = {
    COVARIANCE: Variable(_PAIRS, "", "covariance of the parameters", fitted=True),
    CORRELATION: Variable(_PAIRS, "", "correlation of the parameters", fitted=True),
    "ts": Variable(_EACH, "", "test statistic against no signal", fitted=True),
    "stat": Variable(_EACH, "", "fit statistic at the best fit", fitted=True),
    "status": Variable(_EACH, "", "quality flags of the result"),
    "counts": Variable(_EACH, "", "counts", "sum"),
    "npred": Variable(_EACH, "", "predicted counts at the best fit", "sum", fitted=True),
    "npred_background": Variable(_EACH, "", "predicted background counts", "sum"),
    "coverage": Variable(_EACH, "", "used share of the solid angle"),
    "solid_angle": Variable((DISTANCE,), "sr", "solid angle of the region"),
}

ERROR_SUFFIXES: Final = ("_err", "_errn", "_errp")

_SAME: Final = {
    "_mean": "mean over the bins",
    "_mean_err": "error of the mean over the bins",
    "_chi2": "chi2 of the same value in all bins",
    "_dof": "degrees of freedom of the same value in all bins",
    "_p_value": "probability of such a chi2 if the value is the same in all bins",
}


def parameter_variables(name: str, unit: str, *, free: bool) -> dict[str, Variable]:
    """Describe the variables of a fitted parameter; those of its mean if it is not the amplitude.

    Parameters
    ----------
    name : str
        Name of the parameter.
    unit : str
        Its unit, empty for a plain number.
    free : bool
        Whether it is a parameter besides the amplitude.
    """
    found = {name: Variable(_EACH, unit, f"{name} of the spectrum", fitted=True)}
    for suffix in ERROR_SUFFIXES:
        found[name + suffix] = Variable(_EACH, unit, f"{name} {SED_SUFFIXES[suffix]}", fitted=True)
    for suffix, text in _SAME.items() if free else ():
        has_unit = suffix.startswith("_mean")
        found[name + suffix] = Variable(
            (ENERGY,), unit if has_unit else "", f"{name}: {text}", fitted=True
        )
    return found
