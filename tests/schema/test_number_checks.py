"""Checks of numbers, and that every function with a number of things refuses the same values."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.maps import make_maps

from xprofile import SkyBins, bin_maps, coarsen, estimate, rebin, simulate
from xprofile.exceptions import InvalidBinsError, InvalidEnergyError, InvalidOptionError
from xprofile.schema.number_checks import (
    check_ascending,
    check_positive_integer,
    energies_from_quantity,
)

CENTER = SkyCoord(0 * u.deg, 0 * u.deg, frame="galactic")
ENDS = SkyCoord([3, -3] * u.deg, [0, 0] * u.deg, frame="galactic")
RADIUS = 1 * u.deg


class OwnError(Exception):
    pass


@pytest.fixture(scope="module")
def binned():
    return bin_maps(make_maps(), SkyBins.annuli(CENTER, radius_max=RADIUS, nbin=4))


CALLS = {
    "coarsen": ("factor", InvalidOptionError, lambda n, _: coarsen(make_maps(), n)),
    "rebin": ("factor", InvalidOptionError, lambda n, binned: rebin(binned, n)),
    "simulate": ("n_toys", InvalidOptionError, lambda n, binned: simulate(binned, n_toys=n)),
    "estimate": (
        "scan_n_values", InvalidOptionError, lambda n, binned: estimate(binned, scan_n_values=n),
    ),
    "annuli": (
        "nbin", InvalidBinsError, lambda n, _: SkyBins.annuli(CENTER, radius_max=RADIUS, nbin=n),
    ),
    "sectors": (
        "nbin", InvalidBinsError, lambda n, _: SkyBins.sectors(CENTER, radius_max=RADIUS, nbin=n),
    ),
    "line": (
        "nbin", InvalidBinsError, lambda n, _: SkyBins.along_line(*ENDS, height=RADIUS, nbin=n),
    ),
}  # fmt: skip


@pytest.mark.parametrize("value", [True, 2.5, "3", 0, -1, 2.0, np.float64(2)])
@pytest.mark.parametrize("call", CALLS)
def test_every_function_refuses_what_is_not_a_positive_integer(call, value, binned):
    name, error, function = CALLS[call]
    with pytest.raises(error, match=rf"^{name} must be (a positive|an) integer") as caught:
        function(value, binned)
    assert str(caught.value).endswith(f"found {value!r}")


@pytest.mark.parametrize("kind", [int, np.int64, np.uint8, np.int16])
@pytest.mark.parametrize("call", CALLS)
def test_every_function_takes_integers_of_numpy(call, kind, binned):
    CALLS[call][2](kind(2), binned)


@pytest.mark.parametrize("value", [1, 2, 10**20, np.int8(1)])
def test_positive_integers_pass(value):
    check_positive_integer("n", value, OwnError)


@pytest.mark.parametrize("value", [None, [1], np.array([1, 2]), np.bool_(True), np.nan, 1j, 0])
def test_other_values_raise_the_given_error(value):
    with pytest.raises(OwnError, match=r"^n must be a positive integer, found "):
        check_positive_integer("n", value, OwnError)


def test_the_least_integer_can_be_larger():
    check_positive_integer("n", 2, OwnError, least=2)
    with pytest.raises(OwnError, match=r"^n must be an integer of 2 or more, found 1$"):
        check_positive_integer("n", 1, OwnError, least=2)


@pytest.mark.parametrize("values", [[], [-1.0], [-1.0, 0.0, 5.0]])
def test_ascending_numbers_pass(values):
    check_ascending("x", np.array(values), OwnError)


@pytest.mark.parametrize(
    "values", [[1, 1], [2, 1], [1, np.nan], [np.nan], [1, np.inf], [-np.inf, 1]]
)
def test_numbers_that_do_not_ascend_are_refused(values):
    for positive, kind in ((False, "finite"), (True, "positive")):
        with pytest.raises(OwnError, match=f"^x must be {kind} and ascend, found "):
            check_ascending("x", np.array(values, float), OwnError, positive=positive)


@pytest.mark.parametrize("values", [[0.0, 1.0], [-1.0]])
def test_numbers_can_have_to_be_positive(values):
    message = r"^x must be positive and ascend, found these; sort them$"
    with pytest.raises(OwnError, match=message):
        check_ascending(
            "x", np.array(values), OwnError, positive=True, found="these", hint="sort them"
        )


def test_energies_are_converted():
    found = energies_from_quantity("edges", [10, 100] * u.GeV, "TeV")
    np.testing.assert_allclose(found, [0.01, 0.1], rtol=1e-15, atol=0)
    np.testing.assert_array_equal(energies_from_quantity("e", 3 * u.TeV, "TeV", least=1), [3])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, 2], "e has no unit of energy: found"),
        ([1, 2] * u.s, "e has no unit of energy: found"),
        ([1] * u.TeV, "e must be a list of 2 or more energies, found"),
        ([[1, 2]] * u.TeV, "e must be a list of 2 or more energies, found"),
        ([2, 1] * u.TeV, "e must be positive and ascend, found"),
    ],
)
def test_energies_that_do_not_fit_are_refused_with_a_hint(values, message):
    with pytest.raises(InvalidEnergyError, match=rf"^{message}.*give ascending energies"):
        energies_from_quantity("e", values, "TeV")
