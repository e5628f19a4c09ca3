"""Tables of events: the right HDU, columns, units, sky frame, and cuts by other columns."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import FK4, FK5, ICRS, FK4NoETerms, SkyCoord
from astropy.io import fits
from astropy.time import Time
from cases import event_files as small

from xprofile import open_events
from xprofile.exceptions import DataWarning, FileFormatError
from xprofile.io.events.conventions import equatorial_frame

CRAB = SkyCoord(83.63, 22.01, unit="deg")
NEW = {
    "center": CRAB, "width": 4 * u.deg, "binsz": 0.02 * u.deg, "energy_edges": [1, 3, 10] * u.TeV,
}  # fmt: skip


def read(hdus, **options):
    return open_events(small.stream(hdus), **(NEW | options))


EXPECTED = read(small.gadf())


def without_unit(hdus, *keep):
    """HDUs whose table names no units and no tool, but keeps some cards."""
    table = hdus[1]
    for column in table.columns:
        column.unit = None
    for key in {"TELESCOP", "HDUCLASS", "RADECSYS", "EQUINOX"} - set(keep):
        table.header.remove(key, ignore_missing=True)
    return hdus


# HDUs and columns


def test_events_come_before_other_tables():
    other = small.table({"RA": [0.0], "DEC": [0.0], "ENERGY": ([2.0], "TeV")}, name="SOURCES")
    empty, events = small.gadf()
    np.testing.assert_array_equal(read([empty, other, events]), EXPECTED)
    events.name = "PHOTONS"
    gti = small.table({"START": [0.0], "STOP": [1.0]}, name="GTI")
    np.testing.assert_array_equal(read([empty, gti, events, other]), EXPECTED)


def test_table_events_may_lack_the_columns():
    empty, events = small.gadf()
    events.name = "PHOTONS"
    useless = small.table({"X": [0.0], "Y": [0.0]})
    np.testing.assert_array_equal(read([empty, useless, events]), EXPECTED)
    expected = r"no table of events, expected columns ENERGY and one of RA/DEC, L/B.*; found EVENTS"
    with pytest.raises(FileFormatError, match=expected + " with X, Y"):
        read([empty, useless])
    with pytest.raises(FileFormatError, match="found no table, but the HDUs PRIMARY"):
        read([empty])


def test_second_table_of_events_is_told():
    empty, events = small.gadf()
    with pytest.warns(DataWarning, match="is the first of 2 tables of this name"):
        np.testing.assert_array_equal(read([empty, events, events.copy()]), EXPECTED)


@pytest.mark.parametrize("names", [("L", "B"), ("GLON", "GLAT"), ("glon", "glat")])
def test_galactic_positions(names):
    sky = SkyCoord(small.RA, small.DEC, unit="deg").galactic
    columns = {names[0]: sky.l.deg, names[1]: sky.b.deg, "Energy": (small.ENERGY, "TeV")}
    np.testing.assert_array_equal(read([fits.PrimaryHDU(), small.table(columns)]), EXPECTED)


@pytest.mark.parametrize("first", [True, False])
def test_capitals_alone_tell_columns_apart(first):
    """HAWC writes ra and dec in rad, without a unit, beside RA and DEC in deg."""
    right = {"RA": (small.RA, "deg"), "DEC": (small.DEC, "deg"), "ENERGY": (small.ENERGY, "TeV")}
    wrong = {"ra": np.radians(small.RA), "dec": np.radians(small.DEC), "energy": small.ENERGY * 2}
    columns = wrong | right if first else right | wrong
    np.testing.assert_array_equal(read([fits.PrimaryHDU(), small.table(columns)]), EXPECTED)


def test_lower_case_columns_alone():
    columns = {"ra": small.RA, "Dec": small.DEC, "energy": (small.ENERGY, "TeV")}
    np.testing.assert_array_equal(read([fits.PrimaryHDU(), small.table(columns)]), EXPECTED)
    columns["dec"] = small.DEC
    with pytest.raises(FileFormatError, match="columns Dec, dec, which differ by capitals alone"):
        read([fits.PrimaryHDU(), small.table(columns)])


def test_column_without_numbers():
    text = np.array(["a", "b", "c", "d"])
    with pytest.raises(FileFormatError, match=r"column ENERGY holds type .*, expected one number"):
        read(small.gadf(energy=text))


def test_scaled_and_integer_columns():
    columns = [
        fits.Column("RA", "J", "deg", array=np.rint(small.RA * 1e6).astype("i4")),
        fits.Column("DEC", "E", "deg", array=small.DEC),
        fits.Column("ENERGY", "I", "TeV", array=small.ENERGY.astype("i2")),
        fits.Column("RUN", "J", bzero=2**31, array=np.arange(4, dtype="u4") + 2**31),
        fits.Column("WIDE", "PD()", array=np.array([[1.0], [2.0], [], [3.0]], object)),
    ]
    hdus = [fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name="EVENTS")]
    hdus[1].header["TSCAL1"] = 1e-6
    np.testing.assert_array_equal(read(hdus), EXPECTED)
    assert read(hdus, cuts={"RUN": (2**31 + 1, 2**31 + 3)}).sum() == 2
    with pytest.raises(FileFormatError, match="column WIDE holds"):
        read(hdus, cuts={"WIDE": (0, 1)})


# numbers, and columns by other names


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_missing_numbers_are_dropped(scale):
    columns = [
        fits.Column("RA", "D", "deg", array=small.RA),
        fits.Column("DEC", "D", "deg", array=small.DEC),
        fits.Column("ENERGY", "J", "TeV", array=np.array([1, 2, -9, 9]), null=-9),
        fits.Column("MULTIP", "I", array=np.array([2, -1, 2, 2]), null=-1),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="EVENTS")
    hdus = fits.HDUList.fromstring(small.stream([fits.PrimaryHDU(), table]).read())
    edges = [1, 3, 10] * u.TeV * scale
    if scale != 1:
        hdus[1].header["TSCAL3"] = scale  # TNULL is compared before this factor
    with pytest.warns(DataWarning, match="1 of 4 events have no valid position or energy"):
        counts = read(list(hdus), cuts={"MULTIP": (-5, 5)}, energy_edges=edges)
    assert counts.sum() == 2


def test_one_number_as_an_array():
    columns = [
        fits.Column("RA", "1D", "deg", dim="(1)", array=small.RA[:, None]),
        fits.Column("DEC", "1D", "deg", dim="(1)", array=small.DEC[:, None]),
        fits.Column("ENERGY", "1D", "TeV", dim="(1)", array=small.ENERGY[:, None]),
    ]
    hdus = [fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name="EVENTS")]
    np.testing.assert_array_equal(read(hdus), EXPECTED)


def test_x_ray_events_say_what_to_do():
    columns = {"TIME": small.RA, "RA": small.RA, "DEC": small.DEC, "PI": (small.ENERGY, "eV")}
    expected = r"found EVENTS with TIME, RA, DEC, PI; .* rename .*make images .* energy_edges="
    with pytest.raises(FileFormatError, match=expected):
        read([fits.PrimaryHDU(), small.table(columns)])


# units


@pytest.mark.parametrize(("unit", "scale"), [("GeV", 1e3), ("MeV", 1e6), ("erg", 1.602176634)])
def test_units_of_energies(unit, scale):
    counts = read(small.gadf(energy=small.ENERGY * scale * (1 + 1e-12), unit=unit))
    np.testing.assert_array_equal(counts, EXPECTED)


def test_positions_in_rad():
    radians = {"RA": (np.radians(small.RA), "rad"), "DEC": (np.radians(small.DEC), "rad")}
    np.testing.assert_array_equal(read(small.gadf(**radians)), EXPECTED)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("hdus", "unit"),
    [
        (without_unit(small.gadf(), "HDUCLASS"), "TeV"),
        (without_unit(small.gadf()), "TeV"),  # by its columns EVENT_ID and TIME
        (without_unit(small.ft1(), "TELESCOP"), "MeV"),
        (without_unit(small.ft1(TIME=small.RA, EVENT_ID=small.RA)), "MeV"),  # by ZENITH_ANGLE
        (without_unit(small.gadf(energy=small.ENERGY * 1e3, cards={"EUNIT": "GeV"})), "GeV"),
    ],
)
def test_units_that_tools_leave_out(hdus, unit):
    counts = read(hdus)
    np.testing.assert_array_equal(counts, EXPECTED)
    assert f"; energies taken as {unit}" in counts.attrs["history"]


def test_unknown_unit_of_energies():
    columns = {"RA": small.RA, "DEC": small.DEC, "ENERGY": small.ENERGY}
    hdus = [fits.PrimaryHDU(), small.table(columns)]
    with pytest.raises(FileFormatError, match=r"no unit .* ENERGY.* give energy_unit='TeV'"):
        read(hdus)
    np.testing.assert_array_equal(read(hdus, energy_unit="TeV"), EXPECTED)
    with pytest.raises(FileFormatError, match="column ENERGY has the unit 'm'"):
        read(small.gadf(unit="m"))


# frames


FRAMES = pytest.mark.parametrize(
    ("cards", "frame"),
    [
        ({"RADECSYS": "ICRS", "EQUINOX": 1950.0}, ICRS()),
        ({"RADESYS": "fk5"}, FK5()),
        ({"RADECSYS": "FK5", "EQUINOX": 1975.0}, FK5(equinox=Time(1975, format="jyear"))),
        ({"RADESYS": "FK4"}, FK4()),
        ({"RADESYS": "B1950", "EQUINOX": 1900.0}, FK4(equinox=Time(1900, format="byear"))),
        ({"RADESYS": "FK4-NO-E", "EQUINOX": "B1950"}, FK4NoETerms()),
        ({"EQUINOX": 1950}, FK4()),
        ({"EQUINOX": "J2000.0"}, FK5()),
        ({}, ICRS()),
    ],
)


@FRAMES
def test_frames_of_headers(cards, frame):
    found, notes = equatorial_frame([fits.Header(cards), fits.Header()], "EVENTS")
    assert found.is_equivalent_frame(frame)
    assert notes == ([] if cards else ["positions taken as ICRS"])


@FRAMES
@pytest.mark.parametrize("place", [0, 1])
def test_frames_and_equinoxes(cards, frame, place):
    sky = SkyCoord(small.RA, small.DEC, unit="deg").transform_to(frame)
    hdus = small.gadf(ra=sky.spherical.lon.deg, dec=sky.spherical.lat.deg)
    del hdus[1].header["RADECSYS"]
    hdus[place].header.update(cards)
    counts = read(hdus)
    np.testing.assert_array_equal(counts, EXPECTED)
    assert ("positions taken as ICRS" in counts.attrs["history"]) == (not cards)


def test_unknown_frames():
    with pytest.raises(FileFormatError, match="has RADESYS 'GAPPT', expected one of ICRS, FK5"):
        read(small.gadf(cards={"RADECSYS": "GAPPT"}))
    with pytest.warns(DataWarning, match="RADESYS 'STRING', .* its EQUINOX 2000 is used alone"):
        counts = read(small.gadf(cards={"RADECSYS": "string", "EQUINOX": 2000.0}))
    np.testing.assert_array_equal(counts, EXPECTED)
    with pytest.raises(FileFormatError, match="has EQUINOX 'now', expected a year"):
        read(small.gadf(cards={"RADECSYS": "FK5", "EQUINOX": "now"}))
