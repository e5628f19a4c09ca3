"""Options of the estimator: bounds, sensitivity, scans, and uncertain backgrounds."""

import itertools

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps, make_onoff
from cases.profiles import flags
from cases.short_line import line

from xprofile import bin_maps, estimate, open_profile, power_law
from xprofile.exceptions import InvalidOptionError
from xprofile.spectrum.response import predicted_signal

EDGES = [10, 100, 1000] * u.GeV
NORMS = ["norm", "norm_err", "norm_errn", "norm_errp", "norm_ul", "norm_sensitivity"]


@pytest.fixture
def binned():
    return bin_maps(make_maps(), line())


def one_fine_bin(binned):
    one = binned.isel(energy=[1])
    n, b = (one[name][0].to_numpy() for name in ("counts", "background"))
    return one, n, b, predicted_signal(one, power_law())[..., 0].to_numpy()


class TestSensitivity:
    def test_expected_counts_have_the_significance(self, binned):
        one, _, b, s = one_fine_bin(binned)
        for sigma in (3, 5):
            profile = estimate(one, selection_optional="sensitivity", n_sigma_sensitivity=sigma)
            n = profile.norm_sensitivity[:, 0].to_numpy() * s + b
            np.testing.assert_allclose(2 * (n * np.log(n / b) - (n - b)), sigma**2, rtol=1e-9)

    def test_of_onoff_data_is_that_of_li_and_ma(self):
        one = bin_maps(make_onoff(alpha=0.2), line()).isel(energy=[1])
        s = predicted_signal(one, power_law())[..., 0].to_numpy()
        profile = estimate(one, selection_optional="sensitivity")
        off = one.counts_off[0].to_numpy()
        on = profile.norm_sensitivity[:, 0].to_numpy() * s + 0.2 * off
        ts = on * np.log(6 * on / (on + off)) + off * np.log(1.2 * off / (on + off))
        np.testing.assert_allclose(2 * ts, 25, rtol=1e-9)

    def test_grows_with_the_significance_and_not_with_the_counts(self, binned):
        more = binned.assign(counts=binned.counts + 50)
        first, second = (estimate(b, selection_optional="all") for b in (binned, more))
        np.testing.assert_array_equal(first.norm_sensitivity, second.norm_sensitivity)


class TestBound:
    def test_limits_are_measured_from_the_bounded_best_fit(self, binned):
        one, n, b, s = one_fine_bin(binned)
        profile = estimate(one, norm_min=0, selection_optional="all").isel(energy=0)
        free = estimate(one, selection_optional="all").isel(energy=0)
        negative = n < b
        assert negative.any()
        assert not negative.all()
        np.testing.assert_array_equal(profile.norm, np.maximum(free.norm, 0))
        np.testing.assert_array_equal(profile.norm_ul[~negative], free.norm_ul[~negative])
        # there the statistic has risen by 4 since norm 0
        mu = profile.norm_ul.to_numpy() * s + b
        rise = 2 * (mu - b - n * np.log(mu / b))
        np.testing.assert_allclose(rise[negative], 4, rtol=1e-9)
        assert (profile.norm_ul[negative] > free.norm_ul[negative]).all()
        np.testing.assert_array_equal(profile.norm_errn[negative], 0)
        assert (profile.norm_errn <= profile.norm).all()
        np.testing.assert_array_equal(profile.ts[negative], 0)

    def test_status_tells(self, binned):
        one, n, b, _ = one_fine_bin(binned)
        profile = estimate(one, norm_min=0)
        np.testing.assert_array_equal(profile.status[:, 0] == 16, n < b)

    def test_zero_counts_have_a_lower_end(self, binned):
        profile = estimate(binned.assign(counts=binned.counts * 0), norm_min=0,
                           selection_optional="all")  # fmt: skip
        assert flags(profile) == {"zero_counts", "best_fit_at_boundary"}
        signal = predicted_signal(binned, power_law()).sum("energy").to_numpy()
        np.testing.assert_array_equal(profile.norm, 0)
        np.testing.assert_array_equal(profile.norm_errn, 0)
        np.testing.assert_allclose(profile.norm_ul[:, 0], 2 / signal, rtol=1e-12)
        np.testing.assert_allclose(profile.norm_err[:, 0], 0.5 / signal, rtol=1e-12)

    def test_any_bound(self, binned):
        profile = estimate(binned, norm_min=2, selection_optional="all")
        np.testing.assert_array_equal(profile.norm, 2)
        assert (profile.norm_ul > 2).all()


