import gzip

import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from cases.maps import PROJECTIONS, SHAPE, check_same_sky, make_wcs, small_maps
from hypothesis import given, settings
from hypothesis import strategies as st

from xprofile import open_maps, tutorial
from xprofile.exceptions import (
    DataWarning,
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
)
from xprofile.io.maps.writing import write_maps
from xprofile.maps.wcs import encode_wcs
from xprofile.schema.axes import axis_coords
from xprofile.schema.variables import COORDS, MAPS


def written(maps, path):
    write_maps(maps, path, overwrite=True)
    return open_maps(path)


def check_same(found, expected, *, rtol=0):
    """All values of maps, found at the same pixels, with their types and attributes."""
    assert set(found.variables) == set(expected.variables)
    for name, variable in expected.variables.items():
        if name in ("x", "y") or str(name).startswith("wcs"):
            continue
        values = found[name].transpose(*variable.dims).to_numpy()
        if name == "lon":  # whole turns away where less of the sky is left
            values = values + np.round((variable.to_numpy() - values) / 360) * 360
        atol = 1e-9 if name in ("lon", "lat") else 0
        np.testing.assert_allclose(values, variable, rtol=rtol, atol=atol, err_msg=name)
        assert found[name].attrs == variable.attrs, name
        assert found[name].dtype == variable.dtype, name
    check_same_sky(found, expected)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "maps.fits"


# what comes back


@pytest.mark.parametrize("on_off", [False, True])
@pytest.mark.parametrize("positions", [None, (2, 3)])
@pytest.mark.parametrize(("projection", "center"), PROJECTIONS)
def test_maps_come_back_identical(projection, center, positions, on_off, path):
    maps = small_maps(projection, center, positions=positions, on_off=on_off)
    found = written(maps, path)
    xr.testing.assert_identical(found.assign_attrs(maps.attrs), maps)
    assert {n: v.dtype for n, v in found.variables.items()} == {
        n: v.dtype for n, v in maps.variables.items()
    }


def test_gzip_is_chosen_by_the_suffix(tmp_path):
    maps = small_maps()
    write_maps(maps, tmp_path / "maps.fits.gz")
    content = gzip.decompress((tmp_path / "maps.fits.gz").read_bytes())
    write_maps(maps, tmp_path / "maps.fits")
    assert (tmp_path / "maps.fits").read_bytes() == content
    assert sorted(p.name for p in tmp_path.iterdir()) == ["maps.fits", "maps.fits.gz"]


def ranges(size):
    """Slices that leave at least one of `size`, upwards or downwards."""

    def made(ends, up):
        low, high = min(ends), max(ends) + 1
        return slice(low, high) if up else slice(high - 1, low - 1 if low else None, -1)

    index = st.integers(0, size - 1)
    return st.builds(made, st.tuples(index, index), st.booleans())


@pytest.mark.filterwarnings("ignore::xprofile.exceptions.DataWarning")  # of small pieces
@settings(max_examples=40, derandomize=True, deadline=None, database=None)
@given(
    rows=ranges(SHAPE[0]),
    columns=ranges(SHAPE[1]),
    energies=ranges(3),
    true=ranges(4),
    case=st.sampled_from(PROJECTIONS),
    positions=st.sampled_from([None, (1, 1), (2, 3)]),
    dims=st.permutations(["energy", "energy_true", "lat", "lon"]),
)
def test_selections_come_back_in_order(
    tmp_path_factory, rows, columns, energies, true, case, positions, dims
):
    maps = small_maps(*case, positions=positions)
    chosen = maps.isel(lat=rows, lon=columns, energy=energies, energy_true=true)
    before = chosen.copy(deep=True)
    found = written(chosen.transpose(*dims, ...), tmp_path_factory.mktemp("maps") / "maps.fits")
    xr.testing.assert_identical(chosen, before)
    expected = chosen.sortby(["x", "y", "energy", "energy_true"])
    check_same(found, expected, rtol=1e-12)
    np.testing.assert_array_equal(found["x"], np.arange(expected.sizes["lon"]))
    np.testing.assert_array_equal(found["y"], np.arange(expected.sizes["lat"]))


