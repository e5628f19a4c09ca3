"""Options of limits give limits, and profiles tell all that repeats them."""

from functools import partial

import numpy as np
import pytest
import xarray as xr
from astropy import units as u
from cases.maps import make_maps
from cases.short_line import line
from cases.unfolding import mixed
from scipy.stats import norm as normal

from xprofile import ProfileEstimator, bin_maps, estimate, fit_templates, simulate, unfold
from xprofile.exceptions import DataWarning, InvalidOptionError
from xprofile.likelihood import Cash
from xprofile.likelihood.intervals import IntervalMethod, expected_upper_limits
from xprofile.schema.arguments.function_texts import function_text


@pytest.fixture(scope="module")
def binned():
    return bin_maps(make_maps(), line())


@pytest.mark.parametrize(
    "options", [{"cl_ul": 0.95}, {"ul_method": "bounded"}, {"n_sigma_ul": 3}, {"ul_method": "cls"}]
)
def test_options_of_limits_select_them(binned, options):
    for also in (None, "errn-errp", []):
        found = ProfileEstimator(**options, selection_optional=also).selection_optional
        assert found == (("errn-errp", "ul") if also else ("ul",))
    assert "norm_ul" in estimate(binned, **options)
    assert "norm_ul" in unfold(mixed(binned, 0.4), **options)
    given = {k: v for k, v in options.items() if k != "ul_method"}
    if given:
        assert "norm_ul" in fit_templates(binned, {"a": binned.background * 0.5}, **given)


def test_options_that_select_nothing(binned):
    assert "norm_ul" not in estimate(binned)
    assert "norm_ul" not in estimate(binned, n_sigma_ul=2, cl=0.9)
    expected = estimate(binned, ul_method="cls", selection_optional="ul-expected")
    assert "norm_ul" not in expected
    with pytest.warns(DataWarning, match=r"toys=10 has no effect.*ul_method='cls'"):
        ProfileEstimator(toys=10)
    ProfileEstimator(toys=10, selection_optional="ul-expected")


def test_attrs_that_repeat_limits(binned):
    data = binned.isel(projected_distance=slice(1))
    options = {"cl_ul": 0.95, "ul_method": "bayes", "prior": lambda norm: np.exp(-norm)}
    found = estimate(data, **options, toys=20, rng=5)
    text = "lambda norm: np.exp(-norm)"
    assert (found.attrs["toys"], found.attrs["rng"], found.attrs["prior"]) == (20, 5, text)
    assert f"prior: {text};" in found.attrs["history"]
    assert text in repr(ProfileEstimator(**options))
    large = estimate(data, rng=2**70)
    assert large.attrs["rng"] == str(2**70)
    plain = estimate(data, rng=np.random.default_rng(1))
    assert not {"toys", "rng", "prior"} & set(plain.attrs)


def test_texts_of_functions():
    def density(norm, width):
        return norm * width

    assert function_text(density) == "density"
    assert function_text(partial(density, width=2.0)) == "density(width=2.0)"
    assert function_text(normal(1, 0.2).pdf) == "norm(1, 0.2).pdf"
    assert function_text(np.exp) == "exp"
    assert function_text(type("Flat", (), {"__call__": density})()) == "Flat"
    first, second = lambda x: x, lambda x: x + 1
    assert function_text(first) == function_text(second) == "<lambda>"
    assert " at 0x" not in function_text(partial(density, width=object()))


@pytest.mark.parametrize(
    ("prior", "words"),
    [
        (lambda norm: norm * u.m, "found a unit, m"),
        (lambda norm: norm * 1j, "type complex128"),
        (lambda norm: "1", "type <U1"),
    ],
)
def test_priors_that_give_no_real_numbers(binned, prior, words):
    with pytest.raises(InvalidOptionError, match=f"prior must give real numbers.*{words}"):
        estimate(binned, ul_method="bayes", prior=prior)


@pytest.mark.parametrize("options", [{"cl": 1}, {"cl_ul": 1}, {"cl": 0}])
def test_levels_of_one_are_no_percentages(options):
    with pytest.raises(InvalidOptionError, match=r"below 1, found .$"):
        ProfileEstimator(**options)


@pytest.mark.parametrize("name", ["bounded", "bayes"])
def test_toys_with_a_known_background_share_limits_to_expect(binned, name):
    two = binned.isel(projected_distance=slice(2))
    more = xr.DataArray([1.0, 2.0], dims="projected_distance")
    data = simulate(two.assign(background=two.background * more), n_toys=3, rng=1)
    options = {"cl_ul": 0.95, "ul_method": name, "selection_optional": "ul-expected", "toys": 20}
    found = estimate(data, **options, rng=1).norm_ul_expected
    xr.testing.assert_equal(found, found.isel(toy=0).broadcast_like(found).transpose(*found.dims))
    assert (found.isel(projected_distance=0) != found.isel(projected_distance=1)).all()
    alone = estimate(data.isel(toy=[2]), **options, rng=1).norm_ul_expected
    np.testing.assert_allclose(alone, found.isel(toy=[2]), rtol=1e-9)


def test_asymptotic_limits_to_expect_need_no_toys():
    method = IntervalMethod("cls")
    assert not method.toys_needed(expected=True)
    assert IntervalMethod("bayes").toys_needed(expected=True) == 1000
    assert IntervalMethod("bayes").toys_needed() == 0
    assert IntervalMethod("cls", toys=7).toys_needed(expected=True) == 7


def test_kept_limits_are_taken():
    n, s, b = np.array([[1.0, 2.0]] * 3), np.ones((3, 2)), np.array([[1, 2], [3, 4], [1, 2.0]])
    kept = {}
    method = IntervalMethod("bounded", toys=10)
    found = expected_upper_limits(Cash.from_counts(n, s, b), 1.6, method, kept=kept)
    assert len(kept) == 2
    np.testing.assert_array_equal(found[0], found[2])
    for key in kept:
        kept[key] = kept[key] * 0
    again = expected_upper_limits(Cash.from_counts(n, s, b), 1.6, method, kept=kept)
    assert not again.any()
