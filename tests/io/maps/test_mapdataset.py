import gzip
import shutil
import signal
import warnings
from contextlib import contextmanager
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from astropy.utils.exceptions import AstropyDeprecationWarning
from astropy.wcs import WCS
from cases import mapdataset_files as small
from cases.mapdataset_files import PLAIN, Recipe, write

from xprofile.exceptions import FileFormatError, InvalidOptionError, MissingFileError
from xprofile.io.maps.opening import open_maps
from xprofile.maps.positions import skycoord
from xprofile.schema.checks import check_maps
from xprofile.schema.variables import MAPS

TAN = {
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRVAL1": 83.63,
    "CRVAL2": 22.01,
    "RADESYS": "FK5",
    "EQUINOX": 2000.0,
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "maps.fits"


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    return open_maps(write(tmp_path_factory.mktemp("maps") / "maps.fits"))


@pytest.fixture
def deadline():
    """Fail after ten seconds, where the system can: what does not end must not stop the tests."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("no answer in 10 s"))
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@contextmanager
def refused(error, message):
    """Expect an error with words of this package, and nothing on the screen before it."""
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        for old in (DeprecationWarning, AstropyDeprecationWarning):  # of astropy within itself
            warnings.simplefilter("ignore", old)
        with pytest.raises(error, match=f"(?s){message}") as caught:
            yield caught
    assert [str(warning.message) for warning in shown] == []


# what is in a good file


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


@pytest.mark.parametrize("onoff", [False, True])
@pytest.mark.parametrize("layout", ["values", "rows"])
def test_what_is_read_is_a_maps_dataset_in_native_byte_order(path, onoff, layout):
    maps = open_maps(write(path, Recipe(onoff=onoff, layout=layout)))
    check_maps(maps)
    assert [name for name, array in maps.variables.items() if not array.dtype.isnative] == []


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


@pytest.mark.parametrize("unit", ["m2 s", "cm2 s", "cm2 h", "km2 s"])
def test_exposure_is_converted(path, unit):
    maps = open_maps(write(path, Recipe(unit_exposure=unit)))
    np.testing.assert_allclose(maps["exposure"], small.EXPOSURE, rtol=5e-7, atol=0)


def test_integer_exposure_is_converted_without_overflow(path):
    def spoil(hdus):
        hdus["EXPOSURE"].data = hdus["EXPOSURE"].data.round().astype(np.int32)

    maps = open_maps(write(path, spoil=spoil))
    np.testing.assert_allclose(maps["exposure"], small.EXPOSURE, rtol=1e-6, atol=0)


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
    assert np.ptp(psf.to_numpy(), axis=0).max() > 0.1  # so the nodes do differ
    np.testing.assert_allclose(psf @ xr.DataArray(area, dims="rad"), 1, rtol=1e-6, atol=0)


# pixels and their place on the sky


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


# options


@pytest.mark.parametrize(
    "dropped", [["edisp"], ["psf", "mask"], ["exposure"], ["exposure", "edisp"], ["counts"]]
)
def test_dropped_variables_are_left_out_and_no_others(path, maps, dropped):
    rest = open_maps(write(path), drop_variables=dropped)
    assert set(rest.data_vars) == set(maps.data_vars) - set(dropped)
    for name in set(rest.data_vars) - {"psf"}:
        np.testing.assert_array_equal(rest[name], maps[name])


def test_one_name_to_drop_may_be_text(path):
    assert "edisp" not in open_maps(write(path), drop_variables="edisp")


@pytest.mark.parametrize("name", ["EDISP", "nothing", "e"])
def test_unknown_variable_to_drop_is_refused(path, name):
    with pytest.raises(InvalidOptionError, match=f"drop_variables.*'{name}'.*'edisp'"):
        open_maps(write(path), drop_variables=[name])


@pytest.mark.parametrize("unit", ["m", "no unit", "", None, "TeV s"])
def test_energy_unit_must_be_one(path, unit):
    with pytest.raises(InvalidOptionError, match=f"energy_unit must be .* found {unit!r}"):
        open_maps(write(path), energy_unit=unit)


def test_broken_part_can_be_dropped(path):
    def spoil(hdus):
        hdus["EDISP"] = fits.ImageHDU(np.ones((2, 3, 4)), name="EDISP")
        del hdus["BACKGROUND"]

    maps = open_maps(write(path, spoil=spoil), drop_variables=["edisp", "background"])
    np.testing.assert_array_equal(maps["counts"], small.COUNTS)


def test_history_names_the_file(maps):
    assert maps.attrs["history"] == "open_maps maps.fits"


@pytest.mark.parametrize("name", ["maps.fits.gz", "no_suffix"])
def test_compressed_files_are_known_by_their_content(maps, tmp_path, name):
    packed = tmp_path / name
    packed.write_bytes(gzip.compress(PLAIN.content))
    xr.testing.assert_equal(open_maps(str(packed)), maps)


@pytest.mark.parametrize(
    "recipe",
    [PLAIN, Recipe(onoff=True), Recipe(cards=TAN), Recipe(optional=())],
    ids=["CAR", "onoff", "TAN", "few"],
)
def test_netcdf_round_trip_loses_nothing(path, recipe):
    maps = open_maps(write(path, recipe)).isel(lon=slice(1, 7))
    maps.to_netcdf(path.with_suffix(".nc"))
    xr.testing.assert_identical(xr.load_dataset(path.with_suffix(".nc")), maps)


# files that are none


@pytest.mark.parametrize("name", ["missing.fits", "folder", "missing/maps.fits"])
def test_missing_file(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with refused(MissingFileError, f"no file .*{Path(name).name}.*check the path"):
        open_maps(tmp_path / name)


@pytest.mark.parametrize(
    "content",
    [b"", b"a text\n", b"energy,lat,lon\n" * 1000, b"\x00" * 5760, b"\x1f\x8b", b"SIMPLE  "],
    ids=["empty", "text", "table", "zeros", "gzip magic", "start"],
)
@pytest.mark.usefixtures("deadline")
def test_not_a_fits_file(path, content):
    path.write_bytes(content)
    with refused(FileFormatError, r"cannot read .*maps\.fits.* as FITS"):
        open_maps(path)


def inside(data, name, part):
    """Place in the middle of an HDU's header or data."""
    with fits.open(data, memmap=False) as hdus:
        place = hdus[name].fileinfo()
        ends = {"header": ("hdrLoc", "datLoc"), "data": ("datLoc", None)}[part]
        start = place[ends[0]]
        stop = place[ends[1]] if ends[1] else start + hdus[name].size
    return (start + stop) // 2


@pytest.mark.parametrize("part", ["header", "data"])
@pytest.mark.parametrize("name", ["COUNTS", "EXPOSURE_BANDS", "EDISP", "MASK_SAFE"])
@pytest.mark.usefixtures("deadline")
def test_truncated_file_is_refused_wherever_it_ends(path, name, part):
    cut = inside(write(path), name, part)
    path.write_bytes(path.read_bytes()[:cut])
    with refused(FileFormatError, r"cannot read .*maps\.fits.* truncated"):
        open_maps(path)


@pytest.mark.parametrize("lost", [1, 8, 100, 2000])
@pytest.mark.usefixtures("deadline")
def test_truncated_gzip_is_refused(path, lost):
    path.write_bytes(gzip.compress(PLAIN.content)[:-lost])
    with refused(FileFormatError, r"cannot read .*maps\.fits.* truncated"):
        open_maps(path)


@pytest.mark.parametrize("level", [0, 6])
@pytest.mark.parametrize("place", [0.1, 0.5, 0.7])
@pytest.mark.usefixtures("deadline")
def test_gzip_with_a_wrong_byte_is_refused(path, level, place):
    content = bytearray(gzip.compress(PLAIN.content, level))
    content[int(place * len(content))] ^= 0x55
    path.write_bytes(content)
    with refused(FileFormatError, r"cannot read .*maps\.fits"):
        open_maps(path)


@pytest.mark.parametrize(
    "text", [b"GCOUNT  =                    1", b"NAXIS1  =", b"XTENSION= 'IMAGE"]
)
@pytest.mark.usefixtures("deadline")
def test_gzip_with_a_wrong_header_is_refused(path, text):
    """Without compression the bytes unpack, and nothing but the checksum tells."""
    content = gzip.compress(PLAIN.content, 0)
    path.write_bytes(content.replace(text, text[:-1] + b"-", 1))
    with refused(FileFormatError, r"cannot read .*maps\.fits"):
        open_maps(path)


def test_gzip_with_wrong_values_is_refused(path):
    content = gzip.compress(PLAIN.content, 0)
    counts = small.COUNTS.astype(">i4").tobytes()
    assert counts in content
    path.write_bytes(content.replace(counts, counts[:-1] + b"\x7f"))
    with refused(FileFormatError, r"cannot read .*maps\.fits"):
        open_maps(path)


# files that lack or mix up something

ENERGIES = ("ENERGY", "E_MIN", "E_MAX")


def without(*names):
    def spoil(hdus):
        for name in names:
            del hdus[name]

    return spoil


def cards(name, **values):
    return lambda hdus: hdus[name].header.update(values)


def data(name, change):
    def spoil(hdus):
        hdus[name].data = change(hdus[name].data)

    return spoil


def replaced(name, values):
    def spoil(hdus):
        hdus[name] = fits.ImageHDU(values, name=name)

    return spoil


def columns(name, keys, change):
    def spoil(hdus):
        for key in keys:
            hdus[name].data[key] = change(hdus[name].data[key])

    return spoil


def everywhere(key, change):
    """Change a column in all tables that have it, so that they still agree."""

    def spoil(hdus):
        for hdu in hdus:
            if isinstance(hdu, fits.BinTableHDU) and key in hdu.columns.names:
                hdu.data[key] = change(hdu.data[key])

    return spoil


def unit(name, key, text):
    return lambda hdus: hdus[name].columns.change_unit(key, text)


def renamed(name, key, new):
    return lambda hdus: hdus[name].columns.change_name(key, new)


SPOILT = {
    "no exposure": (without("EXPOSURE"), r"no HDU EXPOSURE; found .*COUNTS"),
    "no counts": (without("COUNTS"), r"no HDU COUNTS; found .*EXPOSURE"),
    "no background": (without("BACKGROUND"), "no HDU BACKGROUND; found"),
    "three missing": (
        without("EXPOSURE", "COUNTS", "BACKGROUND"),
        "no HDU COUNTS, EXPOSURE, BACKGROUND; found",
    ),
    "nothing": (lambda hdus: hdus.__delitem__(slice(1, None)), "no HDU COUNTS, .*found PRIMARY"),
    "no bands": (
        without("EXPOSURE_BANDS"),
        "EXPOSURE of .* has no table.*EXPOSURE_BANDS is missing",
    ),
    "bands elsewhere": (
        cards("COUNTS", BANDSHDU="ELSE"),
        "COUNTS of .* has no table.*ELSE is missing",
    ),
    "no bands of edisp": (without("EDISP_BANDS"), "EDISP has no table.*EDISP_BANDS is missing"),
    "too few rows": (data("COUNTS_BANDS", lambda d: d[:-1]), r"COUNTS .*\(3, 6, 8\).*\(2, 6, 8\)"),
    "too few rows of two axes": (
        data("EDISP_BANDS", lambda d: d[:-1]),
        "EDISP_BANDS has 11 rows, expected",
    ),
    "too few values": (data("EDISP", lambda d: d[:-1]), "EDISP has 11 values .*expected 12"),
    "no rows": (data("COUNTS_BANDS", lambda d: d[:0]), "COUNTS_BANDS"),
    "no axes named": (
        lambda hdus: hdus["COUNTS_BANDS"].header.remove("AXCOLS1"),
        "COUNTS_BANDS has no AXCOLS",
    ),
    "unknown axis": (
        cards("COUNTS_BANDS", AXCOLS1="TIME"),
        "COUNTS_BANDS has an axis 'TIME', expected one of",
    ),
    "no column of edges": (
        renamed("COUNTS_BANDS", "E_MAX", "E_TOP"),
        r"COUNTS_BANDS has no column \['E_MAX'\]; found .*'E_TOP'",
    ),
    "no column of values": (renamed("EDISP", "DATA", "VALUES"), "EDISP.*DATA"),
    "unknown unit of exposure": (
        cards("EXPOSURE", BUNIT="acre s"),
        "EXPOSURE of .* has the unit 'acre s', which is not one",
    ),
    "other unit of exposure": (cards("EXPOSURE", BUNIT="cm2"), "EXPOSURE.*unit.*cm2"),
    "no unit of exposure": (cards("EXPOSURE", BUNIT=""), "EXPOSURE.*unit"),
    "unknown unit of energy": (
        unit("COUNTS_BANDS", "E_MIN", "kilovolts"),
        "COUNTS_BANDS column E_MIN has the unit 'kilovolts'",
    ),
    "no unit of energy": (unit("COUNTS_BANDS", "E_MIN", None), "COUNTS_BANDS.*unit"),
    "other unit of energy": (unit("EXPOSURE_BANDS", "ENERGY_TRUE", "s"), "EXPOSURE_BANDS.*unit"),
    "other unit of psf": (unit("PSF", "DATA", "deg"), "PSF.*unit"),
    "other unit of angle": (unit("PSF_BANDS", "RAD", "TeV"), "PSF_BANDS.*unit"),
    "no sky": (
        cards("COUNTS", CTYPE1="DETX", CTYPE2="DETY"),
        r"COUNTS has no celestial WCS: CTYPE is \['DETX', 'DETY'",
    ),
    "half a sky": (cards("COUNTS", CTYPE2="LINEAR"), "COUNTS"),
    "mixed sky": (cards("COUNTS", CTYPE2="DEC--CAR"), "COUNTS"),
    "other projection": (
        cards("BACKGROUND", CTYPE1="GLON-TAN", CTYPE2="GLAT-TAN"),
        "BACKGROUND of .* is on other pixels than COUNTS",
    ),
    "other pixels": (
        cards("BACKGROUND", CRPIX1=5.0),
        "BACKGROUND of .* is on other pixels than COUNTS",
    ),
    "other mask": (
        cards("MASK_SAFE", CDELT1=0.5),
        "MASK_SAFE of .* is on other pixels than COUNTS",
    ),
    "other rows": (
        data("BACKGROUND", lambda d: d[:, 1:]),
        r"BACKGROUND of .* has the shape \(3, 5, 8\), expected \(6, 8\)",
    ),
    "transposed": (
        data("EXPOSURE", lambda d: d.transpose(0, 2, 1)),
        r"EXPOSURE of .* has the shape \(4, 8, 6\), expected \(6, 8\)",
    ),
    "more energies than bands": (
        data("BACKGROUND", lambda d: np.concatenate([d, d])),
        r"BACKGROUND has the shape \(6, 6, 8\), expected \(3, 6, 8\)",
    ),
    "one plane": (data("COUNTS", lambda d: d[0]), r"COUNTS has the shape \(6, 8\), expected"),
    "one row": (data("COUNTS", lambda d: d[0, 0]), "COUNTS"),
    "a table": (
        lambda hdus: hdus.__setitem__("COUNTS", hdus["COUNTS_BANDS"].copy()),
        "COUNTS",
    ),
    "no pixels": (data("EXPOSURE", lambda d: None), "EXPOSURE is no image"),
    "other energies": (
        columns("BACKGROUND_BANDS", ENERGIES, lambda e: e * 1.01),
        "BACKGROUND of .* has energy .* COUNTS of .*same energies",
    ),
    "other energies of mask": (
        columns("MASK_SAFE_BANDS", ENERGIES, lambda e: e * 0.9),
        "MASK_SAFE of .* has energy .*same energies",
    ),
    "other energies of edisp": (
        columns("EDISP_BANDS", ["ENERGY_TRUE"], lambda e: e * 1.01),
        "EDISP of .* has energy_true .*same energies",
    ),
    "descending energies": (
        columns("COUNTS_BANDS", ENERGIES, lambda e: e[::-1]),
        "COUNTS_BANDS: energy does not ascend",
    ),
    "descending true energies": (
        columns("EXPOSURE_BANDS", ["ENERGY_TRUE"], lambda e: e[::-1]),
        "EXPOSURE_BANDS: energy_true does not ascend",
    ),
    "no number": (
        columns("EXPOSURE_BANDS", ["ENERGY_TRUE"], lambda e: e * np.nan),
        "EXPOSURE_BANDS: energy_true does not ascend",
    ),
    "infinite energy": (
        everywhere("E_MAX", lambda e: np.where(e == e.max(), np.inf, e)),
        "COUNTS_BANDS: energy",
    ),
    "negative energy": (
        everywhere("ENERGY_TRUE", lambda e: np.where(e == e.min(), -e, e)),
        "EXPOSURE_BANDS: energy_true",
    ),
    "zero energy": (
        everywhere("E_MIN", lambda e: np.where(e == e.min(), 0, e)),
        "COUNTS_BANDS: energy",
    ),
    "gap between energies": (
        everywhere("E_MAX", lambda e: np.where(e == e.min(), 0.9 * e, e)),
        "COUNTS_BANDS: energy",
    ),
    "overlapping energies": (
        everywhere("E_MAX", lambda e: np.where(e == e.min(), 1.1 * e, e)),
        "COUNTS_BANDS: energy",
    ),
    "edisp over the sky": (
        replaced("EDISP", np.ones((2, 3, 4))),
        r"EDISP has no table of energies|EDISP has the shape",
    ),
    "edisp of other axes": (
        cards("EDISP_BANDS", AXCOLS1="RAD"),
        r"EDISP_BANDS has no column \['RAD'\]",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), SPOILT.values(), ids=SPOILT)
def test_what_is_wrong_is_said(path, spoil, message):
    """By name and in words of its own: not as a file that cannot be read as FITS."""
    write(path, spoil=spoil)
    with refused(FileFormatError, message) as caught:
        open_maps(path)
    assert "as FITS" not in str(caught.value)


def test_axes_in_another_order_are_refused(path):
    def spoil(hdus):
        hdus["EDISP_BANDS"] = small.bands("EDISP", [PLAIN.energy_true(), PLAIN.energy()])

    with refused(FileFormatError, r"EDISP of .* has axes \['energy', 'energy_true'\]"):
        open_maps(write(path, spoil=spoil))


@pytest.mark.parametrize("name", ["ACCEPTANCE", "ACCEPTANCE_OFF"])
def test_off_counts_need_acceptances(path, name):
    write(path, Recipe(onoff=True), without(name))
    with refused(FileFormatError, f"no HDU {name}; found"):
        open_maps(path)


def test_dates_that_disagree_are_no_concern(path):
    times = {"MJD-OBS": 54682.0, "DATE-OBS": "2008-08-05", "DATE-END": "2015-08-02T23:13:16"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_maps(write(path, Recipe(cards=times)))


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


def test_truncated_real_file_is_refused(gammapy_data, tmp_path):
    file = gammapy_data / "onoff-sim" / "onoff-sim.fits.gz"
    cut = tmp_path / file.name
    shutil.copy(file, cut)
    with cut.open("r+b") as stream:
        stream.truncate(file.stat().st_size // 2)
    with refused(FileFormatError, r"onoff-sim\.fits\.gz.*truncated"):
        open_maps(cut)
