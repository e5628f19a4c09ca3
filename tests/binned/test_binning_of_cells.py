"""Maps in HEALPix summed over bins, against sums over all cells."""

import warnings

import astropy.units as u
import dask.array as da
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.all_bins import KINDS
from cases.cell_loops import every_cell
from cases.cell_maps import make_cell_maps
from cases.maps import make_wcs

from xprofile import SkyBins, bin_image, bin_maps
from xprofile.exceptions import DataWarning, InvalidBinsError, InvalidDataError
from xprofile.maps.grid import sky_grid
from xprofile.maps.wcs import position_coords

CENTER = SkyCoord(20, 40, unit="deg", frame="galactic")
RINGS = SkyBins.annuli(CENTER, edges=[0, 5, 20, 60] * u.deg)


def as_on_off(maps):
    rng, like = np.random.default_rng(8), maps["counts"]
    off = rng.uniform(0, 2, like.shape) * (rng.random(like.shape) > 0.2)
    return maps.drop_vars("background").assign(
        counts_off=like + 3,
        acceptance=like.copy(data=1 + 0 * off),
        acceptance_off=like.copy(data=off),
    )


def same(found, expected):
    assert set(found.variables) == set(expected.variables)
    for name in found.data_vars:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("on_off", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_sums_are_those_of_the_cells(kind, on_off):
    rng = np.random.default_rng([len(kind), on_off])
    cells = rng.permutation(768)[:600]
    maps = make_cell_maps(scheme="ring" if on_off else "nested", cells=cells)
    maps = as_on_off(maps) if on_off else maps
    bins, grid = KINDS[kind](rng), sky_grid(maps)
    inside = every_cell(bins, grid).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            binned = bin_maps(maps, bins)
        except InvalidBinsError:
            assert not inside.any()
            return
        same(bin_maps(maps.chunk(cell=100, energy=1), bins), binned)
    used = maps["mask"].to_numpy()
    used = used & (maps["acceptance_off"].to_numpy() > 0) if on_off else used
    area = binned["solid_angle"].to_numpy()
    assert np.all(area >= inside.sum(axis=1) * grid.cell_solid_angle * (1 - 1e-12))
    counts = (maps["counts"].to_numpy() * used) @ inside.T
    np.testing.assert_allclose(binned["counts"].transpose("energy", ...), counts, rtol=1e-12)
    solid_angle = used @ inside.T * grid.cell_solid_angle
    coverage = np.divide(solid_angle, area, out=np.zeros_like(solid_angle), where=area > 0)
    np.testing.assert_allclose(binned["coverage"].transpose("energy", ...), coverage, rtol=1e-12)
    exposure = (maps["exposure"].to_numpy() * used[0]) @ inside.T * grid.cell_solid_angle
    exposure = np.divide(exposure, area, out=np.zeros_like(exposure), where=area > 0)
    found = binned["exposure"].transpose("energy_true", binned["counts"].dims[-1], ...)
    found = found.isel(energy=0) if "energy" in found.dims else found
    if used[0].any():
        np.testing.assert_allclose(found[:, coverage[0] > 0], exposure[:, coverage[0] > 0])
    np.testing.assert_array_equal(binned["n_pixels"], inside.sum(axis=1))


def with_positions(maps):
    """Maps with a random energy dispersion at each position of a plane."""
    size = 3, 4
    dims = ("lat_edisp", "lon_edisp", "energy_true", "energy")
    values = np.random.default_rng(4).dirichlet(np.ones(2), (*size, 2))
    places = position_coords(make_wcs(center=(20.0, 0.0), step=12.0, shape=size), size, "edisp")
    return maps.assign(edisp=(dims, values)).assign_coords(places)


def test_energy_dispersion_is_that_of_the_nearest_position_to_each_cell():
    maps = with_positions(make_cell_maps(4))
    bins = SkyBins.annuli(SkyCoord(23, 9, unit="deg", frame="galactic"), edges=[0, 9, 15] * u.deg)
    binned, grid = bin_maps(maps, bins), sky_grid(maps)
    lon, lat = grid.pixel_positions(np.arange(grid.shape[1]))
    wcs = make_wcs(center=(20.0, 0.0), step=12.0, shape=(3, 4))
    x, y = wcs.world_to_pixel_values((lon - 20 + 180) % 360 - 160, lat)
    row, column = np.clip(np.rint(y), 0, 2).astype(int), np.clip(np.rint(x), 0, 3).astype(int)
    of_cells = maps["edisp"].to_numpy()[row, column]
    inside = every_cell(bins, grid)
    used = maps["mask"].to_numpy()
    for energy in range(2):
        weight = maps["exposure"].to_numpy() * used[energy]
        for number in range(2):
            part = np.einsum(
                "tc,ct->t", weight[:, inside[number]], of_cells[inside[number], :, energy]
            )
            mean = part / weight[:, inside[number]].sum(axis=1)
            np.testing.assert_allclose(binned["edisp"][number, :, energy], mean, rtol=1e-12)
    same(bin_maps(maps.chunk(cell=500), bins), binned)
    center = bin_maps(maps, bins, response="center")["edisp"]
    nearest = of_cells[grid.find_pixels(bins.center[0].reshape(1))[0]]
    np.testing.assert_array_equal(center, [nearest] * 2)


def test_chunks_that_no_bin_touches_are_not_read():
    maps, read = make_cell_maps(5, "nested"), []

    def load(block, block_info=None):
        read.append(block_info[0]["chunk-location"][-1])
        return block

    names = ("counts", "background", "exposure", "mask")
    lazy = maps.chunk(cell=512)
    for name in names:
        lazy[name] = lazy[name].copy(
            data=da.map_blocks(load, lazy[name].data, dtype=lazy[name].dtype)
        )
    read.clear()  # dask has tried the function
    bins = SkyBins.annuli(CENTER, edges=[0, 2, 8] * u.deg)
    binned = bin_maps(lazy, bins)
    cells = np.flatnonzero(every_cell(bins, sky_grid(maps)).any(axis=0))
    assert sorted(set(read)) == np.unique(cells // 512).tolist()
    assert len(read) == len(names) * len(set(read))
    np.testing.assert_array_equal(binned["counts"], bin_maps(maps, bins)["counts"])


def test_cells_count_with_their_shares_and_part_distances_add_up():
    maps = make_cell_maps(3, "ring").drop_vars("mask")
    bins = SkyBins.annuli(CENTER, edges=[0, 4, 9, 20] * u.deg)
    shared = bin_maps(maps, bins, overlap="subpixel", subpixels=256)
    area = bins.solid_angle.to_value("sr")
    np.testing.assert_allclose(shared["solid_angle"], area, rtol=1e-4)
    assert "256 x 256 subpixels" in shared.attrs["history"]
    same(bin_maps(maps.chunk(cell=100), bins, overlap="subpixel", subpixels=256), shared)
    np.testing.assert_allclose(shared["part_share"].sum("part"), 1)


def test_distances_of_parts_are_those_of_the_cells():
    maps = make_cell_maps(6, "ring").drop_vars("mask")
    bins = SkyBins.annuli(CENTER, edges=[0, 4, 9, 20] * u.deg)
    binned = bin_maps(maps, bins)
    same(bin_maps(maps.chunk(cell=5000), bins), binned)
    np.testing.assert_allclose(binned["part_share"].sum("part"), 1)
    mean = (binned["part_share"] * binned["part_distance"]).sum("part")
    expected = [
        8 / 3,
        2 / 3 * (9**3 - 4**3) / (9**2 - 4**2),
        2 / 3 * (20**3 - 9**3) / (20**2 - 9**2),
    ]
    np.testing.assert_allclose(mean, expected, rtol=0.02)


def test_overlaps_and_empty_bins_are_told():
    maps = make_cell_maps(3, cells=np.arange(300))
    two = [SkyBins.annuli(CENTER, edges=[0, 30] * u.deg).to_regions()[0]] * 2
    with pytest.warns(UserWarning, match="pixels are counted in more than one bin"):
        binned = bin_maps(maps, two)
    assert binned.attrs["overlapping_pixels"] == binned["n_pixels"][0]
    small = SkyBins.annuli(SkyCoord(46, 1, unit="deg", frame="galactic"), edges=[0, 0.1] * u.deg)
    with pytest.warns(DataWarning, match="no bin holds the centre of a pixel"):
        bin_image(maps["counts"], small)
    south = SkyCoord(0, -80, unit="deg", frame="galactic")
    with pytest.raises(InvalidBinsError, match=r"latitudes -35\.6853 to 84\.1497 deg"):
        bin_maps(maps, SkyBins.annuli(south, edges=[0, 3] * u.deg))
    with pytest.warns(DataWarning, match="1 of 2 bins is off the map"):
        bin_maps(maps, [two[0], SkyBins.annuli(south, edges=[0, 3] * u.deg).to_regions()[0]])


def test_odd_values_in_used_cells_are_refused():
    maps = make_cell_maps(3)
    maps["counts"] = maps["counts"].astype(float)
    maps["counts"][0, 5] = np.nan
    maps["mask"][0, 5] = True
    everywhere = SkyBins.annuli(CENTER, edges=[0, 180] * u.deg)
    with pytest.raises(InvalidDataError, match="counts is negative or not finite in 1 used"):
        bin_maps(maps, everywhere)
    maps["mask"][0, 5] = False
    assert np.isfinite(bin_maps(maps, everywhere)["counts"]).all()
