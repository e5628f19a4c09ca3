"""Variables of a fit of templates, from `xprofile.fit_templates`."""

from __future__ import annotations

from typing import Final

from ..names import (
    CORRELATION,
    COVARIANCE,
    DISTANCE,
    ENERGY,
    SOLID_ANGLE_UNIT,
    TEMPLATE,
    second_dim,
)
from ..variables import SED_SUFFIXES, Variable

__all__ = ["BIN_PREFIX", "OF_EACH_BIN", "TEMPLATE_FIT"]

BIN_PREFIX: Final = "bin_"  # of the norms of bins

_NORM = (TEMPLATE, ENERGY)
_COUNTS = (ENERGY, DISTANCE)
_MATRIX = (ENERGY, TEMPLATE, second_dim(TEMPLATE))
_BIN = (DISTANCE, ENERGY)
_BIN_MATRIX = (ENERGY, DISTANCE, second_dim(DISTANCE))

_NORMS: Final = {f"norm{end}": f"norm {text}".strip() for end, text in SED_SUFFIXES.items()}
_TESTS: Final = {
    "ts": "test statistic against norm 0",
    "sqrt_ts": "signed square root of the test statistic",
    "status": "quality flags of the result",
}

# Where norms do not depend on energy, ENERGY is left out of the dims of results of the fit, or the
# bins take its place.
TEMPLATE_FIT: Final = {
    **{name: Variable(_NORM, "", text) for name, text in (_NORMS | _TESTS).items()},
    COVARIANCE: Variable(_MATRIX, "", "covariance of the norms"),
    CORRELATION: Variable(_MATRIX, "", "correlation of the norms"),
    "stat": Variable((ENERGY,), "", "fit statistic at the best fit"),
    "deviance": Variable((ENERGY,), "", "deviance of the counts from the best fit"),
    "dof": Variable((ENERGY,), "", "degrees of freedom of the deviance"),
    "p_value": Variable((ENERGY,), "", "probability of a deviance as large"),
    "counts": Variable(_COUNTS, "", "counts"),
    "npred": Variable((TEMPLATE, *_COUNTS), "", "predicted counts of the template"),
    "npred_background": Variable(_COUNTS, "", "predicted background counts"),
    "npred_bins": Variable(_COUNTS, "", "predicted counts of the norms of bins"),
    "npred_total": Variable(_COUNTS, "", "predicted counts of all components"),
    "residual": Variable(_COUNTS, "", "counts minus predicted counts"),
    "residual_sqrt_ts": Variable(_COUNTS, "", "significance of the residual counts"),
    "solid_angle": Variable((DISTANCE,), SOLID_ANGLE_UNIT, "solid angle of the region"),
    "coverage": Variable(_COUNTS, "", "used share of the solid angle"),
    **{
        f"{BIN_PREFIX}{name}": Variable(_BIN, "", f"{text}, of the bin")
        for name, text in (_NORMS | _TESTS).items()
    },
    f"{BIN_PREFIX}{COVARIANCE}": Variable(_BIN_MATRIX, "", "covariance of the norms of bins"),
}

# Results that do not depend on how norms are shared.
OF_EACH_BIN: Final = (
    "counts", "npred", "npred_background", "npred_bins", "npred_total", "residual",
    "residual_sqrt_ts", "solid_angle", "coverage",
)  # fmt: skip
