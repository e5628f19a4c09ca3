"""Confidence levels and negative limits of fits of templates, shapes and spectra."""

import numpy as np
import pytest
from astropy.modeling.models import Const1D
from cases.maps import make_maps
from cases.short_line import line

from xprofile import bin_maps, fit_shape, fit_spectrum, fit_templates, power_law
from xprofile.exceptions import DataWarning, InvalidOptionError


@pytest.fixture
def binned():
    return bin_maps(make_maps(), line())


FITS = {
    "templates": lambda b, **o: fit_templates(b, {"a": b.background * 0.5}, **o),
    "shape": lambda b, **o: fit_shape(b, Const1D(1.0), **o),
    "spectrum": lambda b, **o: fit_spectrum(b, power_law(2.0), **o),
}


@pytest.mark.heavy
@pytest.mark.parametrize("name", FITS)
def test_fits_take_confidence_levels(binned, name):
    fit, both = FITS[name], name != "spectrum"
    upper = {"cl_ul": 0.95} if both else {}
    found = fit(binned, selection_optional="all", cl=0.9, **upper)
    sigmas = dict.fromkeys(["n_sigma", "n_sigma_ul"][: 1 + both], 1.6448536269514722)
    want = fit(binned, selection_optional="all", **sigmas)
    assert found.attrs["cl"] == 0.9
    assert want.attrs["cl"] == pytest.approx(0.9, rel=1e-12)
    assert found.attrs["n_sigma"] == pytest.approx(sigmas["n_sigma"], rel=1e-12)
    for variable in want.data_vars:
        if want[variable].dtype.kind == "f":
            np.testing.assert_allclose(found[variable], want[variable], rtol=1e-9, atol=1e-30)
    if both:
        assert found.attrs["cl_ul"] == 0.95
    assert found.profile.to_table().meta["CL"] == 0.9
    with pytest.raises(InvalidOptionError, match="give n_sigma or cl, not both"):
        fit(binned, n_sigma=1, cl=0.9)


def test_negative_limits_of_templates_and_amplitudes_are_flagged(binned):
    data = binned.assign(counts=(binned.background * 0.3).round().astype(int))
    ways = {
        "norm_min=0": FITS["templates"],
        r"model.amplitude.bounds = \(0, None\)": FITS["shape"],
    }
    for words, fit in ways.items():
        with pytest.warns(DataWarning, match=words) as found:
            result = fit(data, selection_optional=["ul"], cl_ul=0.95)
        assert len(found) == 1
        assert found[0].filename == __file__
        assert ((result.status & 1024) > 0).all()
    never = FITS["templates"](data, selection_optional=["ul"], norm_min=0)
    assert not ((never.status & 1024) > 0).any()
    assert (never.norm_ul > 0).all()
    bounded = Const1D(1.0, bounds={"amplitude": (0, None)})
    assert not ((fit_shape(data, bounded).status & 1024) > 0).any()
