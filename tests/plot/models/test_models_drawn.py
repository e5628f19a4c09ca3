"""Models that do not fit the profile they are drawn over."""

import numpy as np
import pytest
import xarray as xr
from cases.profiles import make_profile

from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from xprofile.plot.elements.spectra import energy_axis
from xprofile.plot.models.curves import check_model, same_quantity
from xprofile.plot.models.shapes import check_shape


def shape_fit(profile):
    """Variables of a fit of a shape that matter to a plot."""
    norm = profile.norm.isel(energy=0, drop=True)
    return xr.Dataset({"model_norm": norm}, {"parameter": ["amplitude"]})


def test_fits_of_shapes_are_drawn_over_their_bins():
    profile = make_profile()
    fit = shape_fit(profile)
    check_shape(fit, profile, "norm")
    with pytest.raises(InvalidOptionError, match="over the bins, not over energy; leave out x"):
        check_model(
            fit, profile, "norm", energy_axis(profile, None), lambda part: [part], lambda one: one
        )
    with pytest.raises(InvalidOptionError, match=r"a result of fit_shape, found Dataset"):
        check_shape(fit.drop_vars("model_norm"), profile, "norm")
    with pytest.raises(InvalidDataError, match=r"the fit has the dims \['toy'\]; select one"):
        check_shape(fit.expand_dims(toy=2), profile, "norm")


def test_other_profiles_need_the_quantity():
    profile = make_profile()
    counts = same_quantity(profile, profile, "counts", 1.0).counts
    np.testing.assert_allclose(counts, profile.counts * profile.energy)
    with pytest.raises(MissingVariableError, match="the model has no 'counts'; give a profile"):
        same_quantity(profile.drop_vars("counts"), profile, "counts", 0.0)
