"""Files of events: patterns, HDUs in files, and the HDU of the map whose pixels are used."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import Galactic, SkyCoord
from astropy.io import fits
from cases import event_files as small

from xprofile import open_events, open_map
from xprofile.exceptions import (
    DataWarning,
    FileFormatError,
    InvalidOptionError,
    MissingFileError,
)

NEW = {
    "center": SkyCoord(83.63, 22.01, unit="deg"), "width": 4 * u.deg, "binsz": 0.1 * u.deg,
    "energy_edges": [1, 3, 10] * u.TeV,
}  # fmt: skip


@pytest.fixture
def runs(tmp_path):
    """Folder with two files of events."""
    for number in (1, 2):
        fits.HDUList(small.gadf()).writeto(tmp_path / f"run{number}.fits")
    return tmp_path


def test_patterns_stand_for_all_files(runs):
    expected = 2 * open_events(runs / "run1.fits", **NEW)
    for source in (runs / "run*.fits", str(runs / "run[12].fits"), runs.glob("run?.fits")):
        np.testing.assert_array_equal(open_events(source, **NEW), expected)
    assert "run1.fits+run2.fits" in open_events(runs / "run*.fits", **NEW).attrs["history"]
    with pytest.raises(MissingFileError, match=r"no file matches '.*none\*.fits'"):
        open_events(runs / "none*.fits", **NEW)
    (runs / "odd[1].fits").write_bytes((runs / "run1.fits").read_bytes())
    assert 2 * open_events(runs / "odd[1].fits", **NEW).sum() == expected.sum()


def test_files_given_twice_are_told(runs):
    with pytest.warns(DataWarning, match=r"has .*run1.fits more than once"):
        open_events([runs / "run1.fits", runs / "." / "run1.fits"], **NEW)


def test_tables_of_one_file(tmp_path):
    path = tmp_path / "runs.fits"
    empty, events = small.gadf()
    second = small.gadf(small.RA[:1], small.DEC[:1], small.ENERGY[:1])[1]
    fits.HDUList([empty, events, second]).writeto(path)
    counts = open_events([(path, 1), (path, 2)], **NEW)
    assert counts.sum() == small.RA.size + 1
    assert open_events((path, 2), **NEW).sum() == 1
    with pytest.raises(FileFormatError, match="has no HDU 'ON', found PRIMARY, EVENTS, EVENTS"):
        open_events([(path, "ON")], **NEW)
    second.name = "EVENTS_2"
    fits.HDUList([empty, events, second]).writeto(path, overwrite=True)
    with pytest.warns(DataWarning, match=r"first of 2 tables .*\[\(path, 1\), \(path, 2\)\]"):
        open_events(path, **NEW)


def test_pixels_of_an_hdu(gammapy_data):
    real = gammapy_data / "real"
    cube = real / "hawc_nHit-6.fits.gz"
    whole = open_events(real / "hawc_events_6NN.fits.gz", like=cube)
    for hdu in ("COUNTS", "BACKGROUND", 1):
        counts = open_events(real / "hawc_events_6NN.fits.gz", like=(cube, hdu))
        np.testing.assert_array_equal(counts, whole)
    assert "like=hawc_nHit-6.fits.gz[1]" in counts.attrs["history"]
    with pytest.raises(FileFormatError, match="has no HDU 'ON', found PRIMARY, COUNTS"):
        open_events(real / "hawc_events_6NN.fits.gz", like=(cube, "ON"))
    with pytest.raises(InvalidOptionError, match=r"a pair of a file and an HDU.*found 3"):
        open_events(real / "hawc_events_6NN.fits.gz", like=3)


def test_event_lists_given_as_maps_name_the_function_that_reads_them(runs):
    with pytest.raises(FileFormatError, match=r"EVENTS of .* is an event list.*open_events"):
        open_map(runs / "run1.fits")


def test_the_frame_of_new_pixels_is_named_or_given(runs):
    given, named = (
        open_events(runs / "run1.fits", **NEW, frame=frame) for frame in (Galactic(), "galactic")
    )
    xr.testing.assert_equal(given, named)
    assert named.sum() > 0
