"""Selections by longitude modulo 360 deg, and by positions on the sky."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from cases.maps import make_maps

import xprofile
from xprofile import SkyBins, bin_image, bin_maps, from_arrays
from xprofile.exceptions import InvalidOptionError, MissingVariableError


def galactic(lon, lat):
    return SkyCoord(lon, lat, unit="deg", frame="galactic")


ACROSS = SkyBins.along_line(galactic(3, 0), galactic(357, 0), height=2 * u.deg, nbin=6)


@pytest.fixture(scope="module")
def maps():
    return make_maps()


@pytest.fixture(scope="module")
def binned(maps):
    return bin_maps(maps, ACROSS)


def whole_sky(center, step=2.0, ctype="CAR"):
    """Map of the whole sky whose values are the numbers of the pixels."""
    wcs = WCS(naxis=2)
    columns, rows = round(360 / step), round(180 / step)
    wcs.wcs.ctype = [f"GLON-{ctype}", f"GLAT-{ctype}"]
    wcs.wcs.crval, wcs.wcs.cdelt = [center, 0], [-step, step]
    wcs.wcs.crpix = [(columns + 1) / 2, (rows + 1) / 2]
    values = np.arange(columns * rows, dtype=float).reshape(1, rows, columns)
    return from_arrays(
        counts=values, background=np.ones_like(values), exposure=np.ones_like(values),
        exposure_unit="cm2 s", wcs=wcs, energy_edges=[1, 10] * u.TeV, energy_true=[3] * u.TeV,
    )  # fmt: skip


class TestLongitudes:
    @pytest.mark.parametrize("turn", [-360, 0, 360, 720])
    def test_nearest_in_every_turn(self, maps, binned, turn):
        one = maps.profile.sel(lon=(358.62 + turn) * u.deg, method="nearest")
        assert float(one.lon) == min(maps.lon.to_numpy(), key=lambda lon: abs(lon + 1.38))
        assert float(maps.counts.profile.sel(lon=358.62 + turn, method="nearest").lon) == one.lon
        bin_there = binned.profile.sel(lon=(-1.6 + turn) * u.deg, method="nearest")
        assert float(bin_there.lon) == pytest.approx(358.5)

    @pytest.mark.parametrize(("start", "stop"), [(2, 358.5), (-1.5, 2), (362, 358.5), (2, -1.5)])
    def test_slices_take_the_shorter_way(self, maps, start, stop):
        found = maps.profile.sel(lon=slice(start * u.deg, stop * u.deg))
        lon = maps.lon.to_numpy()
        np.testing.assert_array_equal(found.lon, lon[(lon >= -1.5) & (lon <= 2)])
        xr.testing.assert_identical(found, maps.isel(lon=(lon >= -1.5) & (lon <= 2)))

    def test_slices_of_bins(self, binned):
        np.testing.assert_allclose(binned.profile.sel(lon=slice(1, 359)).lon, [0.5, 359.5])
        np.testing.assert_allclose(binned.profile.sel(lon=slice(-1, 1)).lon, [0.5, 359.5])
        assert binned.profile.sel(lon=slice(10, 20)).sizes["projected_distance"] == 0
        np.testing.assert_allclose(binned.profile.sel(lat=slice(1, -1)).lon, binned.lon)

    def test_open_slices(self, maps):
        lon = maps.lon.to_numpy()  # descends
        np.testing.assert_array_equal(
            maps.profile.sel(lon=slice(358 * u.deg, None)).lon, lon[lon <= -2]
        )
        np.testing.assert_array_equal(
            maps.profile.sel(lon=slice(None, 358 * u.deg)).lon, lon[lon >= -2]
        )
        assert maps.profile.sel(lon=slice(None)).sizes == maps.sizes
        assert maps.profile.sel(lon=slice(0, 360)).sizes == maps.sizes

    def test_equal_values(self, maps):
        lon = maps.lon.to_numpy()
        one = maps.profile.sel(lon=lon[[1, 3]] + 360)
        np.testing.assert_array_equal(one.lon, lon[[1, 3]])
        with pytest.raises(KeyError, match="nearest"):
            maps.profile.sel(lon=lon[0] + 0.01)
        with pytest.raises(KeyError, match="tolerance"):
            maps.profile.sel(lon=90 * u.deg, method="nearest", tolerance=1 * u.arcmin)

    def test_pointwise(self, maps):
        lon = xr.DataArray([358.6, 1.4], dims="place")
        lat = xr.DataArray([0.1, -0.1], dims="place")
        found = maps.profile.sel(lon=lon, lat=lat, method="nearest")
        assert found.counts.dims == ("energy", "place")
        np.testing.assert_allclose(found.lon, [-1.4, 1.4], atol=0.2)

    def test_position_angles(self):
        sectors = SkyBins.sectors(galactic(0, 0), radius_max=2 * u.deg, nbin=4)
        profile = bin_maps(make_maps(), sectors)
        assert float(profile.profile.sel(position_angle=-40 * u.deg, method="nearest")
                     .position_angle) == 315  # fmt: skip

    @pytest.mark.parametrize("center", [0, 180, 77])
    def test_seam_of_the_whole_sky(self, center, tmp_path):
        maps = whole_sky(center)
        seam = center + 180
        part = maps.profile.sel(lon=slice((seam - 9.5) * u.deg, (seam + 9.5) * u.deg))
        lon = part.lon.to_numpy()
        assert lon.size == 10
        np.testing.assert_allclose(np.diff(lon), -2)
        values = part.counts.squeeze().to_numpy()[0]
        np.testing.assert_array_equal(values, [175, 176, 177, 178, 179, 0, 1, 2, 3, 4])
        bins = SkyBins.annuli(galactic(seam, 0), radius_max=8 * u.deg, nbin=2)
        np.testing.assert_array_equal(
            bin_image(part.counts, bins), bin_image(maps.counts, bins)
        )  # the same pixels on the sky
        part.profile.to_fits(tmp_path / "part.fits")
        again = xprofile.open_maps(tmp_path / "part.fits")
        apart = again.profile.skycoord.separation(part.profile.skycoord).deg
        assert apart.max() < 1e-9

    def test_seam_of_another_projection(self):
        sky = whole_sky(0, ctype="AIT").counts
        assert "lon" not in sky.coords
        with pytest.raises(MissingVariableError, match="position=SkyCoord"):
            sky.profile.sel(lon=3 * u.deg)


class TestPositions:
    @pytest.mark.parametrize("frame", ["galactic", "icrs", "fk5"])
    def test_pixel(self, maps, frame):
        place = galactic(358.63, 0.42).transform_to(frame)
        found = maps.profile.sel(position=place)
        sky = maps.profile.skycoord
        row, column = np.unravel_index(sky.separation(place).argmin(), sky.shape)
        xr.testing.assert_identical(found, maps.isel(lat=row, lon=column))
        xr.testing.assert_identical(maps.counts.profile.sel(position=place), found.counts)

    def test_pixels_of_any_projection(self):
        sky = whole_sky(0, ctype="AIT")
        places = galactic([10, 179, 181, 300], [80, 3, 3, -60])
        found = sky.profile.sel(position=places)
        assert found.counts.dims == ("energy", "position")
        everywhere = sky.profile.skycoord
        for place, value in zip(places, found.counts[0].to_numpy(), strict=True):
            apart = everywhere.separation(place).deg
            assert apart.flat[int(value)] == pytest.approx(np.nanmin(apart), abs=0.3)

    def test_bins(self, binned):
        one = binned.profile.sel(position=galactic(359.4, 0.3))
        assert float(one.lon) == pytest.approx(359.5)
        two = binned.profile.sel(position=galactic([359.4, 2.1], [0, 0]))
        np.testing.assert_allclose(two.lon, [359.5, 2.5])

    def test_rings(self, maps):
        rings = SkyBins.annuli(galactic(0, 0), radius_max=4 * u.deg, nbin=4)
        binned = bin_maps(maps, rings)
        for radius, middle in [(0, 0.5), (0.99, 0.5), (1, 1.5), (3.2, 3.5), (9, 3.5)]:
            found = binned.profile.sel(position=galactic(0, radius))
            assert float(found.projected_distance) == middle
        with pytest.raises(KeyError, match="within 1 deg"):
            binned.profile.sel(position=galactic(0, 9), tolerance=1 * u.deg)

    def test_off_the_map(self, maps):
        with pytest.raises(KeyError, match="off the map"):
            maps.profile.sel(position=galactic(100, 0))
        edge = maps.profile.sel(position=galactic(5, 0), tolerance=2 * u.deg)
        assert float(edge.lon) == float(maps.lon.max())
        with pytest.raises(KeyError, match=r"no pixel within 0\.5 deg"):
            maps.profile.sel(position=galactic(5, 0), tolerance=30 * u.arcmin)

    def test_what_cannot_be(self, maps, binned):
        with pytest.raises(InvalidOptionError, match="position and lon"):
            maps.profile.sel(position=galactic(0, 0), lon=3)
        with pytest.raises(InvalidOptionError, match="SkyCoord"):
            xprofile.select(maps, position=(0, 0))
        with pytest.raises(MissingVariableError, match="lon and lat"):
            binned.drop_vars("lon").profile.sel(position=galactic(0, 0))
        ellipses = SkyBins.elliptical_annuli(
            galactic(0, 0), radius_max=2 * u.deg, nbin=2, axis_ratio=0.5,
            position_angle=0 * u.deg,
        )  # fmt: skip
        with pytest.raises(InvalidOptionError, match="one centre"):
            bin_maps(maps, ellipses).profile.sel(position=galactic(0, 0))