@pytest.mark.parametrize("kind", ["u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"])
@pytest.mark.parametrize("name", ["counts", "background"])
def test_types_stay(path, name, kind):
    maps = small_maps()
    maps[name] = (maps[name] + 1).astype(kind)
    maps[name].attrs = MAPS[name].attrs
    found = written(maps, path)
    assert found[name].dtype == kind
    xr.testing.assert_equal(found[name], maps[name])


@pytest.mark.parametrize(("kind", "stored"), [("f2", "f4"), (np.longdouble, "f8"), (bool, "u1")])
def test_types_that_fits_lacks_become_the_next_wider(path, kind, stored):
    maps = small_maps()
    maps["counts"] = maps["counts"].astype(kind)
    found = written(maps, path)
    assert found["counts"].dtype == stored
    np.testing.assert_array_equal(found["counts"], maps["counts"])


def test_pixels_not_known_stay_so(path):
    maps = small_maps()
    maps["exposure"][0, 2, 3] = np.nan
    with pytest.warns(DataWarning, match="exposure is not finite in 1 pixels"):
        xr.testing.assert_equal(written(maps, path), maps)


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


def test_nodes_of_the_exposure_stay_where_they_are(path):
    nodes = np.array([0.01, 0.03, 0.2, 0.5])
    maps = small_maps().drop_vars(["energy_true_min", "energy_true_max"])
    maps["energy_true"] = ("energy_true", nodes, COORDS["energy_true"].attrs)
    found = written(maps, path)
    np.testing.assert_array_equal(found["energy_true"], nodes)
    middle = np.sqrt(nodes[1:] * nodes[:-1])
    np.testing.assert_allclose(found["energy_true_max"][:-1], middle, rtol=1e-12, atol=0)
    xr.testing.assert_identical(written(found, path).assign_attrs(found.attrs), found)


def test_real_maps_come_back_identical(real_maps, path):
    found = written(real_maps, path)
    xr.testing.assert_identical(found.assign_attrs(real_maps.attrs), real_maps)


def test_what_was_coarsened_and_excluded_and_simulated_comes_back(path):
    maps = tutorial.simulate_maps(None).isel(energy=slice(2, 5), lon=slice(40, 100))
    maps = maps.profile.coarsen(4).isel(lat=slice(30, 10, -1))
    with pytest.warns(DataWarning, match="counts is not whole"):  # they are expected ones
        check_same(written(maps, path), maps.sortby("y"), rtol=1e-12)


def test_optional_parts_may_be_absent(path):
    maps = small_maps().drop_vars(["mask", "edisp", "psf", "rad"])
    found = written(maps, path)
    xr.testing.assert_identical(found.assign_attrs(maps.attrs), maps)


def test_what_is_no_map_is_left_out(path):
    maps = small_maps()
    more = maps.profile.assign_sky_coords().assign(excess=maps["counts"] - maps["background"])
    xr.testing.assert_equal(written(more, path), maps)


# what the file says


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


# dask


def test_dask_maps_are_computed_once(path):
    da = pytest.importorskip("dask.array")
    calls = []

    def counted(block):
        calls.append(block.shape)
        return block

    maps = small_maps()
    array = da.from_array(maps["background"].to_numpy(), chunks=(3, 3, 9))
    shared = array.map_blocks(counted, dtype=float, meta=np.empty((0, 0, 0)))
    lazy = maps.assign(
        background=(maps["background"].dims, shared, MAPS["background"].attrs),
        counts=(maps["counts"].dims, shared * 3, MAPS["counts"].attrs),
    )
    with pytest.warns(DataWarning, match="counts is not whole"):
        found = written(lazy, path)
    assert len(calls) == 2
    np.testing.assert_array_equal(found["background"], maps["background"])
    np.testing.assert_array_equal(found["counts"], maps["background"] * 3)
    assert lazy["counts"].chunks is not None


