"""Joint fits of several data sets."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.maps import make_maps, make_onoff
from cases.profiles import flags
from cases.short_line import line

from xprofile import bin_maps, estimate, open_profile
from xprofile.exceptions import InvalidDataError, InvalidEnergyError

EDGES = [10, 100, 1000] * u.GeV


@pytest.fixture
def binned():
    return bin_maps(make_maps(), line())


def test_copies_have_the_same_norm_and_a_smaller_error(binned):
    alone = estimate(binned, selection_optional="all", energy_edges=EDGES)
    for number in (2, 5):
        joint = estimate([binned] * number, selection_optional="all", energy_edges=EDGES)
        np.testing.assert_allclose(joint.norm, alone.norm, rtol=1e-9)
        np.testing.assert_allclose(joint.norm_err, alone.norm_err / number**0.5, rtol=1e-9)
        np.testing.assert_allclose(joint.ts, number * alone.ts, rtol=1e-9)
        np.testing.assert_allclose(joint.stat_null, number * alone.stat_null, rtol=1e-12)


def test_counts_and_npred_are_kept_apart():
    parts = [bin_maps(make_maps(seed=seed), line()) for seed in (1, 2)]
    joint = estimate(parts, energy_edges=EDGES)
    assert joint.counts.dims == ("dataset", "projected_distance", "energy")
    for i, part in enumerate(parts):
        alone = estimate(part, energy_edges=EDGES)
        for name in ("counts", "npred_background"):
            np.testing.assert_array_equal(joint[name][i], alone[name])
    total = joint.npred_excess + joint.npred_background
    np.testing.assert_allclose(joint.npred, total, rtol=1e-12)


def test_concatenated_data_are_the_same_as_a_list():
    parts = [bin_maps(make_maps(seed=seed), line()) for seed in (1, 2)]
    settings = {"selection_optional": "all", "energy_edges": EDGES}
    whole = estimate(xr.concat(parts, "dataset", join="exact"), **settings)
    xr.testing.assert_equal(whole, estimate(parts, **settings))


def test_names_of_data_sets_are_kept():
    parts = [
        bin_maps(make_maps(seed=seed), line()).assign_coords(dataset=name)
        for seed, name in [(1, "inner"), (2, "outer")]
    ]
    for joint in (estimate(parts), estimate(xr.concat(parts, "dataset", join="exact"))):
        assert joint.dataset.to_numpy().tolist() == ["inner", "outer"]
        assert joint.counts.sel(dataset="outer").dims == ("projected_distance", "energy")


def test_one_in_a_list_is_itself(binned):
    joint = estimate([binned], selection_optional="all")
    xr.testing.assert_equal(joint.isel(dataset=0), estimate(binned, selection_optional="all"))


def test_energies_need_to_agree_at_the_groups_only():
    fine, coarse = (bin_maps(make_maps(nenergy=n), line()) for n in (6, 2))
    joint = estimate([fine, coarse], energy_edges=EDGES)
    np.testing.assert_allclose(joint.energy_max, [0.1, 1], rtol=1e-12)
    for i, part in enumerate((fine, coarse)):
        np.testing.assert_array_equal(joint.counts[i], estimate(part, energy_edges=EDGES).counts)
    with pytest.raises(InvalidEnergyError, match=r"data sets have different energy bins"):
        estimate([fine, coarse], energy_edges=[10, 220, 1000] * u.GeV)


def test_energies_may_be_in_different_units(binned):
    gev = binned.copy()
    for name in [name for name in gev.coords if str(name).startswith("energy")]:
        gev = gev.assign_coords({name: (binned[name].variable * 1000)})
        gev[name].attrs = {**binned[name].attrs, "units": "GeV"}
    joint, twice = (estimate(pair, energy_edges=EDGES)
                    for pair in ([binned, gev], [binned, binned]))  # fmt: skip
    np.testing.assert_allclose(joint.norm, twice.norm, rtol=1e-9)


def test_data_outside_a_group_do_not_matter_there():
    low, high = (bin_maps(make_maps(), line()).isel(energy=part)
                 for part in (slice(0, 2), slice(2, 4)))  # fmt: skip
    joint = estimate([low, high], energy_edges=EDGES)
    for i, part in enumerate((low, high)):
        alone = estimate(part, energy_edges=EDGES[i : i + 2]).isel(energy=0)
        np.testing.assert_allclose(joint.norm[:, i], alone.norm, rtol=1e-12)
    assert flags(joint) == set()


@pytest.mark.heavy
@pytest.mark.parametrize("background", ["fixed", 0.1])
def test_onoff_and_a_known_background(background):
    """Best fit and limit, compared with a scan of the sum of both statistics."""
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


def test_a_masked_data_set_adds_nothing(binned):
    maps = make_maps()
    masked = bin_maps(maps.assign(mask=maps.mask & (maps.lon < 0)), line())
    joint, alone = estimate([binned, masked]), estimate(binned)
    np.testing.assert_allclose(joint.norm[:2], alone.norm[:2], rtol=1e-12)
    assert (joint.norm_err[2:] < alone.norm_err[2:]).all()
    np.testing.assert_array_equal(joint.coverage, alone.coverage)


def test_files_tables_and_figures_have_the_sums(binned, tmp_path):
    other = bin_maps(make_maps(seed=2), line())
    joint = estimate([binned, other], selection_optional="all", energy_edges=EDGES)
    joint.profile.to_fits(tmp_path / "p.fits")
    xr.testing.assert_identical(open_profile(tmp_path / "p.fits"), joint)
    total = joint.counts.sum("dataset")
    np.testing.assert_array_equal(joint.profile.to_table()["counts"], total)
    ax = joint.isel(energy=0).profile.plot("counts")
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), total[:, 0])


def test_other_bins_are_refused(binned):
    for other in (line(nbin=3), line(start=4)):
        with pytest.raises(InvalidDataError, match="data set 1 has other bins"):
            estimate([binned, bin_maps(make_maps(), other)])
    with pytest.raises(InvalidDataError, match="no data sets"):
        estimate([])
