"""Models of a brightness that cannot be fitted, and options that do not exist."""

import astropy.units as u
import numpy as np
import pytest
from astropy.modeling import custom_model
from astropy.modeling.models import Gaussian1D
from cases.profiles import make_binned

from xprofile import fit_shape
from xprofile.estimation.shapes.brightness import Brightness
from xprofile.exceptions import InvalidOptionError


@custom_model
def length(x, scale=1.0):
    """Give a length, not a brightness."""
    return scale * x


@pytest.mark.quick
@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Gaussian1D(1, 0, 3, bounds={"stddev": (0.1, 2)}), "stddev .* starts at 3, .* 0.1 to 2"),
        (Gaussian1D(np.inf, 0, 1), "amplitude of the model starts at inf, expected a finite"),
        (Gaussian1D(1, 0 * u.TeV, 1), "parameter mean of the model has the unit TeV, expected"),
        (Gaussian1D([1, 2], [0, 0], [1, 1]), r"\['amplitude', .*\] of the model must be single"),
        (length(1 * u.deg), "the model gives deg.*, expected a number of reference spectra per sr"),
    ],
)
def test_models_that_give_no_brightness(model, message):
    with pytest.raises(InvalidOptionError, match=message):
        Brightness.from_model(model)


def test_unknown_options():
    with pytest.raises(InvalidOptionError, match="per must be 'profile' or 'energy', found 'bin'"):
        fit_shape(make_binned(), Gaussian1D(), per="bin")
    with pytest.raises(InvalidOptionError, match="extension must be the name of a parameter"):
        fit_shape(make_binned(), Gaussian1D(), extension=2)