# what has no form in a file


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"lon": [0, 1, 3, 4]}, r"missing along lon: x goes from 1 to 3.*isel\(lon=slice"),
        ({"lat": slice(None, None, 2)}, r"missing along lat: y goes from 0 to 2.*isel\(lat="),
        ({"energy": [0, 2]}, "bins of energy do not touch"),
        ({"energy_true": [0, 1, 3]}, "bins of energy_true do not touch"),
        ({"energy": 0}, "counts has dims"),
        ({"lon": []}, "no pixel"),
        ({"lon": [1, 1]}, "repeat"),
        ({"energy": []}, "the maps have no energy"),
        ({"energy_true": [], "rad": []}, "the maps have no energy_true, rad"),
        ({"lat_edisp": 0}, r"edisp has dims .*expected \('energy_true', 'energy', 'lat_edisp'"),
    ],
)
def test_gaps_are_refused(path, chosen, message):
    with pytest.raises(InvalidDataError, match=f"(?s){message}"):
        write_maps(small_maps(positions=(2, 3)).isel(chosen), path)
    assert list(path.parent.iterdir()) == []


def test_several_datasets_are_refused(path):
    maps = xr.concat([small_maps(), small_maps(seed=2)], "dataset", data_vars="all", join="exact")
    with pytest.raises(InvalidDataError, match=r"maps\.isel\(dataset=0\)"):
        write_maps(maps, path)


@pytest.mark.parametrize("name", ["counts", "exposure", "background", "wcs", "x", "energy_min"])
def test_incomplete_maps_are_refused(path, name):
    with pytest.raises(MissingVariableError, match=name):
        write_maps(small_maps().drop_vars(name), path)


def test_psf_without_its_angles_is_refused(path):
    with pytest.raises(MissingVariableError, match="psf has no coordinate 'rad'"):
        write_maps(small_maps().drop_vars("rad"), path)


def test_energies_on_a_grid_without_place_are_refused(path):
    with pytest.raises(MissingVariableError, match="wcs_edisp"):
        write_maps(small_maps(positions=(2, 3)).drop_vars("wcs_edisp"), path)


def test_file_that_exists_stays_unless_told(path):
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        write_maps(small_maps(), path)
    assert path.read_text() == "mine"
    write_maps(small_maps(), path, overwrite=True)
    assert open_maps(path)["counts"].shape == (3, *SHAPE)


# the accessor's to_fits


def test_to_fits_writes_maps(path):
    maps = small_maps()
    maps.profile.to_fits(path)
    xr.testing.assert_equal(open_maps(path), maps)
    with pytest.raises(FileExistsError):
        maps.profile.to_fits(path)
    maps.profile.to_fits(path, overwrite=True)


def test_to_fits_of_maps_takes_no_sed_type(path):
    with pytest.raises(InvalidOptionError, match="sed_type='dnde' is for profiles"):
        small_maps().profile.to_fits(path, "dnde")


def test_to_fits_of_anything_else_is_refused(path):
    binned = xr.Dataset({"counts": (("energy", "projected_distance"), np.ones((2, 3)))})
    with pytest.raises(InvalidDataError, match=r"no lat and lon .*to_netcdf"):
        binned.profile.to_fits(path)
    assert not path.exists()


def test_energy_axis_without_its_centres_is_written(path):
    maps = small_maps()
    xr.testing.assert_equal(written(maps.drop_vars("energy"), path), maps)


def test_edges_of_energies_come_back_to_the_last_bit(path):
    edges = np.geomspace(0.0137, 3.3, 4)
    maps = small_maps().assign_coords(
        axis_coords("energy", np.sqrt(edges[1:] * edges[:-1]), edges[:-1], edges[1:])
    )
    xr.testing.assert_identical(written(maps, path).assign_attrs(maps.attrs), maps)
