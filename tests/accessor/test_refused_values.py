"""Values that were taken in silence, or ended in errors from inside: errors that say what to do."""

import astropy.units as u
import numpy as np
import pytest
from cases.small_inputs import binned, bins, file, image, maps, profile, toys

import xprofile
from xprofile.exceptions import (
    FileFormatError,
    InvalidDataError,
    InvalidOptionError,
    OutOfRangeError,
    TooLargeError,
    UnusableInputError,
)


def nested(depth=5000):
    found = []
    for _ in range(depth):
        found = [found]
    return found


def maps_with_card(**cards):
    data = maps()
    return data.assign_coords(wcs=data.wcs.assign_attrs(cards))


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"CDELT1": "x"}, "CDELT1 = 'x', expected a finite number"),  # was 1 deg, in silence
        ({"CRPIX2": "6.5"}, "CRPIX2 = '6.5', expected a finite number"),
        ({"CRVAL1": np.nan}, "CRVAL1 = nan"),
        ({"CRVAL1": [1, 2]}, r"CRVAL1 = \[1, 2\]"),
        ({"LONPOLE": True}, "LONPOLE = True"),
        ({"CTYPE1": 3}, "CTYPE1 = 3, expected text"),
        (
            {"CTYPE1": nested()},
            r"CTYPE1 = (an object of the type list|\[{9})",
        ),  # which Python 3.13 prints
        ({"CTYPE1": "FOO"}, "not those of a WCS"),
        ({"CDELT1": 0}, "not those of a WCS"),
    ],
)
def test_cards_of_the_wcs(cards, message):
    for use in (lambda data: data.profile.wcs, lambda data: data.profile.bin(bins())):
        with pytest.raises(InvalidDataError, match=message):
            use(maps_with_card(**cards))


def test_a_wcs_without_cards():
    for data in (maps().assign_coords(wcs=3), maps_with_card().assign_coords(wcs=maps().wcs * 1)):
        data.wcs.attrs.clear()
        with pytest.raises(InvalidDataError, match="no FITS cards CTYPE1, CTYPE2"):
            _ = data.profile.wcs


def test_pixel_numbers_beyond_all_maps():
    data = maps()
    with pytest.raises(InvalidDataError, match="beyond 1e\\+07"):
        data.assign_coords(x=data.x * 10**15).profile.bin(bins())


@pytest.mark.parametrize(
    "use",
    [
        lambda text: text.profile.bin(bins()),
        lambda text: text.profile.smooth(0.1 * u.deg),
        lambda text: text[0].profile.plot_sky(),
    ],
)
def test_images_of_text(use):
    with pytest.raises(InvalidDataError, match="expected real numbers"):
        use(image().astype(str))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"norm_values": [1, 2] * u.deg}, InvalidOptionError, "finite numbers"),
        ({"norm_values": ["a", "b"]}, InvalidOptionError, "finite numbers"),
        ({"norm_values": np.zeros(2_000_000)}, TooLargeError, "scan of 2e"),
        ({"scan_n_values": 10**9, "scan_n_sigma": 3}, TooLargeError, "scan of 1e"),
    ],
)
def test_options_of_estimates(options, error, message):
    with pytest.raises(error, match=message):
        binned().profile.estimate(selection_optional="all", **options)


@pytest.mark.parametrize("norm", ["1", True])
def test_norms(norm):
    for use in (binned().profile.simulate, toys().profile.interval_coverage):
        with pytest.raises(InvalidOptionError, match=r"norm must be"):
            use(norm=norm)


def test_no_toys():
    with pytest.raises(InvalidDataError, match="no toys"):
        profile().profile.p_value(toys().isel(toy=slice(0, 0)))


@pytest.mark.parametrize("energy", ["1 TeV", slice("a", "b"), slice(None, "1")])
def test_texts_for_numbers_in_selections(energy):
    with pytest.raises(InvalidOptionError, match="energy must be a number or Quantity"):
        maps().profile.sel(energy=energy)


@pytest.mark.parametrize(
    "use",
    [
        lambda data, path: xprofile.select(data, energy=slice(None)),
        lambda data, path: data.profile.to_units(energy="GeV"),
        lambda data, path: data.profile.to_netcdf(path),
    ],
)
def test_deep_attributes(tmp_path, use):
    with pytest.raises(InvalidDataError, match="nested too deeply"):
        use(maps().assign_attrs(note=nested()), tmp_path / "a.nc")


@pytest.mark.parametrize(
    ("index", "error"),
    [(3, OutOfRangeError), ([True], OutOfRangeError), ("a", UnusableInputError)],
)
def test_indices_of_bins(index, error):
    with pytest.raises(error, match=r"3 bins|bins are selected by"):
        bins()[index]
    assert issubclass(error, IndexError | TypeError)


@pytest.mark.parametrize("length", [1, 23, 48])
def test_tables_of_events_whose_rows_have_another_length(tmp_path, length):
    path = tmp_path / "events.fits"
    content = file("events.fits").read_bytes()
    card = f"NAXIS1  = {24:>20}".encode()
    assert card in content
    changed = content.replace(card, f"NAXIS1  = {length:>20}".encode())
    changed += b"\0" * (2880 if length > 24 else 0)
    path.write_bytes(changed)
    with pytest.raises(FileFormatError):
        xprofile.open_events(path, like=maps())


def test_runtime_errors_of_values_are_explained():
    data = maps().chunk()

    def fail(block):
        raise RuntimeError("NetCDF: HDF error")

    lazy = data.assign(counts=data.counts.copy(data=data.counts.data.map_blocks(fail, dtype=int)))
    with pytest.raises(UnusableInputError, match="NetCDF: HDF error"):
        lazy.profile.bin(bins())
