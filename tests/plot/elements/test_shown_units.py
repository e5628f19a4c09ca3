"""Axes that show one unit take nothing in another one of its kind, which their label would hide."""

import astropy.units as u
import matplotlib.pyplot as plt
import pytest
from cases.profiles import make_profile

from xprofile.exceptions import InvalidOptionError


@pytest.fixture(scope="module")
def profile():
    return make_profile(energies=2).profile.to_sed_type("flux")


def test_bins_in_another_unit_are_refused(profile):
    ax = profile.profile.plot(x_unit="arcmin")
    with pytest.raises(InvalidOptionError, match=r"is in arcmin, .* in deg; pass x_unit='arcmin'"):
        profile.profile.plot(ax=ax)
    assert profile.profile.plot(ax=ax, x_unit=u.arcmin) is ax
    ax.clear()
    assert profile.profile.plot(ax=ax).get_xlabel() == "Projected distance [deg]"


def test_panels_that_share_their_axis_are_in_one_unit(profile):
    _, (left, right) = plt.subplots(1, 2, sharex=True)
    profile.profile.plot(ax=left)
    with pytest.raises(InvalidOptionError, match="pass x_unit='deg', or other axes"):
        profile.profile.plot(ax=right, x_unit="arcmin")
    profile.profile.plot("sqrt_ts", ax=right)


def test_values_in_another_unit_are_refused(profile):
    ax = profile.profile.plot()
    other = profile.profile.to_units(flux="m-2 s-1")
    with pytest.raises(InvalidOptionError, match=r"by to_units\(flux='cm-2 s-1'\), or pass other"):
        other.profile.plot(ax=ax)
    other.profile.to_units(flux="cm-2 s-1").profile.plot(ax=ax)
    profile.profile.plot("counts", ax=ax)


def test_energies_in_another_unit_are_refused(profile):
    ax = profile.isel(projected_distance=[0]).profile.plot(x="energy")
    with pytest.raises(InvalidOptionError, match=r"is in TeV, .* in GeV"):
        profile.isel(projected_distance=[1]).profile.plot(x="energy", x_unit="GeV", ax=ax)


def test_a_unit_that_astropy_does_not_know_is_that_of_both(profile):
    odd = profile.assign(counts=profile.counts.assign_attrs(units="photons per ring"))
    ax = odd.profile.plot("counts")
    assert odd.profile.plot("counts", ax=ax) is ax
