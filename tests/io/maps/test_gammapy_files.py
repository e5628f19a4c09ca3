"""FITS files of Gammapy: values, units, masks, responses and pixels."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from astropy.wcs import WCS
from cases import mapdataset_files as small
from cases.mapdataset_files import TAN, Recipe, write

from xprofile import open_maps
from xprofile.maps.positions import skycoord
from xprofile.schema.checks import check_maps
from xprofile.schema.variables import MAPS


@pytest.fixture
def path(tmp_path):
    return tmp_path / "maps.fits"


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    return open_maps(write(tmp_path_factory.mktemp("maps") / "maps.fits"))


# values of a correct file


@pytest.mark.parametrize(
    ("name", "dims", "expected"),
    [
        ("counts", ("energy", "lat", "lon"), small.COUNTS),
        ("background", ("energy", "lat", "lon"), small.BACKGROUND),
        ("exposure", ("energy_true", "lat", "lon"), small.EXPOSURE),
        ("edisp", ("energy_true", "energy"), small.EDISP),
        ("mask", ("energy", "lat", "lon"), small.MASK_SAFE),
    ],
)
def test_values_dims_and_types_are_those_of_the_file(maps, name, dims, expected):
    assert maps[name].dims == dims
    assert maps[name].dtype == expected.dtype
    np.testing.assert_allclose(maps[name], expected, rtol=2e-7, atol=0)
    assert maps[name].attrs == MAPS[name].attrs


@pytest.mark.heavy
@pytest.mark.parametrize("onoff", [False, True])
@pytest.mark.parametrize("layout", ["values", "rows"])
def test_what_is_read_is_a_maps_dataset_in_native_byte_order(path, onoff, layout):
    maps = open_maps(write(path, Recipe(onoff=onoff, layout=layout)))
    check_maps(maps)
    assert [name for name, array in maps.variables.items() if not array.dtype.isnative] == []


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("unit", "unit_true", "energy_unit"),
    [("keV", "MeV", "TeV"), ("TeV", "TeV", "TeV"), ("MeV", "GeV", "TeV"), ("erg", "keV", "GeV")],
)
def test_energies_are_in_one_unit_whatever_the_file_has(path, unit, unit_true, energy_unit):
    recipe = Recipe(unit=unit, unit_true=unit_true)
    maps = open_maps(write(path, recipe), energy_unit=energy_unit)
    scale = u.TeV.to(energy_unit)
    centres = np.sqrt(small.EDGES[1:] * small.EDGES[:-1])
    for name, expected in [
        ("energy", centres),
        ("energy_min", small.EDGES[:-1]),
        ("energy_max", small.EDGES[1:]),
        ("energy_true", small.NODES_TRUE),
        ("energy_true_min", recipe.energy_true().values[1] * u.Unit(unit_true).to("TeV")),
        ("energy_true_max", recipe.energy_true().values[2] * u.Unit(unit_true).to("TeV")),
    ]:
        np.testing.assert_allclose(maps[name], expected * scale, rtol=1e-12, atol=0)
        assert maps[name].attrs["units"] == energy_unit
    assert maps["exposure"].attrs["units"] == "cm2 s"


def test_true_energies_as_edges_have_geometric_centres(path):
    maps = open_maps(write(path, Recipe(node_true=False)))
    edges = small.EDGES_TRUE
    np.testing.assert_allclose(maps["energy_true_min"], edges[:-1], rtol=1e-12, atol=0)
    np.testing.assert_allclose(maps["energy_true_max"], edges[1:], rtol=1e-12, atol=0)
    centres = np.sqrt(edges[1:] * edges[:-1])
    np.testing.assert_allclose(maps["energy_true"], centres, rtol=1e-12, atol=0)


@pytest.mark.heavy
@pytest.mark.parametrize("unit", ["m2 s", "cm2 s", "cm2 h", "km2 s"])
def test_exposure_is_converted(path, unit):
    maps = open_maps(write(path, Recipe(unit_exposure=unit)))
    np.testing.assert_allclose(maps["exposure"], small.EXPOSURE, rtol=5e-7, atol=0)


def test_integer_exposure_is_converted_without_overflow(path):
    def spoil(hdus):
        hdus["EXPOSURE"].data = hdus["EXPOSURE"].data.round().astype(np.int32)

    maps = open_maps(write(path, spoil=spoil))
    np.testing.assert_allclose(maps["exposure"], small.EXPOSURE, rtol=1e-6, atol=0)


@pytest.mark.heavy
@pytest.mark.parametrize("variable", ["edisp", "psf"])
def test_both_layouts_of_tables_are_the_same(tmp_path, variable):
    values, rows = (
        open_maps(write(tmp_path / f"{layout}.fits", Recipe(layout=layout)))
        for layout in ("values", "rows")
    )
    xr.testing.assert_identical(values[variable], rows[variable])


@pytest.mark.parametrize(
    ("optional", "expected"),
    [
        (("MASK_SAFE",), small.MASK_SAFE),
        (("MASK_FIT",), small.MASK_FIT),
        (("MASK_SAFE", "MASK_FIT"), small.MASK_SAFE & small.MASK_FIT),
    ],
)
def test_masks_are_boolean_and_combined(path, optional, expected):
    mask = open_maps(write(path, Recipe(optional=optional)))["mask"]
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask, expected)


def test_optional_parts_may_be_absent(path):
    maps = open_maps(write(path, Recipe(optional=())))
    assert set(maps.data_vars) == {"counts", "background", "exposure"}
    assert "rad" not in maps.coords


def test_onoff_has_off_counts_and_acceptances_and_no_background(path):
    maps = open_maps(write(path, Recipe(onoff=True)))
    assert "background" not in maps
    np.testing.assert_array_equal(maps["counts_off"], small.COUNTS_OFF)
    np.testing.assert_array_equal(maps["acceptance"], small.ACCEPTANCE)
    np.testing.assert_array_equal(maps["acceptance_off"], small.ACCEPTANCE_OFF)


# point spread function


def test_psf_is_linear_in_log_energy_and_constant_beyond_its_nodes(maps):
    low, middle, high = small.PSF
    w1, w2 = np.log(1.5) / np.log(3), np.log(2) / np.log(10 / 3)
    between = (1 - w1) * low + w1 * middle, (1 - w2) * middle + w2 * high
    np.testing.assert_allclose(maps["psf"], [low, *between, high], rtol=1e-6, atol=0)
    np.testing.assert_allclose(maps["rad"], small.RAD, rtol=1e-12, atol=0)
    assert (maps["rad"].attrs["units"], maps["psf"].attrs["units"]) == ("deg", "sr-1")


def test_psf_stays_normalised_between_its_nodes(path):
    area = 2 * np.pi * small.RAD * np.gradient(small.RAD)

    def spoil(hdus):
        values = small.PSF / (small.PSF @ area)[:, None]
        hdus["PSF"].data["DATA"] = values.ravel()

    psf = open_maps(write(path, spoil=spoil))["psf"]
    assert np.ptp(psf.to_numpy(), axis=0).max() > 0.1  # the nodes do differ
    np.testing.assert_allclose(psf @ xr.DataArray(area, dims="rad"), 1, rtol=1e-6, atol=0)


# pixels and their place on the sky


@pytest.mark.heavy
@pytest.mark.parametrize("cards", [{}, TAN], ids=["CAR", "TAN"])
def test_pixels_are_where_astropy_has_them_and_stay_there(path, cards):
    maps = open_maps(write(path, Recipe(cards=cards)))
    wcs = WCS(fits.getheader(path, "COUNTS")).celestial
    expected = wcs.pixel_to_world(*np.meshgrid(np.arange(8), np.arange(6)))
    assert skycoord(maps).separation(expected).max() < 1e-9 * u.deg
    part = maps.isel(lon=slice(6, 1, -2), lat=slice(None, None, -1), energy=slice(1, None))
    np.testing.assert_array_equal(part["x"], [6, 4, 2])
    np.testing.assert_array_equal(part["y"], [5, 4, 3, 2, 1, 0])
    assert skycoord(part).separation(expected[::-1, 6:1:-2]).max() < 1e-9 * u.deg
    xr.testing.assert_identical(part["wcs"], maps["wcs"])


def test_plate_carree_has_sky_coordinates_to_select_by(maps):
    np.testing.assert_allclose(maps["lon"], 1.75 - 0.5 * np.arange(8), rtol=0, atol=1e-12)
    np.testing.assert_allclose(maps["lat"], -1.25 + 0.5 * np.arange(6), rtol=0, atol=1e-12)
    part = maps.sel(lon=slice(1, -0.5), lat=slice(0, 1))
    np.testing.assert_array_equal(part["x"], [2, 3, 4])
    np.testing.assert_array_equal(part["y"], [3, 4])
    np.testing.assert_array_equal(part["counts"], small.COUNTS[:, 3:5, 2:5])


def test_other_projections_have_no_sky_coordinates(path):
    maps = open_maps(write(path, Recipe(cards=TAN)))
    assert not {"lon", "lat"} & set(maps.coords)
    assert skycoord(maps).frame.name == "fk5"


def test_maps_on_other_grids_conflict(tmp_path):
    here, there = (
        open_maps(write(tmp_path / f"{lon}.fits", Recipe(cards={"CRVAL1": lon})))
        for lon in (0.0, 0.5)
    )
    assert here["wcs"].item() != there["wcs"].item()
    with pytest.raises(xr.MergeError, match="wcs"):
        xr.merge(
            [here["counts"].drop_vars("lon"), there["background"].drop_vars("lon")],
            compat="no_conflicts",
            join="exact",
        )


# real files


def test_real_cube_has_what_the_file_has(real_maps, gammapy_data):
    file = gammapy_data / "fermi-3fhl-gc" / "fermi-3fhl-gc.fits.gz"
    assert dict(real_maps["counts"].sizes) == {"energy": 11, "lat": 200, "lon": 400}
    check_maps(real_maps)
    for name in ("counts", "background", "exposure"):
        np.testing.assert_array_equal(real_maps[name], fits.getdata(file, name))
    with fits.open(file) as hdus:
        edisp = hdus["EDISP"].data["DATA"].reshape(12, 11)
    np.testing.assert_array_equal(real_maps["edisp"], edisp)


def test_real_cube_lies_where_it_should(real_maps):
    np.testing.assert_allclose(real_maps["lon"], 9.975 - 0.05 * np.arange(400), rtol=0, atol=1e-9)
    np.testing.assert_allclose(real_maps["lat"], 0.05 * np.arange(200) - 4.975, rtol=0, atol=1e-9)
    np.testing.assert_allclose(
        [real_maps["energy_min"][0], real_maps["energy_max"][-1]], [0.01, 0.5], rtol=1e-6, atol=0
    )
    np.testing.assert_allclose(
        real_maps["energy_true"], np.geomspace(0.01, 0.5, 12), rtol=1e-6, atol=0
    )


def test_real_mask_drops_a_border_of_one_degree(real_maps):
    inside = (np.abs(real_maps["lon"]) < 9) & (np.abs(real_maps["lat"]) < 4)
    expected = inside.broadcast_like(real_maps["counts"]).transpose("energy", "lat", "lon")
    np.testing.assert_array_equal(real_maps["mask"], expected)


def test_both_layouts_of_real_files_are_the_same(real_maps, gammapy_data):
    other = open_maps(gammapy_data / "onoff-sim" / "onoff-sim.fits.gz")
    check_maps(other)
    for name in ("edisp", "psf"):
        np.testing.assert_allclose(other[name], real_maps[name], rtol=2e-5, atol=1e-6)
