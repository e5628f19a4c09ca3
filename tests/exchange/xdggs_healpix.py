"""HEALPix maps as xdggs and healpy see them.

Not among the fast tests: ``nox -s xdggs`` runs it in an environment with both.
"""

import astropy.units as u
import healpy
import numpy as np
import pytest
import xarray as xr
import xdggs
from astropy.coordinates import SkyCoord
from cases.cell_maps import make_cell_maps

from xprofile import SkyBins, bin_maps, open_map, open_maps

CENTER = SkyCoord(30, 20, unit="deg", frame="galactic")
BINS = SkyBins.annuli(CENTER, edges=[0, 10, 20] * u.deg)
SCHEMES = ("nested", "ring")
CELLS = {"all": None, "some": np.arange(100, 500)}


def written(maps, kind, folder):
    """Write maps as netCDF or Zarr, and open them by xarray alone."""
    path = folder / f"maps.{kind}"
    if kind == "nc":
        maps.to_netcdf(path)
        return xr.open_dataset(path)
    maps.profile.to_zarr(path)
    return xr.open_zarr(path)


@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", ["nc", "zarr"])
def test_xdggs_decodes_what_is_written(kind, scheme, cells, tmp_path):
    maps = make_cell_maps(3, scheme, CELLS[cells])
    decoded = xdggs.decode(written(maps, kind, tmp_path))
    info = decoded.dggs.grid_info
    assert (info.level, info.indexing_scheme) == (3, scheme)
    centers = decoded.dggs.cell_centers()
    lon, lat = healpy.pix2ang(8, maps["cell_ids"].values, nest=scheme == "nested", lonlat=True)
    np.testing.assert_allclose(centers["longitude"] % 360, lon % 360, atol=1e-9)
    np.testing.assert_allclose(centers["latitude"], lat, atol=1e-9)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_maps_bin_as_before_once_xdggs_has_decoded_them(scheme):
    maps = make_cell_maps(3, scheme)
    decoded = xdggs.decode(maps)
    expected = bin_maps(maps, BINS)
    found = decoded.profile.bin(BINS)
    for name in ("counts", "exposure", "solid_angle", "coverage"):
        np.testing.assert_array_equal(found[name], expected[name])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_selection_by_xdggs_is_that_of_healpy(scheme):
    maps = make_cell_maps(3, scheme)
    lon, lat = np.array([30.0, 200.0]), np.array([20.0, -60.0])
    chosen = xdggs.decode(maps).dggs.sel_latlon(latitude=lat, longitude=lon)
    expected = healpy.ang2pix(8, lon, lat, nest=scheme == "nested", lonlat=True)
    np.testing.assert_array_equal(chosen["cell_ids"], expected)
    np.testing.assert_array_equal(chosen["counts"], maps["counts"].values[:, expected])


@pytest.mark.parametrize("nest", [True, False])
@pytest.mark.parametrize("options", [{}, {"partial": True}, {"dtype": np.float32}])
def test_maps_that_healpy_writes_have_their_values_at_their_places(options, nest, tmp_path):
    values = np.random.default_rng(1).uniform(1, 2, 768).astype(np.float32)
    if "partial" in options:
        values[:300] = healpy.UNSEEN
    healpy.write_map(tmp_path / "m.fits", values, nest=nest, coord="G", **options)
    image = open_map(tmp_path / "m.fits")
    sky = image.profile.skycoord.galactic
    at = healpy.ang2pix(8, sky.l.deg, sky.b.deg, nest=nest, lonlat=True)
    known = np.isfinite(image.values)
    assert known.sum() == (values > 0).sum()
    np.testing.assert_array_equal(image.values[known], values[at][known])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_healpy_reads_what_is_written(scheme, tmp_path):
    maps = make_cell_maps(3, scheme)
    maps.profile.to_fits(tmp_path / "maps.fits")
    again = open_maps(tmp_path / "maps.fits")
    np.testing.assert_array_equal(again["counts"], maps["counts"])
    nest = scheme == "nested"
    found = healpy.read_map(tmp_path / "maps.fits", field=None, hdu=1, nest=nest)
    np.testing.assert_array_equal(np.atleast_2d(found), maps["counts"])
