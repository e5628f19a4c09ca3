"""FITS files opened with xarray.open_dataset."""

import gzip
import pickle
from io import BytesIO

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.image_files import COUNTS, SECONDS, several_hdus, xray

from xprofile import open_maps
from xprofile.exceptions import (
    FileFormatError,
    InvalidOptionError,
    MissingPackageError,
    UnknownOptionError,
)
from xprofile.io.maps.backend import MapsBackend


@pytest.fixture(params=["maps.fits", "maps.fits.gz"])
def path(request, tmp_path):
    place = tmp_path / request.param
    pack = gzip.compress if request.param.endswith("gz") else bytes
    place.write_bytes(pack(small.PLAIN.content))
    return place


def same_but_history(found, expected):
    xr.testing.assert_identical(found.assign_attrs(expected.attrs), expected)


@pytest.mark.slow
def test_engine_is_found_by_name_and_by_the_file(path):
    expected = open_maps(path)
    with xr.open_dataset(path, engine="xprofile") as named, xr.open_dataset(path) as found:
        same_but_history(named.load(), expected)
        same_but_history(found.load(), expected)
        assert found.attrs["history"].splitlines()[0] == f"open_dataset {path.name}"


def test_nothing_is_read_before_it_is_needed(path):
    with xr.open_dataset(path, engine="xprofile") as maps:
        assert all(not maps[name].variable._in_memory for name in ("counts", "mask", "exposure"))
        part = maps.isel(energy=1, lat=slice(4, 1, -1), lon=[6, 2])
        np.testing.assert_array_equal(part["counts"], small.COUNTS[1, 4:1:-1][:, [6, 2]])
        assert not maps["counts"].variable._in_memory


@pytest.mark.heavy
def test_chunks(path):
    expected = open_maps(path)
    with xr.open_dataset(path, engine="xprofile", chunks={"lon": 3}) as maps:
        assert maps["counts"].chunks == ((3,), (6,), (3, 3, 2))
        again = pickle.loads(pickle.dumps(maps))
        same_but_history(maps.compute(), expected)
        same_but_history(again.compute(), expected)


def test_large_images_are_in_chunks_of_their_planes(path, monkeypatch):
    monkeypatch.setattr("xprofile.io.maps.backend._CHUNK_BYTES", 16 * 8)
    with xr.open_dataset(path, engine="xprofile", chunks={}) as maps:
        assert maps["counts"].chunks == ((1, 1, 1), (4, 2), (8,))


def test_options(path):
    with xr.open_dataset(
        path, engine="xprofile", drop_variables=["edisp", "psf"], energy_unit="GeV"
    ) as maps:
        assert set(maps.data_vars) == {"counts", "background", "exposure", "mask"}
        assert maps["energy"].attrs["units"] == "GeV"
    with pytest.raises(InvalidOptionError, match="energy_unit must be a unit of energy"):
        xr.open_dataset(path, engine="xprofile", energy_unit="m")


@pytest.mark.heavy
def test_file_objects(path):
    with path.open("rb") as file, xr.open_dataset(file, engine="xprofile") as maps:
        same_but_history(maps.load(), open_maps(path))


def test_addresses(path, monkeypatch):
    fsspec = pytest.importorskip("fsspec")
    with fsspec.open("memory://xprofile/maps.fits", "wb") as file:
        file.write(path.read_bytes())
    same_but_history(open_maps("memory://xprofile/maps.fits"), open_maps(path))
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(MissingPackageError, match="fsspec is needed"):
        open_maps("memory://xprofile/maps.fits")


def test_several_runs_become_data_sets(tmp_path):
    paths = [tmp_path / f"run{i}.fits" for i in range(2)]
    for place in paths:
        place.write_bytes(small.PLAIN.content)
    with xr.open_mfdataset(
        paths, engine="xprofile", combine="nested", concat_dim="dataset"
    ) as runs:
        assert runs["counts"].dims == ("dataset", "energy", "lat", "lon")
        np.testing.assert_array_equal(runs["counts"].isel(dataset=1), small.COUNTS)


def test_other_fits_files_are_one_variable(tmp_path):
    place = tmp_path / "diffuse.fits"
    place.write_bytes(partfiles.content(partfiles.diffuse()))
    with xr.open_dataset(place, engine="xprofile") as maps:
        assert maps["map"].dims == ("energy_true", "lat", "lon")
    assert not MapsBackend().guess_can_open(place)


def test_files_of_others_are_left_to_them(tmp_path):
    backend = MapsBackend()
    for name, content in {"a.fits": b"text", "a.nc": small.PLAIN.content, "b.fits": b""}.items():
        (tmp_path / name).write_bytes(content)
        assert not backend.guess_can_open(tmp_path / name)
    assert not backend.guess_can_open(tmp_path / "missing.fits")
    assert not backend.guess_can_open(BytesIO(small.PLAIN.content))
    with pytest.raises(FileFormatError, match="cannot read"):
        xr.open_dataset(tmp_path / "a.fits", engine="xprofile")


def images(tmp_path):
    """Files of an X-ray observation on disk."""
    paths = {}
    for name, part in xray().items():
        paths[name] = tmp_path / f"{name}.fits"
        paths[name].write_bytes(part.getvalue())
    return paths


@pytest.mark.parametrize("chunks", [None, {}])
def test_options_name_parts(tmp_path, chunks):
    paths = images(tmp_path)
    options = {"energy_edges": [0.5, 2] * u.keV, "effective_area": 3 * u.cm**2}
    expected = open_maps(**paths, **options)
    path = paths.pop("counts")
    with xr.open_dataset(path, engine="xprofile", chunks=chunks, **paths, **options) as maps:
        assert maps.attrs["history"].startswith("open_dataset counts=counts.fits background=b")
        same_but_history(maps.load(), expected)


def test_hdus_and_units(tmp_path):
    path = tmp_path / "several.fits"
    path.write_bytes(several_hdus(ON=COUNTS, TIME=SECONDS).getvalue())
    options = {
        "hdu": {"counts": "ON", "exposure": "TIME"}, "unit": {"exposure": "cm2 s"},
        "energy_edges": [0.5, 2] * u.keV,
    }  # fmt: skip
    with xr.open_dataset(path, engine="xprofile", **options) as maps:
        same_but_history(maps.load(), open_maps(path, **options))
    with xr.open_dataset(path, engine="xprofile", hdu="TIME", unit="s") as maps:
        np.testing.assert_array_equal(maps["time"], SECONDS)
        assert maps["time"].attrs["units"] == "s"


def test_options_of_parts_without_parts(tmp_path):
    path = images(tmp_path)["counts"]
    with pytest.raises(InvalidOptionError, match="livetime is for maps of several parts"):
        xr.open_dataset(path, engine="xprofile", livetime=3 * u.s)
    with pytest.raises(UnknownOptionError, match="did you mean 'energy_unit'"):
        xr.open_dataset(path, engine="xprofile", enrgy_unit="keV")


def test_assumed_units_are_in_the_history(tmp_path):
    path = tmp_path / "diffuse.fits"
    path.write_bytes(partfiles.content(partfiles.diffuse()))
    with xr.open_dataset(path, engine="xprofile") as maps:
        assert "open_dataset assumed: ENERGIES column Energy in MeV" in maps.attrs["history"]
