"""The estimator's options: bounds, sensitivity, scans, uncertain backgrounds, and joint fits."""

import itertools

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps, make_onoff
from cases.profiles import flags
from cases.short_line import line

from xprofile import bin_maps, estimate, open_profile, power_law
from xprofile.exceptions import InvalidDataError, InvalidEnergyError, InvalidOptionError
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
        # from norm 0 on the statistic has risen by 4
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
        ax = profile.profile.plot_stat_scan(add_points=False, add_colorbar=False)
        corners = ax.collections[0].get_coordinates()[..., 1]
        values = profile.norm_scan_values.isel(energy=0).to_numpy()
        centres = (corners[1:, ::2] + corners[:-1, ::2]) / 2
        np.testing.assert_allclose(centres, values.T, rtol=1e-6, atol=1e-9)


class TestBackground:
    def test_systematic_of_one_fine_bin_has_closed_forms(self, binned):
        """The error is that of the counts and that of the background, in quadrature."""
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

    @pytest.mark.parametrize("background", ["known", 0, -0.1, np.nan, np.inf, None])
    def test_wrong_settings(self, binned, background):
        with pytest.raises(InvalidOptionError, match=r"'fixed', 'free', or its relative"):
            estimate(binned, background=background)


class TestJoint:
    def test_copies_have_the_same_norm_and_a_smaller_error(self, binned):
        alone = estimate(binned, selection_optional="all", energy_edges=EDGES)
        for number in (2, 5):
            joint = estimate([binned] * number, selection_optional="all", energy_edges=EDGES)
            np.testing.assert_allclose(joint.norm, alone.norm, rtol=1e-9)
            np.testing.assert_allclose(joint.norm_err, alone.norm_err / number**0.5, rtol=1e-9)
            np.testing.assert_allclose(joint.ts, number * alone.ts, rtol=1e-9)
            np.testing.assert_allclose(joint.stat_null, number * alone.stat_null, rtol=1e-12)

    def test_counts_and_npred_are_kept_apart(self):
        parts = [bin_maps(make_maps(seed=seed), line()) for seed in (1, 2)]
        joint = estimate(parts, energy_edges=EDGES)
        assert joint.counts.dims == ("dataset", "projected_distance", "energy")
        for i, part in enumerate(parts):
            alone = estimate(part, energy_edges=EDGES)
            for name in ("counts", "npred_background"):
                np.testing.assert_array_equal(joint[name][i], alone[name])
        total = joint.npred_excess + joint.npred_background
        np.testing.assert_allclose(joint.npred, total, rtol=1e-12)

    def test_concatenated_data_are_the_same_as_a_list(self):
        parts = [bin_maps(make_maps(seed=seed), line()) for seed in (1, 2)]
        settings = {"selection_optional": "all", "energy_edges": EDGES}
        whole = estimate(xr.concat(parts, "dataset", join="exact"), **settings)
        xr.testing.assert_equal(whole, estimate(parts, **settings))

    def test_names_of_data_sets_are_kept(self):
        parts = [
            bin_maps(make_maps(seed=seed), line()).assign_coords(dataset=name)
            for seed, name in [(1, "inner"), (2, "outer")]
        ]
        for joint in (estimate(parts), estimate(xr.concat(parts, "dataset", join="exact"))):
            assert joint.dataset.to_numpy().tolist() == ["inner", "outer"]
            assert joint.counts.sel(dataset="outer").dims == ("projected_distance", "energy")

    def test_one_in_a_list_is_itself(self, binned):
        joint = estimate([binned], selection_optional="all")
        xr.testing.assert_equal(joint.isel(dataset=0), estimate(binned, selection_optional="all"))

    def test_energies_need_to_agree_at_the_groups_only(self):
        fine, coarse = (bin_maps(make_maps(nenergy=n), line()) for n in (6, 2))
        joint = estimate([fine, coarse], energy_edges=EDGES)
        np.testing.assert_allclose(joint.energy_max, [0.1, 1], rtol=1e-12)
        for i, part in enumerate((fine, coarse)):
            np.testing.assert_array_equal(
                joint.counts[i], estimate(part, energy_edges=EDGES).counts
            )
        with pytest.raises(InvalidEnergyError, match=r"data sets have different energy bins"):
            estimate([fine, coarse], energy_edges=[10, 220, 1000] * u.GeV)

    def test_energies_may_be_in_different_units(self, binned):
        gev = binned.copy()
        for name in [name for name in gev.coords if str(name).startswith("energy")]:
            gev = gev.assign_coords({name: (binned[name].variable * 1000)})
            gev[name].attrs = {**binned[name].attrs, "units": "GeV"}
        joint, twice = (estimate(pair, energy_edges=EDGES)
                        for pair in ([binned, gev], [binned, binned]))  # fmt: skip
        np.testing.assert_allclose(joint.norm, twice.norm, rtol=1e-9)

    def test_data_outside_a_group_do_not_matter_there(self):
        low, high = (bin_maps(make_maps(), line()).isel(energy=part)
                     for part in (slice(0, 2), slice(2, 4)))  # fmt: skip
        joint = estimate([low, high], energy_edges=EDGES)
        for i, part in enumerate((low, high)):
            alone = estimate(part, energy_edges=EDGES).isel(energy=i)
            np.testing.assert_allclose(joint.norm[:, i], alone.norm, rtol=1e-12)
        assert flags(joint) == set()

    @pytest.mark.parametrize("background", ["fixed", 0.1])
    def test_onoff_and_a_known_background(self, background):
        """Best fit and limit against a scan of the two statistics' sum."""
        onoff, known = bin_maps(make_onoff(), line()), bin_maps(make_maps(seed=3), line())
        joint = estimate([onoff, known], selection_optional="all", background=background)
        grid = joint.norm.item(0) + np.linspace(-5, 5, 2001) * joint.norm_err.item(0)
        scans = [estimate(onoff, selection_optional="scan", norm_values=grid),
                 estimate(known, selection_optional="scan", norm_values=grid,
                          background=background)]  # fmt: skip
        total = sum(scan.stat_scan[0, 0].to_numpy() for scan in scans)
        step = grid[1] - grid[0]
        assert abs(grid[total.argmin()] - joint.norm.item(0)) <= step
        inside = grid[total <= joint.stat.item(0) + 4]
        assert abs(inside[-1] - joint.norm_ul.item(0)) <= step
        inside = grid[total <= joint.stat.item(0) + 1]
        assert abs(inside[0] - (joint.norm - joint.norm_errn).item(0)) <= step

    def test_a_masked_data_set_adds_nothing(self, binned):
        maps = make_maps()
        masked = bin_maps(maps.assign(mask=maps.mask & (maps.lon < 0)), line())
        joint, alone = estimate([binned, masked]), estimate(binned)
        np.testing.assert_allclose(joint.norm[:2], alone.norm[:2], rtol=1e-12)
        assert (joint.norm_err[2:] < alone.norm_err[2:]).all()
        np.testing.assert_array_equal(joint.coverage, alone.coverage)

    def test_files_tables_and_figures_have_the_sums(self, binned, tmp_path):
        other = bin_maps(make_maps(seed=2), line())
        joint = estimate([binned, other], selection_optional="all", energy_edges=EDGES)
        joint.profile.to_fits(tmp_path / "p.fits")
        xr.testing.assert_identical(open_profile(tmp_path / "p.fits"), joint)
        total = joint.counts.sum("dataset")
        np.testing.assert_array_equal(joint.profile.to_table()["counts"], total)
        ax = joint.isel(energy=0).profile.plot("counts")
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), total[:, 0])

    def test_other_bins_are_refused(self, binned):
        for other in (line(nbin=3), line(start=4)):
            with pytest.raises(InvalidDataError, match="data set 1 has other bins"):
                estimate([binned, bin_maps(make_maps(), other)])
        with pytest.raises(InvalidDataError, match="no data sets"):
            estimate([])


def test_settings_are_checked_before_any_work(binned):
    for setting, words in [
        ({"norm_min": np.nan}, "norm_min must be a finite number"),
        ({"n_sigma_sensitivity": 0}, "n_sigma_sensitivity must be a positive number"),
        ({"scan_n_sigma": -1}, "scan_n_sigma must be a positive number"),
        ({"scan_n_values": 1}, "scan_n_values must be a whole number"),
    ]:
        with pytest.raises(InvalidOptionError, match=words):
            estimate(binned, **setting)


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
