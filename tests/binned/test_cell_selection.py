"""Parts of maps in HEALPix, excluded regions and cells, and sums of one map over bins."""

import astropy.units as u
import dask
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.bins import galactic
from cases.cell_maps import make_cell_maps
from regions import CircleSkyRegion

from xprofile import SkyBins, bin_image, bin_maps, cutout, exclude, skycoord
from xprofile.exceptions import DataWarning, InvalidBinsError, InvalidDataError

CENTER = galactic(3, 70)
every_kind = pytest.mark.parametrize(
    ("scheme", "chunk"), [("nested", None), ("ring", None), ("nested", 300), ("ring", 300)]
)


def separations(maps):
    return skycoord(maps).separation(CENTER).deg


@every_kind
def test_excluded_circles(scheme, chunk):
    maps = make_cell_maps(4, scheme, chunk=chunk)
    masked = exclude(maps, [CircleSkyRegion(CENTER, 20 * u.deg)])
    assert (masked["mask"].chunks is None) == (chunk is None)
    assert masked["mask"].attrs == maps["mask"].attrs
    expected = maps["mask"].to_numpy() & (separations(maps) >= 20)
    np.testing.assert_array_equal(masked["mask"], expected)
    assert "exclude" in masked.attrs["history"]


@every_kind
def test_excluded_cells(scheme, chunk):
    maps = make_cell_maps(2, scheme, chunk=chunk).drop_vars("mask")
    masked = exclude(maps, maps.counts > 3)
    np.testing.assert_array_equal(masked["mask"], maps.counts <= 3)
    masked = exclude(maps, maps.exposure > 1.5e10)
    expected = ~(maps.exposure.to_numpy() > 1.5e10).all(axis=0)
    np.testing.assert_array_equal(masked["mask"], [expected] * 2)


def test_what_is_not_excluded():
    maps = make_cell_maps(2)
    with pytest.raises(InvalidDataError, match="not on the pixels"):
        exclude(maps, (maps.counts > 3).isel(cell=slice(None, None, -1)))
    with pytest.raises(InvalidDataError, match=r"the dims \(energy, cell\) or \(cell\)"):
        exclude(maps, maps.counts)
    with pytest.warns(DataWarning, match="nothing is excluded"):
        exclude(make_cell_maps(4, cells=[5]), [CircleSkyRegion(CENTER, 1 * u.deg)])


@every_kind
@pytest.mark.parametrize("order", [1, -1])
def test_cells_of_a_box_and_of_a_circle(scheme, chunk, order):
    maps = make_cell_maps(5, scheme, slice(None, None, order), chunk=chunk)
    part = cutout(maps, CENTER, (70 * u.deg, 24 * u.deg))
    lon, lat = CENTER.spherical_offsets_to(skycoord(maps))
    inside = (np.abs(lon.deg) < 35) & (np.abs(lat.deg) < 12)
    np.testing.assert_array_equal(part.cell_ids, maps.cell_ids[inside])
    np.testing.assert_array_equal(part.counts, maps.counts[:, inside])
    part = maps.counts.profile.cutout(CENTER, radius=25 * u.deg)
    np.testing.assert_array_equal(part.cell_ids, maps.cell_ids[separations(maps) < 25])


@pytest.mark.parametrize("options", [{"width": 1 * u.arcsec}, {"radius": 1 * u.arcsec}])
def test_tiny_ones_have_the_cell_that_holds_them(options):
    maps = make_cell_maps(2)
    part = cutout(maps, CENTER, **options)
    assert part.cell_ids == maps.profile.sel(position=CENTER).cell_ids


@pytest.mark.parametrize("options", [{"width": 5 * u.deg}, {"radius": 5 * u.deg}])
def test_a_part_off_the_map(options):
    with pytest.raises(InvalidBinsError, match="is off the map"):
        cutout(make_cell_maps(2, cells=[100]), CENTER, **options)


@pytest.mark.heavy
@every_kind
def test_sums_and_means_over_rings(scheme, chunk):
    maps = make_cell_maps(5, scheme, chunk=chunk)
    rings = SkyBins.annuli(CENTER, edges=[0, 10, 30, 45] * u.deg)
    summed = bin_image(maps.counts, rings)
    ring = np.digitize(separations(maps), [10, 30, 45])
    expected = [np.bincount(ring, row)[:3] for row in maps.counts.to_numpy()]
    np.testing.assert_array_equal(summed, expected)
    assert "healpix" not in summed.coords
    mean = bin_image(maps.exposure.transpose(), rings, how="mean")
    expected = [
        np.bincount(ring, row)[:3] / np.bincount(ring)[:3] for row in maps.exposure.to_numpy()
    ]
    np.testing.assert_allclose(mean, expected, rtol=1e-12)


def test_a_part_is_binned_as_the_whole():
    maps = make_cell_maps(5)
    rings = SkyBins.annuli(CENTER, edges=[0, 10, 20] * u.deg)
    part = cutout(maps, CENTER, 50 * u.deg)
    for name in ("counts", "solid_angle", "coverage"):
        np.testing.assert_allclose(
            bin_maps(part, rings)[name], bin_maps(maps, rings)[name], rtol=1e-12
        )


def test_selections_read_nothing():
    def refuse(*_args, **_options):
        raise AssertionError("values were computed")

    maps = make_cell_maps(4)
    lazy = maps.assign({n: maps[n].chunk(cell=100) for n in ("counts", "exposure", "mask")})
    with dask.config.set(scheduler=refuse):
        cutout(lazy, CENTER, 5 * u.deg)
        exclude(lazy, [CircleSkyRegion(CENTER, 20 * u.deg)])
        lazy.profile.coarsen(2)
        lazy.profile.sel(position=SkyCoord(0, 0, unit="deg"))
        lazy.profile.sel(lat=slice(3, 20))
        lazy.profile.assign_sky_coords()
