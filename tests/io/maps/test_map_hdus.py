"""HDUs of written maps: Gammapy's layout, energies, exposures of responses, types."""

import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from cases.maps import make_wcs, small_maps

from xprofile import open_maps, write_maps
from xprofile.maps.wcs import encode_wcs
from xprofile.schema.axes import axis_coords
from xprofile.schema.variables import COORDS, MAPS


@pytest.fixture
def path(tmp_path):
    return tmp_path / "maps.fits"


def written(maps, path):
    write_maps(maps, path, overwrite=True)
    return open_maps(path)


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"])
@pytest.mark.parametrize("name", ["counts", "background"])
def test_types_stay(path, name, kind):
    maps = small_maps()
    maps[name] = (maps[name] + 1).astype(kind)
    maps[name].attrs = MAPS[name].attrs
    found = written(maps, path)
    assert found[name].dtype == kind
    xr.testing.assert_equal(found[name], maps[name])


@pytest.mark.heavy
@pytest.mark.parametrize(("kind", "stored"), [("f2", "f4"), (np.longdouble, "f8"), (bool, "u1")])
def test_types_that_fits_lacks_become_the_next_wider(path, kind, stored):
    maps = small_maps()
    maps["counts"] = maps["counts"].astype(kind)
    found = written(maps, path)
    assert found["counts"].dtype == stored
    np.testing.assert_array_equal(found["counts"], maps["counts"])


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["GeV", "MeV", "keV"])
def test_energies_are_written_in_their_unit(path, unit):
    write_maps(small_maps(), path)
    maps = open_maps(path, energy_unit=unit)
    write_maps(maps, path, overwrite=True)
    with fits.open(path) as hdus:
        for name in ("COUNTS_BANDS", "EXPOSURE_BANDS", "EDISP_BANDS", "PSF_BANDS"):
            units = {c.name: c.unit for c in hdus[name].columns}
            assert {v for k, v in units.items() if k.startswith("E")} == {unit}
        np.testing.assert_array_equal(hdus["COUNTS_BANDS"].data["E_MIN"], maps["energy_min"])
    xr.testing.assert_allclose(open_maps(path, energy_unit=unit), maps, rtol=1e-14, atol=0)


@pytest.mark.slow
def test_nodes_of_the_exposure_stay_where_they_are(path):
    nodes = np.array([0.01, 0.03, 0.2, 0.5])
    maps = small_maps().drop_vars(["energy_true_min", "energy_true_max"])
    maps["energy_true"] = ("energy_true", nodes, COORDS["energy_true"].attrs)
    found = written(maps, path)
    np.testing.assert_array_equal(found["energy_true"], nodes)
    middle = np.sqrt(nodes[1:] * nodes[:-1])
    np.testing.assert_allclose(found["energy_true_max"][:-1], middle, rtol=1e-12, atol=0)
    xr.testing.assert_identical(written(found, path).assign_attrs(found.attrs), found)


# headers and layout


def test_header_tells_the_history_and_who_wrote_it(path):
    maps = small_maps().assign_attrs(history="open_maps a.fits\ncut out round é\t" + "x" * 100)
    write_maps(maps, path)
    header = fits.getheader(path)
    assert header["CREATOR"].startswith("xprofile ")
    assert "".join(header["HISTORY"]) == "open_maps a.fitscut out round ??" + "x" * 100


def test_layout_is_gammapys(path):
    write_maps(small_maps(positions=(2, 3)), path)
    with fits.open(path) as hdus:
        images = [hdu.name for hdu in hdus if isinstance(hdu, fits.ImageHDU)]
        for name in images:
            hdu, bands = hdus[name], hdus[hdus[name].header["BANDSHDU"]]
            assert bands.name == f"{name}_BANDS"
            assert len(bands.data) == hdu.data.size // np.prod(hdu.data.shape[-2:])
        assert images == [
            "COUNTS", "BACKGROUND", "EXPOSURE", "MASK_SAFE",
            "EDISP", "EDISP_EXPOSURE", "PSF", "PSF_EXPOSURE",
        ]  # fmt: skip
        assert hdus["EXPOSURE"].header["BUNIT"] == "cm2 s"
        assert hdus["EDISP"].data.shape == (4, 3, 2, 3)
        assert hdus["EDISP_BANDS"].header["AXCOLS1"] == "E_MIN,E_MAX"
        assert hdus["EDISP_BANDS"].header["AXCOLS2"] == "ENERGY_TRUE_MIN,ENERGY_TRUE_MAX"
        assert hdus["PSF_BANDS"].header["AXCOLS1"] == "RAD"
        assert hdus["PSF_BANDS"].header["INTERP1"] == "lin"


def test_responses_come_with_the_exposure_at_their_place(path):
    maps = small_maps()
    write_maps(maps.isel(lon=slice(None, None, -1)), path)
    with fits.open(path) as hdus:
        for name in ("EDISP", "PSF"):
            found = hdus[f"{name}_EXPOSURE"].data["DATA"].ravel()
            np.testing.assert_array_equal(found, maps["exposure"][:, 3, 4])


def test_exposures_of_a_grid_of_positions_are_those_of_the_nearest_pixels(path):
    """Positions are 3 pixels apart, 0.3 pixels off the map's centre: some lie beyond its edge."""
    maps = small_maps(positions=(1, 5))
    shifted = make_wcs(center=(0.03, 0.03), step=0.3, shape=(1, 5))
    write_maps(maps.assign_coords(wcs_edisp=encode_wcs(shifted)), path)
    found = fits.getdata(path, "EDISP_EXPOSURE")
    expected = maps["exposure"].isel(lat=[3], lon=[0, 1, 4, 7, 8])
    np.testing.assert_array_equal(found[:, 0], expected)


def test_energy_axis_without_its_centres_is_written(path):
    maps = small_maps()
    xr.testing.assert_equal(written(maps.drop_vars("energy"), path), maps)


def test_edges_of_energies_come_back_to_the_last_bit(path):
    edges = np.geomspace(0.0137, 3.3, 4)
    maps = small_maps().assign_coords(
        axis_coords("energy", np.sqrt(edges[1:] * edges[:-1]), edges[:-1], edges[1:])
    )
    xr.testing.assert_identical(written(maps, path).assign_attrs(maps.attrs), maps)
