"""The PSF through the bins."""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from cases.plot import legend_texts, new_axes, off_map_ignored, only, steps
from matplotlib.colors import same_color

from xprofile import bin_maps, estimate, power_law, psf_profile
from xprofile.exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from xprofile.plot import plot_psf
from xprofile.plot.elements.power_labels import plain_label


def levels(ax):
    return steps(only(ax.lines))


def test_shares_over_the_edges_of_the_bins(binned):
    before = binned.copy(deep=True)
    first, last, share = levels(plot_psf(binned, ax=new_axes()))
    np.testing.assert_array_equal(first, [0, 0.3, 0.6])
    np.testing.assert_array_equal(last, [0.3, 0.6, 1])
    each = psf_profile(binned)
    assert (share > each.min("energy_true").to_numpy()).all()
    assert (share < each.max("energy_true").to_numpy()).all()
    xr.testing.assert_identical(binned, before)


def test_energies_are_weighted_with_counts(binned):
    """By the sum over true energies: flux x mean exposure x share."""
    index = 3.0
    edges = np.append(binned.energy_true_min, binned.energy_true_max[-1])
    flux = edges[:-1] ** (1 - index) - edges[1:] ** (1 - index)
    weight = flux * binned.exposure_true.mean("projected_distance_true")
    seen = binned.edisp.sum("energy") if "edisp" in binned else 1
    if "projected_distance" in getattr(seen, "dims", ()):
        pytest.fail("the expectation is for one energy dispersion")
    weight = weight * seen
    expected = (psf_profile(binned) * weight).sum("energy_true") / weight.sum("energy_true")
    _, _, share = levels(plot_psf(binned, ax=new_axes(), spectral_model=power_law(index)))
    np.testing.assert_allclose(share, expected, rtol=1e-9)


def test_all_energies_equal_give_the_share_itself(binned):
    one = binned.assign(psf_share=binned.psf_share.isel(energy_true=[0]).squeeze(drop=True))
    one["psf_share"] = one.psf_share.broadcast_like(binned.psf_share)
    _, _, share = levels(plot_psf(one, ax=new_axes()))
    np.testing.assert_allclose(share, one.psf_share.isel(energy_true=0), rtol=1e-12)


@pytest.mark.slow
def test_one_energy_bin_by_number_or_energy(binned):
    size = binned.sizes["energy"]
    expected = levels(plot_psf(binned.isel(energy=[size - 1]), ax=new_axes()))
    within = float(binned.energy[-1]) * u.TeV
    for energy in (size - 1, -1, within):
        found = levels(plot_psf(binned, ax=new_axes(), energy=energy))
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(InvalidOptionError, match="give energy=, the number of an energy bin"):
        plot_psf(binned, energy=size)


def test_scales(binned):
    _, _, share = levels(plot_psf(binned, ax=new_axes()))
    _, _, scaled = levels(plot_psf(binned, ax=new_axes(), total=3e-9))
    np.testing.assert_allclose(scaled, 3e-9 * share, rtol=1e-12)
    _, _, bright = levels(plot_psf(binned, ax=new_axes(), per_solid_angle=True))
    np.testing.assert_allclose(bright, share / binned.solid_angle, rtol=1e-12)


def test_labels_and_style(binned):
    ax = plot_psf(binned, ax=new_axes(), x_unit="arcmin")
    line = only(ax.lines)
    assert line.get_linewidth() < plt.rcParams["lines.linewidth"]
    assert same_color(line.get_color(), "0.3")
    assert line.get_label() == "PSF"
    assert ax.get_ylabel() == "Share of a point source"
    assert ax.get_xlabel() == "Projected distance [arcmin]"
    assert plot_psf(binned, ax=new_axes(), per_solid_angle=True).get_ylabel().endswith("sr^{-1}}$]")
    assert plot_psf(binned, ax=new_axes(), total=2).get_ylabel() == ""
    styled = binned.profile.plot_psf(ax=new_axes(), c="red", lw=3, ls="--", label="source")
    line = only(styled.lines)
    assert (line.get_linewidth(), line.get_linestyle(), line.get_label()) == (3, "--", "source")
    assert same_color(line.get_color(), "red")


