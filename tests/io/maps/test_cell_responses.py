"""Responses at HEALPix positions, put on a plate carree."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy_healpix import HEALPix
from cases.healpix_files import CELLS, EDGES, NSIDE, dataset, table, write

from xprofile import open_maps
from xprofile.exceptions import FileFormatError
from xprofile.maps.wcs import pixel_grid

TRUE = np.geomspace(1, 8, 4)


def edisp_hdus(values, pix=None, **cards):
    """An EDISP table of Gammapy with values (ntrue * nenergy, ncell)."""
    columns = {} if pix is None else {"PIX": np.asarray(pix, np.int32)}
    columns |= {f"CHANNEL{i}": plane for i, plane in enumerate(values, 1)}
    true, energy = (np.repeat(np.arange(3), 3), np.tile(np.arange(3), 3))
    axes = [
        fits.Column(name, "D", unit="TeV", array=edges[rows])
        for name, edges, rows in (
            ("ENERGY_MIN", EDGES[:-1], energy), ("ENERGY_MAX", EDGES[1:], energy),
            ("ENERGY_TRUE_MIN", TRUE[:-1], true), ("ENERGY_TRUE_MAX", TRUE[1:], true),
        )
    ]  # fmt: skip
    bands = fits.BinTableHDU.from_columns(axes, name="EDISP_BANDS")
    bands.header["AXCOLS1"] = "ENERGY_MIN,ENERGY_MAX"
    bands.header["AXCOLS2"] = "ENERGY_TRUE_MIN,ENERGY_TRUE_MAX"
    scheme = {} if pix is None else {"INDXSCHM": "EXPLICIT"}
    return [table(columns, name="EDISP", BANDSHDU="EDISP_BANDS", **{**scheme, **cards}), bands]


def opened(path, values, **options):
    return open_maps(write(path, [*dataset(), *edisp_hdus(values, **options)]))


def kernels(rng, cells):
    """Fractions of events (ntrue * nenergy, ncell) that differ from cell to cell."""
    return rng.dirichlet(np.ones(3), (3, cells)).transpose(0, 2, 1).reshape(9, cells)


def expected(maps, values, scheme="nested"):
    """Values of the cells that the positions are in."""
    grid = pixel_grid(maps, "edisp")
    lon, lat = np.broadcast_arrays(*grid.lonlat(grid.x, grid.y[:, None]))
    healpix = HEALPix(NSIDE, scheme, frame="galactic")
    cell = healpix.skycoord_to_healpix(SkyCoord(lon, lat, unit="deg", frame=grid.frame))
    return values[:, cell].reshape(3, 3, *cell.shape).transpose(2, 3, 0, 1), cell


@pytest.mark.parametrize("ordering", ["NESTED", "RING"])
def test_positions_have_the_response_of_their_cell(ordering, tmp_path):
    values = kernels(np.random.default_rng(1), CELLS)
    maps = opened(tmp_path / "maps.fits", values, ORDERING=ordering)
    assert maps["edisp"].dims == ("lat_edisp", "lon_edisp", "energy_true", "energy")
    found, cell = expected(maps, values, ordering.lower())
    np.testing.assert_array_equal(maps["edisp"], found)
    assert np.unique(cell).size == CELLS
    grid = pixel_grid(maps, "edisp")
    lat = grid.lonlat(grid.x[:1], grid.y)[1]
    np.testing.assert_allclose(lat, -lat[::-1], rtol=0, atol=1e-9)
    assert lat.max() < 90


@pytest.mark.parametrize("lon", [0, 180])
def test_positions_cover_the_cells_that_have_a_response(lon, tmp_path):
    values = kernels(np.random.default_rng(1), CELLS)
    sky = HEALPix(NSIDE, "nested", frame="galactic").healpix_to_skycoord(np.arange(CELLS))
    near = sky.separation(SkyCoord(lon, 5, unit="deg", frame="galactic")).deg < 30
    maps = opened(tmp_path / "maps.fits", values * near)
    found, cell = expected(maps, values * near)
    np.testing.assert_array_equal(maps["edisp"], found)
    assert set(np.flatnonzero(near)) <= set(cell.ravel())
    assert maps["edisp"].sizes["lon_edisp"] < 20


def test_positions_beyond_listed_cells_have_the_nearest(tmp_path):
    pix = np.array([70, 71, 72, 73, 100])
    values = kernels(np.random.default_rng(1), pix.size)
    maps = opened(tmp_path / "maps.fits", values, pix=pix)
    cell = expected(maps, np.zeros((9, CELLS)))[1]
    grid = pixel_grid(maps, "edisp")
    lon, lat = np.broadcast_arrays(*grid.lonlat(grid.x, grid.y[:, None]))
    sky = SkyCoord(lon, lat, unit="deg", frame="galactic")[..., None]
    centres = HEALPix(NSIDE, "nested", frame="galactic").healpix_to_skycoord(pix)
    nearest = np.argmin(sky.separation(centres).deg, axis=-1)
    own = np.where(np.isin(cell, pix), np.argmax(cell[..., None] == pix, axis=-1), nearest)
    found = values[:, own].reshape(3, 3, *own.shape).transpose(2, 3, 0, 1)
    np.testing.assert_array_equal(maps["edisp"], found)


@pytest.mark.parametrize("fill", [0.25, 0.0])
def test_one_response_for_all_cells_needs_no_positions(fill, tmp_path):
    path = write(tmp_path / "maps.fits", [*dataset(), *edisp_hdus(np.full((9, CELLS), fill))])
    found = open_maps(path, chunks={})["edisp"]
    assert found.dims == ("energy_true", "energy")
    np.testing.assert_array_equal(found, fill)


def test_more_positions_than_fit_into_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("xprofile.io.maps.cell_responses._MOST", 1000)
    values = kernels(np.random.default_rng(1), CELLS)
    with pytest.raises(FileFormatError, match=r"at 192 HEALPix positions, .*binsz_irf.*edisp=None"):
        opened(tmp_path / "maps.fits", values)
    with pytest.raises(FileFormatError, match=r"has 8 planes, expected 9 from its axes"):
        opened(tmp_path / "maps.fits", values[:8])
