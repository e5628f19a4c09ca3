"""Profiles joined along one more dimension, as a user would: what works on the result."""

from functools import cache
from itertools import product

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps

from xprofile import SkyBins, bin_maps, check_profile, estimate, power_law, to_sed_type
from xprofile.exceptions import InvalidDataError
from xprofile.schema.axes import bin_dim

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
BINS = {
    "projected_distance": SkyBins.annuli(CENTER, radius_max=2 * u.deg, nbin=4),
    "position_angle": SkyBins.sectors(CENTER, radius_max=2 * u.deg, nbin=4),
    "region": SkyBins.grid(CENTER, width=2 * u.deg, height=2 * u.deg, nbin=(2, 2)),
}
# what xarray offers; the dims that come of it differ
WAYS = {
    "default": {},
    "all": {"data_vars": "all"},
    "different": {"data_vars": "different", "coords": "different", "compat": "equals"},
}


def profile(dim="projected_distance", seed=1, index=2.0):
    return estimated(dim, seed, index).copy(deep=True)


@cache
def estimated(dim, seed, index):
    return estimate(
        bin_maps(make_maps(seed=seed), BINS[dim]),
        spectral_model=power_law(index),
        energy_edges=[10, 100, 1000] * u.GeV,
        selection_optional="all",
        norm_values=np.linspace(-60, 240, 121),
    )


# each way with each name and with each dim; all of them are among the slow tests
JOINED = [
    case
    if case[1] == "projected_distance" or (case[0] == "time" and case[2] == "different")
    else pytest.param(*case, marks=pytest.mark.slow)
    for case in product(["time", "model"], BINS, WAYS)
]


def joined(parts, name, way):
    index = pd.Index([54000.0, 54001.0], name=name)
    return xr.concat(parts, index, combine_attrs="drop_conflicts", **WAYS[way])


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dim", "way"), JOINED)
def test_what_works_on_each_works_on_all(name, dim, way):
    index = {"time": (2.0, 2.0), "model": (2.0, 2.6)}[name]
    parts = [profile(dim, seed, i) for seed, i in zip((1, 2), index, strict=True)]
    whole = joined(parts, name, way)
    check_profile(whole)
    assert bin_dim(whole) == dim
    limits = whole.profile.upper_limits()
    higher = whole.profile.with_threshold(3.0)
    again = whole.profile.recompute_ul(3)
    frame = whole.profile.to_dataframe("dnde")
    assert len(frame) == 16
    assert list(frame.columns[:2]) == [name, dim]
    for i, part in enumerate(parts):
        for kind in ("dnde", "eflux", "norm"):
            bright = kind != "norm"
            found = to_sed_type(whole, kind, per_solid_angle=bright).isel({name: i})
            expected = to_sed_type(part, kind, per_solid_angle=bright)
            for end in ("", "_err", "_errn", "_ul"):
                both = [p[kind + end].transpose(dim, "energy") for p in (found, expected)]
                np.testing.assert_allclose(*both, rtol=1e-12)
                assert both[0].attrs == both[1].attrs
        assert_equal_at(limits, part.profile.upper_limits(), name, i)
        assert_equal_at(higher.is_ul, part.profile.with_threshold(3.0).is_ul, name, i)
        assert_equal_at(again.norm_ul, part.profile.recompute_ul(3).norm_ul, name, i)
        rows = frame[frame[name] == 54000.0 + i]
        np.testing.assert_allclose(rows["dnde"], to_sed_type(part, "dnde").dnde.to_numpy().ravel())
        table = whole.isel({name: i}).profile.to_table("dnde")
        np.testing.assert_array_equal(table["dnde_ul"], part.profile.to_table("dnde")["dnde_ul"])


def assert_equal_at(whole, part, name, i):
    np.testing.assert_array_equal(whole.isel({name: i}).transpose(*part.dims), part)


def test_what_all_share_may_be_left_out():
    """Where nothing but the norm differs, xarray gives it alone the new dimension."""
    first = profile()
    second = first.assign(norm=first.norm + 0.1)
    whole = joined([first, second], "time", "different")
    assert whole.norm_ul.dims == ("projected_distance", "energy")
    assert whole.profile.upper_limits().dims == whole.norm.dims
    assert len(whole.profile.to_dataframe()) == 16
    np.testing.assert_array_equal(
        whole.profile.recompute_ul(3).norm_ul.isel(time=1), second.profile.recompute_ul(3).norm_ul
    )


def test_attrs_that_all_share_stay():
    parts = [profile(seed=1), profile(seed=2, index=2.6)]
    whole = joined(parts, "model", "default")
    assert set(parts[0].attrs) - set(whole.attrs) == {"history", "spectral_model"}
    assert whole.ref_dnde.dims == ("model", "energy")  # the models differ by this alone
    alike = joined([profile(seed=1), profile(seed=2)], "time", "default")
    assert set(alike.attrs) == set(parts[0].attrs)


@pytest.mark.slow
def test_plots_are_of_one(tmp_path):
    whole = joined([profile(seed=1), profile(seed=2, index=2.6)], "model", "default")
    with pytest.raises(InvalidDataError, match=r"isel\(model=0\)"):
        whole.profile.plot()
    one, ax = whole.isel(model=1), whole.isel(model=1).profile.plot(sed_type="dnde")
    expected = profile(seed=2, index=2.6).profile.plot(sed_type="dnde", ax=None)
    assert ax.get_ylabel() == expected.get_ylabel()
    one.profile.to_fits(tmp_path / "one.fits")
    whole.to_netcdf(tmp_path / "all.nc")
    with xr.open_dataset(tmp_path / "all.nc") as back:
        xr.testing.assert_identical(back.load().profile.to_sed_type("flux"),
                                    whole.profile.to_sed_type("flux"))  # fmt: skip