def test_beside_a_profile(binned):
    profile = estimate(binned).profile.to_sed_type("flux")
    ax = profile.profile.plot(ax=new_axes(), label="plain")
    label = plain_label(ax.yaxis)
    assert plot_psf(binned, ax=ax, total=1e-9) is ax
    assert plain_label(ax.yaxis) == label
    assert legend_texts(ax) == ["PSF", "plain"]
    plain = profile.profile.plot(ax=new_axes(), label="plain", add_legend=False)
    plot_psf(binned, ax=plain, add_legend=False)
    assert legend_texts(plain) is None


def test_bins_of_a_margin_are_left_out(spread, rings, binned):
    with off_map_ignored():
        wider = bin_maps(spread, rings, psf=True, margin=0.1 * u.deg)
    assert wider.sizes["projected_distance"] > 3
    _, _, share = levels(plot_psf(binned, ax=new_axes()))
    _, _, found = levels(plot_psf(wider, ax=new_axes()))
    np.testing.assert_allclose(found, share, rtol=2e-3)  # the mean exposure is that of more bins


def test_data_without_a_psf(spread, rings):
    with pytest.raises(MissingVariableError, match=r"bin\(bins, psf=True\)"):
        plot_psf(bin_maps(spread, rings))


def test_joint_data(binned):
    both = xr.concat([binned, binned], "dataset", data_vars="all", join="exact")
    with pytest.raises(InvalidDataError, match=r"\.isel\(dataset=0\)"):
        plot_psf(both)


@pytest.mark.parametrize("total", [np.nan, "1", None, [1.0]], ids=str)
def test_total_that_is_not_a_number(binned, total):
    with pytest.raises(InvalidOptionError, match="total must be a finite number"):
        plot_psf(binned, total=total)


def test_units_of_solid_angle(binned):
    _, _, bright = levels(plot_psf(binned, ax=new_axes(), per_solid_angle=True))
    ax = plot_psf(binned, ax=new_axes(), per_solid_angle="deg2")
    np.testing.assert_allclose(levels(ax)[2], bright * u.deg.to("rad") ** 2, rtol=1e-12)
    assert "deg" in ax.get_ylabel()
    with pytest.raises(InvalidOptionError, match="unit of solid angle"):
        plot_psf(binned, ax=new_axes(), per_solid_angle="deg")


@pytest.mark.parametrize("option", [True, "deg2", u.deg**2], ids=str)
def test_the_unit_of_a_profile_on_the_axes(binned, option):
    profile = estimate(binned).profile.to_sed_type("flux", per_solid_angle="deg2")
    ax = profile.profile.plot(ax=new_axes())
    plot_psf(binned, ax=ax, total=1e-9, per_solid_angle=option)
    _, _, expected = levels(plot_psf(binned, ax=new_axes(), total=1e-9, per_solid_angle="deg2"))
    _, _, found = steps(only([line for line in ax.lines if line.get_label() == "PSF"]))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    with pytest.raises(InvalidOptionError, match=r"'sr' does not fit .* per deg2"):
        plot_psf(binned, ax=ax, per_solid_angle="sr")
    with pytest.raises(InvalidOptionError, match=r"per_solid_angle=False does not fit .* per deg2"):
        plot_psf(binned, ax=ax)


def test_bands_have_their_energies_in_the_legend(binned):
    ax = new_axes()
    for index in range(2):
        plot_psf(binned.isel(energy=[index]), ax=ax)
    texts = legend_texts(ax)
    assert len(set(texts)) == 2
    assert all(text.startswith("PSF, ") and text.endswith("eV") for text in texts)
