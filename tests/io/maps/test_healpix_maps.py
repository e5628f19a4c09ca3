"""Maps whose parts are HEALPix tables: opened, put together with other grids, and written."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy_healpix import HEALPix
from cases.healpix_files import CELLS, EDGES, UNSEEN, dataset, healpy, numbers, write
from cases.maps import make_maps, make_wcs, small_maps

from xprofile import SkyBins, open_events, open_map, open_maps, open_netcdf, power_law
from xprofile.exceptions import DataWarning, FileFormatError, InvalidDataError
from xprofile.schema.variables import ON_OFF

SOME = np.array([7, 3, 100, 191, 0])
L30B10 = SkyCoord(30, 10, unit="deg", frame="galactic")

ANNULI = {  # pixels and sums of the first energy, by the README of the files
    "hpx_gadf_nest": ([15, 76, 283, 1110], [56, 238, 854, 3383]),
    "hpx_fgst-ccube_ring": ([15, 76, 283, 1110], [43, 242, 822, 3327]),
    "hpx_partial": ([15, 76, 283, 1110], [46, 218, 837, 3239]),
}


@pytest.fixture
def files(tmp_path):
    """Return a function that writes a MapDataset, and gives the maps and the path."""

    def make(name="maps.fits", **options):
        path = write(tmp_path / name, dataset(**options))
        return open_maps(path), path

    return make


def without_history(maps):
    return maps.assign_attrs(history="", creator="")


def check_same(found, expected):
    xr.testing.assert_identical(without_history(found), without_history(expected))


@pytest.mark.parametrize("name", ANNULI)
def test_real_files_have_their_cells_and_sums(name, gammapy_data):
    found = open_map(gammapy_data / "real" / f"{name}.fits").isel(energy=0)
    scheme = found["healpix"].attrs["indexing_scheme"]
    sky = HEALPix(64, scheme, frame="galactic").healpix_to_skycoord(found["cell_ids"].to_numpy())
    ring = np.digitize(sky.separation(L30B10).deg, [2, 5, 10, 20])
    pixels, sums = ANNULI[name]
    np.testing.assert_array_equal(np.bincount(ring)[:4], pixels)
    np.testing.assert_array_equal(np.bincount(ring, found)[:4], sums)


@pytest.mark.slow
def test_the_exposure_of_fermi_in_healpix_is_that_of_its_pixels(gammapy_data):
    folder = gammapy_data / "fermi-3fhl-gc"
    names = ("counts", "background", "exposure")
    paths = {name: folder / f"fermi-3fhl-gc-{name}-cube.fits.gz" for name in names}
    cells = {"exposure": gammapy_data / "real" / "fermi_3fhl_exposure_cube_hpx.fits.gz"}
    with pytest.raises(FileFormatError, match=r"HPXEXPOSURES .* no COORDSYS.*frame='icrs'"):
        open_maps(**paths | cells)
    start, end = SkyCoord([5, -5] * u.deg, [0, 0] * u.deg, frame="galactic")
    bins = SkyBins.along_line(start, end, height=3 * u.deg, nbin=11)
    options = {"spectral_model": power_law(index=2.3), "energy_edges": [10, 500] * u.GeV}
    on_pixels = open_maps(**paths).profile.estimate(bins, **options)
    found = open_maps(**paths | cells, frame="icrs")
    assert "frame=icrs" in found.attrs["history"]
    profile = found.profile.estimate(bins, **options)
    np.testing.assert_allclose(profile["norm"], on_pixels["norm"], rtol=0.01, atol=0)
    later = open_maps(**paths | cells, frame="icrs", chunks={"lat": 100})
    np.testing.assert_array_equal(later["exposure"], found["exposure"])


@pytest.mark.heavy
@pytest.mark.parametrize(("ordering", "pix"), [("NESTED", None), ("RING", SOME)])
def test_maps_come_back_from_all_formats(ordering, pix, files, tmp_path):
    maps, path = files(pix=pix, ORDERING=ordering)
    assert set(maps["counts"].dims) == {"energy", "cell"}
    ordered = maps if pix is None else maps.isel(cell=np.argsort(pix))
    for one in (maps, maps.isel(cell=slice(None, None, -1), energy=slice(None, None, -1))):
        one.profile.to_fits(tmp_path / "new.fits", overwrite=True)
        check_same(open_maps(tmp_path / "new.fits"), ordered)
    maps.profile.to_netcdf(tmp_path / "new.nc")
    xr.testing.assert_identical(open_netcdf(tmp_path / "new.nc"), maps)
    maps.profile.to_zarr(tmp_path / "new.zarr")
    xr.testing.assert_identical(open_netcdf(tmp_path / "new.zarr"), maps)
    later = open_maps(path, chunks={"cell": 64})
    xr.testing.assert_equal(later.compute(), maps)
    engine = xr.open_dataset(path, engine="xprofile", chunks={"cell": 64})
    xr.testing.assert_equal(engine.compute(), maps)
    for found in (later, engine):
        found.profile.to_fits(tmp_path / "new.fits", overwrite=True)
        check_same(open_maps(tmp_path / "new.fits"), ordered)


def test_on_off_maps_and_responses_come_back_from_fits(files, tmp_path):
    maps, _ = files()
    off = {name: maps["counts"] * 2 + i for i, name in enumerate(ON_OFF)}
    plane = small_maps(positions=(2, 3)).isel(energy_true=slice(3))
    ends = ("_edisp", "_psf", "rad")
    places = {name: plane[name].variable for name in plane.coords if str(name).endswith(ends)}
    responses = {name: plane[name].variable for name in ("edisp", "psf")}
    maps = maps.drop_vars("background").assign(off).assign(responses).assign_coords(places)
    maps.profile.to_fits(tmp_path / "new.fits")
    found = open_maps(tmp_path / "new.fits")
    for name in (*ON_OFF, "edisp", "psf", "counts", "exposure", "mask"):
        np.testing.assert_array_equal(found[name], maps[name], err_msg=name)
        assert found[name].dims == maps[name].dims


@pytest.mark.slow
def test_zarr_has_chunks_of_cells(files, tmp_path, monkeypatch):
    maps, _ = files()
    monkeypatch.setattr("xprofile.io.zarr_folders._CELL_CHUNK", 500)
    maps.profile.to_zarr(tmp_path / "maps.zarr")
    found = xr.open_zarr(tmp_path / "maps.zarr")
    assert {found[name].chunksizes["cell"][0] for name in (*maps, "cell_ids")} == {16}
    assert found["cell_ids"].attrs == maps["cell_ids"].attrs
    found.profile.to_zarr(tmp_path / "again.zarr")
    xr.testing.assert_identical(open_netcdf(tmp_path / "again.zarr"), maps)


def test_large_files_have_chunks_of_cells_at_all_energies(files, monkeypatch):
    maps, path = files()
    monkeypatch.setattr("xprofile.io.maps.backend._CHUNK_BYTES", 1200)
    found = xr.open_dataset(path, engine="xprofile", chunks={})
    assert found.chunksizes["cell"] == (50, 50, 50, 42)  # 3 x 8 bytes of an exposure
    assert found["counts"].chunksizes["energy"] == (3,)
    np.testing.assert_array_equal(found["counts"], maps["counts"])


def test_frames_that_fits_has_no_name_for(files, tmp_path):
    maps, _ = files()
    maps["healpix"].attrs["frame"] = "supergalactic"
    with pytest.raises(InvalidDataError, match=r"no COORDSYS .* 'supergalactic'.*netCDF or Zarr"):
        maps.profile.to_fits(tmp_path / "new.fits")


@pytest.mark.parametrize("name", ["fk4", "barycentricmeanecliptic"])
def test_frames_come_back_from_fits(name, files, tmp_path):
    maps, _ = files()
    maps["healpix"].attrs["frame"] = name
    maps.profile.to_fits(tmp_path / "new.fits")
    assert open_maps(tmp_path / "new.fits")["healpix"].attrs["frame"] == name


def test_cells_in_another_order_are_found(files):
    _, path = files()
    other, _ = files("ring.fits", ORDERING="RING")
    ring = HEALPix(4, "nested").nested_to_ring(np.arange(CELLS))
    parts = ("background", "exposure", "mask")
    found = open_maps(path, **{part: other[part] for part in parts})
    for part in parts:
        np.testing.assert_array_equal(found[part], other[part].isel(cell=ring))


@pytest.mark.heavy
@pytest.mark.parametrize("part", ["exposure", "mask"])
def test_cells_that_a_part_does_not_have_are_masked(part, files):
    _, path = files()
    few, _ = files("few.fits", pix=SOME)
    with pytest.warns(DataWarning, match="does not cover 187 of the 192 pixels"):
        found = open_maps(path, **{part: few[part]})
    used = np.isin(np.arange(CELLS), SOME)
    assert not found["mask"].isel(cell=~used).any()
    np.testing.assert_array_equal(found[part].isel(cell=SOME), few[part].where(few["mask"], 0)
                                  if part == "mask" else few[part])  # fmt: skip


def test_backgrounds_are_not_interpolated(files):
    maps, path = files()
    few, _ = files("few.fits", pix=SOME)
    plane = small_maps()
    with pytest.raises(FileFormatError, match="of the counts, it covers 5 of 192 cells"):
        open_maps(path, background=few["background"])
    with pytest.raises(FileFormatError, match=r"other pixels .* expected HEALPix, NSIDE 4, nested"):
        open_maps(path, background=plane["background"])
    cut = open_maps(counts=few["counts"], exposure=few["exposure"], background=maps["background"])
    np.testing.assert_array_equal(cut["background"], maps["background"].isel(cell=SOME))


def test_background_rates_of_planes_on_cells(files):
    edges = np.geomspace(0.01, 1, 4)
    maps, path = files(edges=edges)
    plane = make_maps(make_wcs("CAR", (0, 0), step=10.0, shape=(18, 36)), (18, 36))
    rate = (plane["background"] * 0 + 2.0).assign_attrs(units="s-1 TeV-1 sr-1")
    found = open_maps(path, background=rate.drop_vars(["energy_min", "energy_max"]),
                      livetime=10 * u.s)["background"]  # fmt: skip
    expected = 2.0 * np.diff(edges) * 4 * np.pi / CELLS * 10
    np.testing.assert_allclose(found.isel(cell=7), expected, rtol=1e-9, atol=0)
    assert found.dims == maps["background"].dims


def test_exposures_of_planes_on_cells(files):
    _, path = files(edges=np.geomspace(0.01, 1, 4))
    plane = make_maps(make_wcs("CAR", (0, 0), step=10.0, shape=(18, 36)), (18, 36))
    lat = np.radians(plane["lat"])
    smooth = plane["exposure"] * 0 + 3e10 * (2 + np.sin(lat))
    smooth.attrs = plane["exposure"].attrs
    found = open_maps(path, exposure=smooth)["exposure"]
    assert found.dims == ("energy_true", "cell")
    sky = HEALPix(4, "nested", frame="galactic").healpix_to_skycoord(np.arange(CELLS))
    np.testing.assert_allclose(found[0], 3e10 * (2 + np.sin(sky.b)).value, rtol=0.01, atol=0)
    back = open_maps(counts=plane["counts"], exposure=found.assign_attrs(smooth.attrs))["exposure"]
    assert back.dims == ("energy_true", "lat", "lon")
    np.testing.assert_allclose(back.transpose(*smooth.dims)[0], smooth[0], rtol=0.04, atol=0)


@pytest.mark.parametrize("chunks", [None, {"cell": 50}])
def test_cells_without_data_are_not_on_the_maps(chunks, tmp_path):
    values = numbers(1)[0]
    values[5], values[8] = UNSEEN, np.nan
    counts = write(tmp_path / "c.fits", healpy({"T": values}))
    exposure = write(tmp_path / "e.fits", healpy({"T": values[::-1].copy()}))
    options = {"energy_edges": EDGES[:2] * u.TeV, "exposure_unit": "cm2 s", "chunks": chunks}
    with pytest.warns(DataWarning, match="does not cover 2 of the 190"):
        found = open_maps(counts=counts, exposure=exposure, background=0, **options)
    known = np.delete(np.arange(CELLS), [5, 8])
    np.testing.assert_array_equal(found["cell_ids"], known)
    np.testing.assert_array_equal(found["counts"][0], known)
    np.testing.assert_array_equal(
        found["cell_ids"][~found["mask"][0].to_numpy()], [CELLS - 9, CELLS - 6]
    )
    empty = write(tmp_path / "n.fits", healpy({"T": np.full(CELLS, np.nan)}))
    with pytest.raises(FileFormatError, match="no data in any cell"):
        open_maps(counts=empty, exposure=exposure, background=0, **options)


def test_events_fill_cells(gammapy_data):
    real = gammapy_data / "real"
    counts = open_events(
        real / "fermitools_ft1_01.fits",
        like=open_map(real / "hpx_gadf_nest.fits").isel(energy=0, drop=True),
        energy_edges=[1e-5, 10] * u.TeV,
    )
    events = fits.getdata(real / "fermitools_ft1_01.fits", "EVENTS")
    sky = SkyCoord(events["RA"], events["DEC"], unit="deg")
    cells = HEALPix(64, "nested", frame="galactic").skycoord_to_healpix(sky)
    np.testing.assert_array_equal(counts[0], np.bincount(cells, minlength=49152))
