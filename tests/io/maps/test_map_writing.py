"""Maps written to FITS and read back; maps that a file cannot hold."""

import gzip

import numpy as np
import pytest
import xarray as xr
from cases.maps import PROJECTIONS, SHAPE, check_same_sky, small_maps
from hypothesis import given, settings
from hypothesis import strategies as st

from xprofile import open_maps, tutorial, write_maps
from xprofile.exceptions import (
    DataWarning,
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
    WrongStageError,
)
from xprofile.schema.variables import MAPS


@pytest.fixture
def path(tmp_path):
    return tmp_path / "maps.fits"


def written(maps, path):
    write_maps(maps, path, overwrite=True)
    return open_maps(path)


def check_same(found, expected, *, rtol=0):
    """Assert that maps have the same values, types, attributes and pixels."""
    assert set(found.variables) == set(expected.variables)
    for name, variable in expected.variables.items():
        if name in ("x", "y") or str(name).startswith("wcs"):
            continue
        values = found[name].transpose(*variable.dims).to_numpy()
        if name == "lon":  # cutouts may differ by whole turns
            values = values + np.round((variable.to_numpy() - values) / 360) * 360
        atol = 1e-9 if name in ("lon", "lat") else 0
        np.testing.assert_allclose(values, variable, rtol=rtol, atol=atol, err_msg=name)
        assert found[name].attrs == variable.attrs, name
        assert found[name].dtype == variable.dtype, name
    check_same_sky(found, expected)


# round trips


@pytest.mark.heavy
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


@pytest.mark.slow
def test_gzip_is_chosen_by_the_suffix(tmp_path):
    maps = small_maps()
    write_maps(maps, tmp_path / "maps.fits.gz")
    content = gzip.decompress((tmp_path / "maps.fits.gz").read_bytes())
    write_maps(maps, tmp_path / "maps.fits")
    assert (tmp_path / "maps.fits").read_bytes() == content
    assert sorted(p.name for p in tmp_path.iterdir()) == ["maps.fits", "maps.fits.gz"]


def ranges(size):
    """Slices that keep at least one of `size` elements, forwards or backwards."""

    def made(ends, up):
        low, high = min(ends), max(ends) + 1
        return slice(low, high) if up else slice(high - 1, low - 1 if low else None, -1)

    index = st.integers(0, size - 1)
    return st.builds(made, st.tuples(index, index), st.booleans())


# small pieces may have no counts
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::xprofile.exceptions.DataWarning")
@settings(max_examples=8, derandomize=True, deadline=None, database=None)
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


def test_pixels_not_known_stay_so(path):
    maps = small_maps()
    maps["exposure"][0, 2, 3] = np.nan
    with pytest.warns(DataWarning, match="exposure is not finite in 1 pixels"):
        xr.testing.assert_equal(written(maps, path), maps)


def test_real_maps_come_back_identical(real_maps, path):
    found = written(real_maps, path)
    xr.testing.assert_identical(found.assign_attrs(real_maps.attrs), real_maps)


@pytest.mark.slow
def test_what_was_coarsened_and_excluded_and_simulated_comes_back(path):
    maps = tutorial.simulate_maps(None).isel(energy=slice(2, 5), lon=slice(40, 100))
    maps = maps.profile.coarsen(4).isel(lat=slice(30, 10, -1))
    with pytest.warns(DataWarning, match="counts is not whole"):  # expected counts
        check_same(written(maps, path), maps.sortby("y"), rtol=1e-12)


def test_optional_parts_may_be_absent(path):
    maps = small_maps().drop_vars(["mask", "edisp", "psf", "rad"])
    found = written(maps, path)
    xr.testing.assert_identical(found.assign_attrs(maps.attrs), maps)


def test_what_is_no_map_is_left_out(path):
    maps = small_maps()
    more = maps.profile.assign_sky_coords().assign(excess=maps["counts"] - maps["background"])
    xr.testing.assert_equal(written(more, path), maps)


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


# maps that a file cannot hold


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
        pytest.param({"energy": []}, "the maps have no energy", marks=pytest.mark.quick),
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


@pytest.mark.parametrize("name", ["counts", "exposure", "wcs", "x", "energy_min"])
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


@pytest.mark.slow
def test_to_fits_writes_maps(path):
    maps = small_maps()
    maps.profile.to_fits(path)
    xr.testing.assert_equal(open_maps(path), maps)
    with pytest.raises(FileExistsError):
        maps.profile.to_fits(path)
    maps.profile.to_fits(path, overwrite=True)


def test_to_fits_of_maps_takes_no_sed_type(path):
    with pytest.raises(InvalidOptionError, match="to_fits has no option 'sed_type'"):
        small_maps().profile.to_fits(path, sed_type="dnde")
    assert not path.exists()


def test_to_fits_of_anything_else_is_refused(path):
    binned = xr.Dataset({"counts": (("energy", "projected_distance"), np.ones((2, 3)))})
    with pytest.raises(WrongStageError, match=r"to_fits is a method of maps or a profile"):
        binned.profile.to_fits(path)
    assert not path.exists()
