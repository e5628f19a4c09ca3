"""The quantities that can be plotted."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from cases.plot import drawn_values, only, steps

from xprofile import to_sed_type
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from xprofile.plot import plot_profile, plot_stat_scan
from xprofile.plot.elements.power_labels import plain_label
from xprofile.profile.limits import with_threshold


def test_threshold(profile):
    one = profile.isel(energy=0)
    known = np.isfinite(one.norm).to_numpy()
    every = plot_profile(profile, "norm", sqrt_ts_threshold_ul=1e9, ax=plt.figure().gca())
    np.testing.assert_array_equal(
        every.containers[1].lines[0].get_ydata(), one.norm_ul.to_numpy()[known]
    )
    none = plot_profile(profile, "norm", sqrt_ts_threshold_ul=-1e9, ax=plt.figure().gca())
    np.testing.assert_array_equal(none.containers[0].lines[0].get_ydata(), one.norm)
    assert len(none.containers) == 1
    changed = plot_profile(with_threshold(profile, -1e9), "norm", ax=plt.figure().gca())
    assert len(changed.containers) == 1


def test_profile_without_limits(profile):
    ax = plot_profile(profile.drop_vars(["norm_ul", "is_ul"]), "norm")
    np.testing.assert_array_equal(
        only(ax.containers).lines[0].get_ydata(), profile.norm.isel(energy=0)
    )


@pytest.mark.parametrize("choose", [{"sed_type": "dnde"}, {"quantity": "dnde"}])
def test_sed_types(profile, choose):
    ax = plot_profile(profile, **choose)
    _, _, value = drawn_values(to_sed_type(profile, "dnde"), "dnde")
    np.testing.assert_array_equal(ax.containers[0].lines[0].get_ydata(), value)
    expected = r"$\mathrm{d}N/\mathrm{d}E$ [$\mathrm{cm^{-2}\,s^{-1}\,TeV^{-1}}$]"
    assert plain_label(ax.yaxis) == expected
    assert ax.get_xlabel() == "Projected distance [deg]"


def test_surface_brightness_is_plotted_as_it_is(profile):
    bright = to_sed_type(profile, "flux", per_solid_angle=True)
    _, _, value = drawn_values(bright, "flux")
    for choose in ({}, {"sed_type": "flux"}):
        ax = plot_profile(bright, ax=plt.figure().gca(), **choose)
        np.testing.assert_array_equal(ax.containers[0].lines[0].get_ydata(), value)
        assert plain_label(ax.yaxis) == r"Integral flux [$\mathrm{cm^{-2}\,s^{-1}\,sr^{-1}}$]"


@pytest.mark.parametrize("name", ["ts", "stat", "norm_ul", "dnde_err", "is_ul", "coverage"])
def test_any_variable_by_name(profile, name):
    line = only(plot_profile(profile, name).lines)
    source = to_sed_type(profile, "dnde") if name == "dnde_err" else profile
    np.testing.assert_array_equal(steps(line)[2], source[name].isel(energy=0).astype(float))


def test_unknown_quantity(profile):
    with pytest.raises(MissingVariableError, match=r"no 'npred_signal'; .*npred_excess"):
        plot_profile(profile, "npred_signal")


def test_unknown_sed_type(profile):
    with pytest.raises(InvalidOptionError, match="'npred'"):
        plot_profile(profile, sed_type="npred")


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("ref_dnde", "choose a quantity of the bins"),
        ("stat_scan", "norm_scan=0"),
        ("region", "not a number"),
    ],
)
def test_quantities_that_cannot_be_plotted(profile, name, match):
    with pytest.raises(InvalidDataError, match=match):
        plot_profile(profile, name)


@pytest.mark.slow
def test_other_dims_are_refused(profile):
    toys = xr.concat([profile, profile], "toy", join="exact", data_vars="all", coords="minimal")
    with pytest.raises(InvalidDataError, match=r"\.isel\(toy=0\)"):
        plot_profile(toys, "norm")
    with pytest.raises(InvalidDataError, match=r"\.isel\(toy=0\)"):
        plot_stat_scan(toys)


def test_profile_without_reference(profile):
    with pytest.raises(MissingVariableError, match="ref_dnde"):
        plot_profile(profile.drop_vars("ref_dnde"), sed_type="dnde")


def test_spectra_are_drawn_by_their_first_free_parameter(profile):
    names = ("amplitude", "alpha", "beta")
    spectra = profile.assign({name: profile.norm + i for i, name in enumerate(names)})
    del spectra.attrs["sed_type"]
    line = only(plot_profile(spectra.assign_coords(parameter=list(names))).lines)
    np.testing.assert_array_equal(steps(line)[-1], spectra.alpha.isel(energy=0))
