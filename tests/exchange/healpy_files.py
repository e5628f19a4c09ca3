"""Maps that the installed healpy writes, read with the right values at the right places.

Not among the fast tests: nox runs it in environments with healpy.
"""

from itertools import product

import astropy.units as u
import healpy
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord

from xprofile import open_map, open_maps
from xprofile.exceptions import DataWarning, FileFormatError
from xprofile.maps.grid import sky_grid
from xprofile.maps.regridding.any_grids import interpolate_to_positions

DTYPES = (np.float32, np.float64, np.int16, np.int32, np.int64, np.uint8)
SIDES = (1, 2, 8, 16, 32, 64)  # rows of 1024 cells begin at 16
FRAMES = {"G": "galactic", "C": "icrs", "E": "barycentricmeanecliptic"}


def smooth(lon, lat):
    return np.cos(np.radians(lat)) * np.cos(np.radians(lon - 40)) + 2


def sky(nside, nest):
    """Values of a smooth sky, and latitudes."""
    cells = np.arange(12 * nside**2)
    lon, lat = healpy.pix2ang(nside, cells, nest=nest, lonlat=True)
    return smooth(lon, lat), lat


def expected(found):
    lon, lat = sky_grid(found).pixel_positions(np.arange(found.sizes["cell"]))
    return smooth(lon, lat), lat


def both(path, **options):
    """The map read at once, and when its values are needed, which must be the same."""
    found = open_map(path, **options)
    with xr.open_dataset(path, engine="xprofile", **options) as data:
        later = data[found.name].isel(cell=slice(None)).load()
    np.testing.assert_array_equal(found, later)
    np.testing.assert_array_equal(found["cell_ids"], later["cell_ids"])
    return found


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("nest", [True, False])
def test_full_skies(dtype, nest, tmp_path):
    for nside, idl, coord in product(SIDES, (True, False), FRAMES):
        most = 100 if dtype == np.uint8 else 2**15
        values = (1000 * sky(nside, nest)[0]).astype(np.int64) % most
        options = {"nest": nest, "dtype": dtype, "coord": coord, "fits_IDL": idl}
        path = tmp_path / "map.fits"
        healpy.write_map(path, values, column_units="K_CMB", overwrite=True, **options)
        found = both(path)
        np.testing.assert_array_equal(found, values)
        assert (found.dtype, found.attrs["units"]) == (dtype, "K_CMB")
        assert found["healpix"].attrs["frame"] == FRAMES[coord]


@pytest.mark.parametrize("nest", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_skies_in_part(nest, dtype, tmp_path):
    for nside, partial, none in product(SIDES[2:], (True, False), (healpy.UNSEEN, np.nan)):
        values, lat = sky(nside, nest)
        values[lat < 0] = none
        path = tmp_path / "map.fits"
        options = {"nest": nest, "dtype": dtype, "coord": "C", "partial": partial}
        if partial and np.isnan(none):  # which healpy takes for data
            continue
        healpy.write_map(path, values, overwrite=True, **options)
        found = both(path)
        want, there = expected(found)
        known = np.isfinite(found)
        np.testing.assert_array_equal(known, there >= -1e-9)
        np.testing.assert_allclose(found[known], want[known], rtol=1e-6, atol=0)
        options = {"energy_edges": [1, 2] * u.TeV, "exposure_unit": "cm2 s", "background": 0}
        maps = open_maps(counts=path, exposure=path, **options)
        assert maps.sizes["cell"] == known.sum()
        assert "mask" not in maps


@pytest.mark.parametrize("number", [3, 5])
def test_several_columns(number, tmp_path):
    path, values = tmp_path / "map.fits", sky(16, False)[0]
    columns = [values + i for i in range(number)]
    healpy.write_map(path, columns, dtype=np.float64, coord="G")
    with pytest.warns(DataWarning, match="has the columns"):
        np.testing.assert_array_equal(open_map(path), columns[0])
    cube = both(path, energy_edges=np.arange(1, number + 2) * u.TeV)
    np.testing.assert_array_equal(cube, columns)
    name = {3: "U_POLARISATION", 5: "COLUMN_3"}[number]
    np.testing.assert_array_equal(both(path, column=name), columns[2])


def test_maps_without_frame_or_level(tmp_path):
    path = tmp_path / "map.fits"
    healpy.write_map(path, sky(16, True)[0], nest=True, dtype=np.float64)
    with pytest.raises(FileFormatError, match="give frame="):
        open_map(path)
    found = both(path, frame="galactic")
    np.testing.assert_allclose(found, expected(found)[0], rtol=1e-9, atol=0)
    options = {"dtype": np.float64, "coord": "G", "fits_IDL": False, "overwrite": True}
    healpy.write_map(path, np.arange(12 * 12**2.0), **options)
    with pytest.raises(FileFormatError, match="NSIDE 12, which is not a power of two"):
        open_map(path)


@pytest.mark.parametrize("nest", [True, False])
def test_values_between_cells_are_those_of_healpy(nest, tmp_path):
    rng = np.random.default_rng(1)
    values = rng.uniform(1, 2, 12 * 16**2)
    healpy.write_map(tmp_path / "map.fits", values, nest=nest, dtype=np.float64, coord="C")
    grid = sky_grid(open_map(tmp_path / "map.fits"))
    lon, lat = rng.uniform(0, 360, 2000), np.degrees(np.arcsin(rng.uniform(-1, 1, 2000)))
    found = interpolate_to_positions(values[None, None], grid, SkyCoord(lon, lat, unit="deg"))[0]
    want = healpy.get_interp_val(values, lon, lat, nest=nest, lonlat=True)
    np.testing.assert_allclose(found, want, rtol=1e-10, atol=0)
