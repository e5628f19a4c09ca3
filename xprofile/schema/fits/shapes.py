"""Table of the variables of a fit of a shape."""

from __future__ import annotations

from typing import Final

from ..names import CORRELATION, COVARIANCE, DISTANCE, DISTANCE_UNIT, ENERGY, PARAMETER, second_dim
from ..variables import Variable

__all__ = ["CURVE", "CURVE_COORD", "SHAPE_FIT"]

CURVE: Final = "distance"  # dim of the curve of the brightness

_EACH = (PARAMETER, ENERGY)
_PAIRS = (ENERGY, PARAMETER, second_dim(PARAMETER))
_BINS = (DISTANCE, ENERGY)

SHAPE_FIT: Final = {
    "value": Variable(_EACH, "", "best fit of the parameter", fitted=True),
    "err": Variable(_EACH, "", "symmetric error of the parameter", fitted=True),
    "errn": Variable(_EACH, "", "negative error of the parameter", fitted=True),
    "errp": Variable(_EACH, "", "positive error of the parameter", fitted=True),
    "ul": Variable(_EACH, "", "upper limit of the parameter", fitted=True),
    "status": Variable(_EACH, "", "quality flags of the parameter"),
    COVARIANCE: Variable(_PAIRS, "", "covariance of the parameters", fitted=True),
    CORRELATION: Variable(_PAIRS, "", "correlation of the parameters", fitted=True),
    "total": Variable(
        (ENERGY,), "", "integral of the brightness over the sky, in reference spectra", fitted=True
    ),
    "total_err": Variable((ENERGY,), "", "symmetric error of the integral", fitted=True),
    "ts": Variable((ENERGY,), "", "test statistic against no signal", fitted=True),
    "ts_extension": Variable((ENERGY,), "", "test statistic against a point source", fitted=True),
    "stat": Variable((ENERGY,), "", "fit statistic at the best fit", fitted=True),
    "deviance": Variable((ENERGY,), "", "fit statistic minus that of a perfect model", fitted=True),
    "dof": Variable((ENERGY,), "", "degrees of freedom"),
    "brightness": Variable((ENERGY, CURVE), "sr-1", "brightness in reference spectra", fitted=True),
    "brightness_err": Variable(
        (ENERGY, CURVE), "sr-1", "symmetric error of the brightness", fitted=True
    ),
    "counts": Variable(_BINS, "", "counts", "sum"),
    "npred": Variable(_BINS, "", "predicted counts at the best fit", "sum", fitted=True),
    "npred_background": Variable(_BINS, "", "predicted background counts", "sum"),
    "model_norm": Variable(
        _BINS, "", "norm of the shape in the bin, as it is seen with the PSF", fitted=True
    ),
    "model_norm_err": Variable(_BINS, "", "symmetric error of the norm as seen", fitted=True),
    "model_norm_true": Variable(
        _BINS, "", "norm of the shape in the bin, without the PSF", fitted=True
    ),
    "model_norm_true_err": Variable(
        _BINS, "", "symmetric error of the norm without the PSF", fitted=True
    ),
    "solid_angle": Variable((DISTANCE,), "sr", "solid angle of the region"),
}

CURVE_COORD: Final = Variable((CURVE,), DISTANCE_UNIT, "distance")
