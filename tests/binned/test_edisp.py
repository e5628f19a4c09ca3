"""Energy dispersion that varies over the map, in bins and in estimates."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.bins import galactic
from cases.maps import make_maps, make_wcs

from xprofile import SkyBins, bin_maps, estimate
from xprofile.binned.edisp import edisp_of_bins
from xprofile.maps.wcs import encode_wcs

GRID = (3, 5)  # positions of 2 deg: latitudes -2, 0, 2 and longitudes 4 to -4


def with_edisp(maps, seed=2):
    """Add a different kernel at each position."""
    values = np.random.default_rng(seed).dirichlet(np.ones(4), (*GRID, 6))
    maps = maps.assign_coords(wcs_edisp=encode_wcs(make_wcs(step=2.0, shape=GRID)))
    dims = ("lat_edisp", "lon_edisp", "energy_true", "energy")
    return maps.assign(edisp=(dims, values, {"long_name": "edisp"}))


def circle_at(lon, lat):
    return SkyBins.annuli(galactic(lon, lat), radius_max=0.5 * u.deg, nbin=1)


@pytest.mark.parametrize(
    ("lon", "lat", "row", "column"),
    [
        (0, 0, 1, 2),
        (0.9, 0.9, 1, 2),
        (1.1, -1.1, 0, 1),
        (-3.9, 1.9, 2, 4),
        (1, 0, 1, 1),  # half-way between columns 1 and 2
        (0, 1, 1, 2),  # half-way between rows 1 and 2
        (-1, -1, 0, 2),
        (12, 0, 1, 0),
        (0, -40, 0, 2),
        (-30, 30, 2, 4),
    ],
)
def test_the_nearest_position_counts_and_the_lower_one_of_two(lon, lat, row, column):
    maps = with_edisp(make_maps())
    found = edisp_of_bins(maps, circle_at(lon, lat).center)
    assert found.dims == ("projected_distance", "energy_true", "energy")
    np.testing.assert_array_equal(found[0], maps["edisp"][row, column])


def test_a_single_kernel_is_used_for_all_bins():
    maps = with_edisp(make_maps())
    maps = maps.assign(edisp=maps["edisp"][1, 2].drop_vars("wcs_edisp"))
    xr.testing.assert_identical(edisp_of_bins(maps, circle_at(2, 0).center), maps["edisp"].variable)


SECTORS = SkyBins.sectors(
    galactic(0.1, 0.1), radius_min=1.5 * u.deg, radius_max=2.5 * u.deg, nbin=4
)


def line():
    return SkyBins.along_line(galactic(3.5, 0.1), galactic(-3.5, 0.1), height=3 * u.deg, nbin=7)


@pytest.mark.parametrize(
    ("bins", "dim"),
    [
        (line(), "projected_distance"),
        (SECTORS, "position_angle"),
        (SkyBins.grid(galactic(0.1, 0), width=4 * u.deg, height=4 * u.deg, nbin=(2, 2)), "region"),
    ],
)
def test_estimates_equal_those_of_each_bin_with_its_kernel(bins, dim):
    maps = with_edisp(make_maps())
    before = maps.copy(deep=True)
    binned = bin_maps(maps, bins)
    xr.testing.assert_identical(maps, before)
    assert set(binned["edisp"].dims) == {dim, "energy_true", "energy"}
    profile = estimate(binned, selection_optional="all")
    kernels = edisp_of_bins(maps, bins.center)
    assert len(np.unique(kernels.to_numpy()[:, 0, 0])) > 1
    for i in range(len(bins)):
        one = maps.drop_vars(["edisp", "wcs_edisp"])
        one = one.assign(edisp=(("energy_true", "energy"), kernels.to_numpy()[i]))
        alone = estimate(bin_maps(one, bins), selection_optional="all")
        for name in ("norm", "norm_err", "sqrt_ts", "norm_ul", "npred"):
            np.testing.assert_allclose(
                profile[name][i], alone[name][i], rtol=1e-6, atol=0, err_msg=name
            )