class TestScan:
    def test_round_each_best_fit(self, binned):
        profile = estimate(binned, selection_optional="scan", scan_n_sigma=2, scan_n_values=5)
        assert "norm_scan" not in profile.coords
        values = profile.norm_scan_values
        steps = np.array([-2, -1, 0, 1, 2])
        expected = (
            profile.norm.to_numpy()[..., None] + steps * profile.norm_err.to_numpy()[..., None]
        )
        np.testing.assert_allclose(values, expected, rtol=1e-12)
        rise = profile.stat_scan - profile.stat
        np.testing.assert_allclose(rise[..., 2], 0, rtol=0, atol=1e-9)
        np.testing.assert_allclose(rise[..., [0, 4]], 4, rtol=0.2)

    def test_errors_of_several_sigma_do_not_widen_it(self, binned):
        one, two = (
            estimate(binned, selection_optional="scan", scan_n_sigma=2, n_sigma=n) for n in (1, 2)
        )
        np.testing.assert_allclose(one.norm_scan_values, two.norm_scan_values, rtol=1e-12)

    def test_files_and_tables(self, binned, tmp_path):
        profile = estimate(binned, selection_optional="all", scan_n_sigma=3, energy_edges=EDGES)
        profile.profile.to_fits(tmp_path / "p.fits")
        xr.testing.assert_identical(open_profile(tmp_path / "p.fits"), profile)
        profile.to_netcdf(tmp_path / "p.nc")
        xr.testing.assert_identical(open_profile(tmp_path / "p.nc"), profile)
        table = profile.profile.to_table()
        np.testing.assert_array_equal(table["norm_scan_values"], profile.norm_scan_values)

    def test_mesh_follows_the_bins(self, binned):
        profile = estimate(binned, selection_optional="all", scan_n_sigma=3, scan_n_values=7)
        ax = profile.profile.plot_stat_scan(
            sed_type="likelihood", add_points=False, add_colorbar=False
        )
        corners = ax.collections[0].get_coordinates()[..., 1]
        values = profile.norm_scan_values.isel(energy=0).to_numpy()
        centres = (corners[1:, ::2] + corners[:-1, ::2]) / 2
        np.testing.assert_allclose(centres, values.T, rtol=1e-6, atol=1e-9)


class TestBackground:
    def test_systematic_of_one_fine_bin_has_closed_forms(self, binned):
        """The errors of the counts and of the background add in quadrature."""
        one, n, b, s = one_fine_bin(binned)
        profile = estimate(one, background=0.1).isel(energy=0)
        np.testing.assert_allclose(profile.norm, (n - b) / s, rtol=1e-6)
        error = np.sqrt(n + (0.1 * b) ** 2) / s
        np.testing.assert_allclose(profile.norm_err, error, rtol=1e-6)
        np.testing.assert_allclose(profile.npred_background, b, rtol=1e-6)

    def test_a_small_systematic_is_none(self, binned):
        fixed = estimate(binned, selection_optional="all")
        small = estimate(binned, selection_optional="all", background=1e-7)
        for name in NORMS:
            np.testing.assert_allclose(small[name], fixed[name], rtol=1e-6, err_msg=name)

    def test_errors_grow_with_the_systematic(self, binned):
        widths = ["fixed", 0.03, 0.1, 0.5, "free"]
        profiles = [estimate(binned, selection_optional="all", background=w) for w in widths]
        for less, more in itertools.pairwise(profiles):
            for name in ("norm_err", "norm_errn", "norm_errp", "norm_sensitivity"):
                assert (less[name] < more[name]).all(), name

    def test_free_background_takes_up_a_wrong_scale(self, binned):
        wrong = binned.assign(background=binned.background * 3)
        right = estimate(binned, background="free", selection_optional="all")
        found = estimate(wrong, background="free", selection_optional="all")
        for name in ("norm", "norm_err", "norm_ul", "stat", "npred_background"):
            np.testing.assert_allclose(found[name], right[name], rtol=1e-6, err_msg=name)

    def test_free_background_of_one_fine_bin_leaves_the_norm_open_below(self, binned):
        one, n, _, s = one_fine_bin(binned)
        profile = estimate(one, background="free", selection_optional="all").isel(energy=0)
        assert flags(profile) == {"unbounded_interval"}
        np.testing.assert_allclose(profile.norm, n / s, rtol=1e-9)
        assert profile.norm_errn.isnull().all()
        assert profile.norm_sensitivity.isnull().all()
        assert profile.norm_ul.notnull().all()

    def test_numbers_as_text(self, binned):
        xr.testing.assert_equal(
            estimate(binned, background="0.1"), estimate(binned, background=0.1)
        )

    @pytest.mark.quick
    @pytest.mark.parametrize("background", ["known", 0, -0.1, np.nan, np.inf, None])
    def test_wrong_settings(self, binned, background):
        with pytest.raises(InvalidOptionError, match=r"'fixed', 'free', or its relative"):
            estimate(binned, background=background)


def test_dask_and_order_do_not_matter(binned):
    settings = {"selection_optional": "all", "energy_edges": EDGES}
    whole = estimate(binned, **settings)
    lazy = estimate(binned.chunk(projected_distance=1, energy=2), **settings)
    xr.testing.assert_identical(lazy.compute(), whole)
    order = [2, 0, 3, 1]
    mixed = estimate(binned.isel(projected_distance=order), **settings)
    xr.testing.assert_identical(mixed, whole.isel(projected_distance=order))


def test_progress_is_shown(binned, capsys):
    quiet = estimate(binned)
    assert capsys.readouterr().err == ""
    xr.testing.assert_identical(estimate(binned, progress=True), quiet)
    assert "estimate" in capsys.readouterr().err


def test_single_precision_counts_are_taken(binned):
    single = binned.assign(
        background=binned.background.astype("f4"), counts=binned.counts.astype("f4")
    )
    np.testing.assert_allclose(estimate(single).norm, estimate(binned).norm, rtol=1e-5)
