"""Energy dispersion that varies over the map, in bins and in estimates."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.wcs import WCS
from cases.bins import galactic
from cases.maps import make_maps, make_wcs, uneven_maps

from xprofile import SkyBins, bin_maps, estimate
from xprofile.binned.edisp import edisp_at_centers
from xprofile.binned.members.finding import find_members
from xprofile.exceptions import InvalidOptionError
from xprofile.maps.wcs import encode_wcs, pixel_grid

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
    found = edisp_at_centers(maps, circle_at(lon, lat).center)
    assert found.dims == ("projected_distance", "energy_true", "energy")
    np.testing.assert_array_equal(found[0], maps["edisp"][row, column])


def test_a_single_kernel_is_used_for_all_bins():
    maps = with_edisp(make_maps())
    maps = maps.assign(edisp=maps["edisp"][1, 2].drop_vars("wcs_edisp"))
    xr.testing.assert_identical(
        edisp_at_centers(maps, circle_at(2, 0).center), maps["edisp"].variable
    )


SECTORS = SkyBins.sectors(
    galactic(0.1, 0.1), radius_min=1.5 * u.deg, radius_max=2.5 * u.deg, nbin=4
)


def line():
    return SkyBins.along_line(galactic(3.5, 0.1), galactic(-3.5, 0.1), height=3 * u.deg, nbin=7)


@pytest.mark.heavy
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
    binned = bin_maps(maps, bins, response="center")
    xr.testing.assert_identical(maps, before)
    assert set(binned["edisp"].dims) == {dim, "energy_true", "energy"}
    profile = estimate(binned, selection_optional="all")
    kernels = edisp_at_centers(maps, bins.center)
    assert len(np.unique(kernels.to_numpy()[:, 0, 0])) > 1
    for i in range(len(bins)):
        one = maps.drop_vars(["edisp", "wcs_edisp"])
        one = one.assign(edisp=(("energy_true", "energy"), kernels.to_numpy()[i]))
        alone = estimate(bin_maps(one, bins), selection_optional="all")
        for name in ("norm", "norm_err", "sqrt_ts", "norm_ul", "npred"):
            np.testing.assert_allclose(
                profile[name][i], alone[name][i], rtol=1e-6, atol=0, err_msg=name
            )


def brute_force(maps, bins):
    """Mean over used pixels, one by one, of the kernel nearest to each."""
    edges = WCS(dict(maps["wcs_edisp"].attrs))
    rows, columns = (np.arange(n) for n in GRID)
    lon, lat = edges.wcs_pix2world(*np.meshgrid(columns, rows), 0)
    places = galactic(lon, lat)
    members = find_members(bins, pixel_grid(maps))
    sky = maps.profile.skycoord.reshape(-1)[members.pixel]
    nearest = places.reshape(-1)[:, None].separation(sky).argmin(axis=0)
    kernels = maps["edisp"].to_numpy().reshape(-1, 6, 4)[nearest]
    plane = (slice(None), *np.unravel_index(members.pixel, maps["counts"].shape[1:]))
    exposure, mask = maps["exposure"].to_numpy()[plane], maps["mask"].to_numpy()[plane]
    weight = np.einsum("tp,ep,p->pte", exposure, mask, members.solid_angle)
    found = np.zeros((len(bins), 6, 4))
    total = np.zeros((len(bins), 6, 4))
    np.add.at(found, members.bin, weight * kernels)
    np.add.at(total, members.bin, weight)
    return found / total


@pytest.mark.heavy
@pytest.mark.parametrize("chunks", [None, {"lat": 17, "lon": 30}, {"energy": 1, "energy_true": 2}])
@pytest.mark.parametrize("bins", [line(), SECTORS, circle_at(1, 1)])
def test_the_mean_over_used_pixels(bins, chunks):
    maps = with_edisp(uneven_maps().drop_vars("edisp"))
    expected = brute_force(maps, bins)
    binned = bin_maps(maps if chunks is None else maps.chunk(chunks), bins)
    np.testing.assert_allclose(binned["edisp"], expected, rtol=1e-12, atol=0)
    assert np.abs(expected - edisp_at_centers(maps, bins.center).to_numpy()).max() > 0.01
    plain = bin_maps(maps, bins, response="center")
    for name in set(plain.data_vars) - {"edisp"}:
        np.testing.assert_allclose(binned[name], plain[name], rtol=1e-12, atol=0, err_msg=name)


def test_equal_kernels_stay_what_they_are():
    maps = with_edisp(uneven_maps().drop_vars("edisp"))
    maps["edisp"] = maps["edisp"] * 0 + maps["edisp"][0, 0]
    exposure = maps["exposure"].copy()
    exposure[2] = 0  # a true energy without exposure
    maps["exposure"] = exposure
    found = bin_maps(maps, line())["edisp"]
    for kernel in found:
        np.testing.assert_allclose(kernel, maps["edisp"][0, 0], rtol=1e-12, atol=0)


def test_bins_without_used_pixels():
    maps = with_edisp(make_maps())
    maps["mask"] = maps["mask"] & (maps["lon"] < 0)
    found = bin_maps(maps, line())["edisp"]
    np.testing.assert_array_equal(found[:3], 0)
    assert (found[4:].sum("energy") > 0.99).all()
    profile = estimate(bin_maps(maps, line()), selection_optional="all")
    assert (profile["status"][:3] != 0).all()
    np.testing.assert_array_equal(np.isnan(profile["norm"].squeeze()), np.arange(7) < 3)


def test_unknown_response():
    with pytest.raises(InvalidOptionError, match="'pixels' or 'center', found 'centre'"):
        make_maps().profile.bin(line(), response="centre")
