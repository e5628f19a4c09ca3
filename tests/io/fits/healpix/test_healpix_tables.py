"""Values and cells of HEALPix tables in all forms that tools write, read at once and later."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy_healpix import HEALPix
from cases.healpix_files import (
    CARDS,
    CELLS,
    EDGES,
    UNSEEN,
    bands,
    gadf,
    healpy,
    numbers,
    table,
    write,
)

from xprofile import open_map
from xprofile.exceptions import DataWarning, FileFormatError, InvalidOptionError
from xprofile.io.fits.healpix.regions import cells_of_region
from xprofile.io.fits.healpix.sparse import LISTED

SOME = np.array([7, 3, 100, 191, 0])
BANDS = {"energy_edges": EDGES * u.TeV}


def check(path, values, cells=None, **options):
    """Compare the map of a file with values, read at once and by chunks."""
    cells = np.arange(CELLS) if cells is None else cells
    whole, later = open_map(path, **options), open_map(path, chunks={"cell": 50}, **options)
    for found in (whole, later, later.isel(cell=slice(3, 90, 4))):
        part = slice(3, 90, 4) if found.sizes["cell"] < cells.size else slice(None)
        np.testing.assert_array_equal(found, values[..., part])
        np.testing.assert_array_equal(found["cell_ids"], cells[part])
    assert later.dtype == whole.dtype
    return whole


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "i4", "i8", "u1"])
@pytest.mark.parametrize("ordering", ["NESTED", "RING"])
def test_planes_of_gadf(dtype, ordering, tmp_path):
    values = numbers(dtype=dtype)
    found = check(write(tmp_path / "a.fits", gadf(values, ORDERING=ordering)), values)
    assert (found.dims, found.dtype) == (("energy", "cell"), np.dtype(dtype))
    np.testing.assert_allclose(found["energy_max"], EDGES[1:], rtol=1e-12, atol=0)
    assert found["cell_ids"].attrs == {
        "grid_name": "healpix", "level": 2, "indexing_scheme": ordering.lower(),
    }  # fmt: skip
    assert found["healpix"].attrs == {**found["cell_ids"].attrs, "frame": "galactic"}


def test_listed_cells_in_any_order(tmp_path):
    values = numbers(cells=SOME.size)
    check(write(tmp_path / "a.fits", gadf(values, pix=SOME)), values, SOME)


def test_counts_and_exposures_of_fermi(tmp_path):
    counts = {f"CHANNEL{i + 1}": plane for i, plane in enumerate(numbers(12))}
    edges = np.geomspace(1e6, 1e9, 13)  # keV
    ebounds = fits.BinTableHDU.from_columns(
        [fits.Column("E_MIN", "D", unit="keV", array=edges[:-1]),
         fits.Column("E_MAX", "D", unit="keV", array=edges[1:])], name="EBOUNDS",
    )  # fmt: skip
    found = check(write(tmp_path / "c.fits", [table(counts), ebounds]), numbers(12))
    np.testing.assert_allclose(found["energy_min"], edges[:-1] * 1e-9, rtol=1e-12, atol=0)
    exposure = {f"ENERGY{i + 1}": plane for i, plane in enumerate(numbers(2))}
    energies = fits.BinTableHDU.from_columns(
        [fits.Column("Energy", "D", array=[1e4, 2e4])], name="ENERGIES"
    )
    hdus = [table(exposure, name="HPXEXPOSURES", COORDSYS=None), energies]
    found = check(write(tmp_path / "e.fits", hdus), numbers(2), frame="icrs")
    np.testing.assert_allclose(found["energy_true"], [0.01, 0.02], rtol=1e-12, atol=0)


def test_vectors_of_energies_in_rows(tmp_path):
    values = numbers()
    cards = {"COORDSYS": None, "HIERARCH COORDTYPE": "GAL"}  # of GALPROP
    hdus = [table({"Spectra": values.T.copy()}, name="SKYMAP2", **cards),
            bands("SKYMAP2_BANDS")]  # fmt: skip
    check(write(tmp_path / "a.fits", hdus), values)


@pytest.mark.parametrize("width", [1, 48])
def test_rows_of_many_cells(width, tmp_path):
    values = numbers(1)[0]
    column = values.reshape(-1, width) if width > 1 else values
    found = check(write(tmp_path / "a.fits", healpy({"TEMPERATURE": column})), values)
    assert (found.name, found.dims) == ("temperature", ("cell",))


def test_columns_of_healpy_are_maps_or_bands(tmp_path):
    values = numbers()
    names = ("TEMPERATURE", "Q_POLARISATION", "U_POLARISATION")
    path = write(tmp_path / "a.fits", healpy(dict(zip(names, values, strict=True))))
    with pytest.warns(DataWarning, match="columns TEMPERATURE, Q_.*column='Q_POLARISATION'"):
        first = open_map(path)
    np.testing.assert_array_equal(first, values[0])
    check(path, values[2], column="u_polarisation")
    check(path, values, **BANDS)
    with pytest.raises(InvalidOptionError, match=r"column is 'V', but .* columns TEMPERATURE, Q_"):
        open_map(path, column="V")


def test_cells_without_data_are_nan(tmp_path):
    values = numbers(1)[0]
    values[5], values[8] = UNSEEN, np.nan
    found = open_map(write(tmp_path / "a.fits", healpy({"T": values})))
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found)), [5, 8])
    later = open_map(tmp_path / "a.fits", chunks={})
    np.testing.assert_array_equal(later, found)


def test_integers_that_stand_for_none_are_nan(tmp_path):
    values = numbers(1, dtype="i4")[0]
    hdus = healpy({"HITS": values})
    hdus[0].columns["HITS"].null = 5
    found = open_map(write(tmp_path / "a.fits", hdus))
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found)), [5])


@pytest.mark.parametrize("key", [False, True])
def test_sparse_tables_are_0_elsewhere(key, tmp_path):
    cells, planes, values = np.array([9, 3, 191]), np.array([2, 0, 1]), np.float32([5, 6, 7])
    columns = {"PIX": cells.astype("i4"), "CHANNEL": planes.astype("i2"), "VALUE": values}
    if key:
        columns = {"KEY": planes * CELLS + cells, "VALUE": values}
    expected = np.zeros((3, CELLS), np.float32)
    expected[planes, cells] = values
    hdus = [table(columns, INDXSCHM="SPARSE"), bands()]
    check(write(tmp_path / "a.fits", hdus), expected)


def test_sparse_tables_of_all_cells_of_one_plane_and_of_cells_marked_as_listed(tmp_path):
    every = numbers()
    columns = {"KEY": np.arange(every.size, dtype="i4"), "VALUE": every.ravel()}
    check(write(tmp_path / "a.fits", [table(columns, INDXSCHM="SPARSE"), bands()]), every)
    plane = {"PIX": np.int32([7, 3]), "VALUE": np.float32([5, 6])}
    expected = np.zeros(CELLS, np.float32)
    expected[[7, 3]] = 5, 6
    found = open_map(write(tmp_path / "a.fits", [table(plane, INDXSCHM="SPARSE")]))
    np.testing.assert_array_equal(found, expected)
    some = {**plane, "CHANNEL": np.int16([0, 2])}
    hdus = [table(some, INDXSCHM="SPARSE", **{LISTED: True}), bands()]
    check(write(tmp_path / "a.fits", hdus), np.float32([[0, 5], [0, 0], [6, 0]]), np.array([3, 7]))


def test_sparse_tables_have_the_cells_of_their_region(tmp_path):
    columns = {"PIX": np.int32([82, 95]), "CHANNEL": np.int16([0, 2]), "VALUE": np.float32([5, 6])}
    expected = np.zeros((3, 16), np.float32)
    expected[[0, 2], [2, 15]] = 5, 6
    for region in ("HPX_PIXEL(NESTED,1,5)", "HPX_PIXEL(NESTED,1,6)"):
        hdus = [table(columns, INDXSCHM="SPARSE", HPX_REG=region), bands()]
        path = write(tmp_path / "a.fits", hdus)
        if region.endswith("5)"):
            check(path, expected, np.arange(80, 96))
    with pytest.raises(FileFormatError, match=r"cells that are not in its HPX_REG HPX_PIXEL"):
        open_map(path)


def test_a_range_of_cells(tmp_path):
    values = numbers(cells=20)
    hdus = gadf(values, FIRSTPIX=30, LASTPIX=49)
    check(write(tmp_path / "a.fits", hdus), values, np.arange(30, 50))


@pytest.mark.parametrize("ordering", ["NESTED", "RING"])
def test_cells_of_a_region_that_are_not_listed(ordering, gammapy_data, tmp_path):
    with fits.open(gammapy_data / "real" / "hpx_partial.fits") as hdus:
        known, header = hdus[1].data, hdus[1].header
        region, planes = header["HPX_REG"], np.array([known[f"CHANNEL{i}"] for i in (1, 2, 3)])
        listed = np.array(known["PIX"], np.int64)
    if ordering == "RING":
        listed = np.sort(HEALPix(64, "nested").nested_to_ring(listed))
    cards = {"NSIDE": 64, "ORDER": 6, "LASTPIX": 49151, "ORDERING": ordering, "HPX_REG": region}
    for scheme in ("IMPLICIT", "LOCAL"):
        hdus = gadf(planes.astype("f4"), INDXSCHM=scheme, **cards)
        found = open_map(write(tmp_path / "a.fits", hdus))
        np.testing.assert_array_equal(found["cell_ids"], listed)


@pytest.mark.parametrize("scheme", ["nested", "ring"])
def test_cells_of_small_circles_are_those_with_their_centre_inside(scheme):
    grid = HEALPix(128, scheme)
    lon, lat = grid.healpix_to_lonlat(np.arange(12 * 128**2))
    sky = SkyCoord(lon, lat)
    for x, y, radius in ((30, 10, 2.5), (359.9, -41.8, 0.7), (12, 89.7, 1.0), (77, -90, 0.4)):
        inside = np.flatnonzero(sky.separation(SkyCoord(x, y, unit="deg")).deg < radius)
        found = cells_of_region(f"DISK({x},{y},{radius})", 7, scheme, inside.size, "map")
        np.testing.assert_array_equal(found, inside)


def test_cells_within_a_larger_cell(tmp_path):
    values = numbers(cells=16)
    hdus = gadf(values, HPX_REG="HPX_PIXEL(NESTED,1,5)")
    check(write(tmp_path / "a.fits", hdus), values, np.arange(80, 96))


FRAMES = {
    "galactic": ({"COORDSYS": text} for text in ("G", "gal", "GALACTIC")),
    "icrs": ({"COORDSYS": "C"}, {"COORDSYS": "CEL", "EQUINOX": 2000.0}, {"COORDSYS": "EQU"}),
    "fk5": ({"COORDSYS": "CEL", "RADESYS": "FK5"}, {"COORDSYS": "C", "RADECSYS": "FK5"}),
    "fk4": ({"COORDSYS": "CEL", "EQUINOX": 1950.0},),
    "barycentricmeanecliptic": ({"COORDSYS": text} for text in ("E", "ECL")),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames(name, tmp_path):
    for cards in FRAMES[name]:
        found = open_map(write(tmp_path / "a.fits", gadf(numbers(), **cards)))
        assert found["healpix"].attrs["frame"] == name


def test_a_frame_is_given_for_files_that_name_none(tmp_path):
    assert CARDS["COORDSYS"] == "GAL"
    path = write(tmp_path / "a.fits", gadf(numbers(), COORDSYS=None))
    with pytest.raises(FileFormatError, match=r"no COORDSYS.*give frame=.*'icrs'"):
        open_map(path)
    assert open_map(path, frame="icrs")["healpix"].attrs["frame"] == "icrs"
    with pytest.raises(InvalidOptionError, match="frame is 'sky'"):
        open_map(path, frame="sky")
    path = write(tmp_path / "b.fits", gadf(numbers()))
    assert open_map(path, frame="icrs")["healpix"].attrs["frame"] == "galactic"


def test_a_file_that_changed_is_not_read_later(tmp_path):
    found = open_map(write(tmp_path / "a.fits", gadf(numbers())), chunks={})
    write(tmp_path / "a.fits", gadf(numbers(4), edges=np.geomspace(1, 9, 5)))
    with pytest.raises(FileFormatError, match="changed since it was opened"):
        found.compute()
