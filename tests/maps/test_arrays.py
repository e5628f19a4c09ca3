"""Arrays of every kind that make maps: masked, of xarray, with odd types; and their units."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from cases import mapdataset_files as small

from xprofile import axis_edges, from_arrays
from xprofile.exceptions import DataWarning, InvalidDataError, InvalidOptionError

CUBE = ("energy", "lat", "lon")


def made(**changed):
    given = {
        "counts": small.COUNTS,
        "wcs": fits.Header(small.WCS_CARDS),
        "energy_edges": small.EDGES * u.TeV,
        "background": small.BACKGROUND,
        "exposure": small.EXPOSURE * u.Unit("cm2 s"),
        "energy_true_edges": small.EDGES_TRUE * u.TeV,
    } | changed
    return from_arrays(**{name: value for name, value in given.items() if value is not None})


def test_alpha_stands_for_both_acceptances():
    off = {"background": None, "counts_off": small.COUNTS_OFF}
    maps = made(**off, alpha=0.2)
    expected = made(**off, acceptance=0.2, acceptance_off=1.0)
    xr.testing.assert_identical(maps, expected)
    image = np.full(small.COUNTS.shape[1:], 0.2)
    xr.testing.assert_identical(made(**off, alpha=image), expected)
    with pytest.raises(InvalidOptionError, match="alpha stands for acceptance and acceptance_off"):
        made(**off, alpha=0.2, acceptance=1)
    with pytest.raises(InvalidOptionError, match="alpha= stands for both"):
        made(**off)


def test_history_names_the_exposure_unit_and_the_effective_area():
    maps = made(exposure=small.EXPOSURE, exposure_unit="h", effective_area=240 * u.cm**2)
    assert maps.attrs["history"] == "from_arrays exposure_unit=h effective_area=240.0 cm2"


# masks


def test_masked_values_are_refused_because_they_would_be_used():
    masked = np.ma.masked_array(small.BACKGROUND, mask=small.BACKGROUND > 1)
    number = np.ma.count_masked(masked)
    with pytest.raises(InvalidDataError, match=rf"{number} values are masked; .*give mask="):
        made(background=masked)
    with pytest.raises(InvalidDataError, match="exposure is a masked array in which 1 values"):
        made(exposure=np.ma.masked_less_equal(small.EXPOSURE, small.EXPOSURE.min()),
             exposure_unit="cm2 s")  # fmt: skip
    xr.testing.assert_identical(made(counts=np.ma.masked_array(small.COUNTS)), made())


def test_a_mask_is_false_where_it_is_nan_as_in_files():
    mask = np.where(small.MASK_SAFE, 0.5, np.nan)
    np.testing.assert_array_equal(made(mask=mask)["mask"], small.MASK_SAFE)


# DataArrays


def test_dims_of_maps_may_have_any_order():
    counts = xr.DataArray(small.COUNTS, dims=CUBE).transpose("lon", "energy", "lat")
    xr.testing.assert_identical(made(counts=counts), made())
    square = xr.DataArray(np.arange(36.0).reshape(6, 6), dims=("lon", "lat"))
    shape = {"counts": np.ones((3, 6, 6)), "background": 1.0, "exposure": square,
             "exposure_unit": "cm2 s"}  # fmt: skip
    np.testing.assert_array_equal(made(**shape)["exposure"][0], square.T)


def test_units_among_the_attributes_hold():
    exposure = xr.DataArray(small.EXPOSURE, dims=("energy_true", "lat", "lon"))
    maps = made(exposure=exposure.assign_attrs(units="m2 s"))
    np.testing.assert_allclose(maps["exposure"], small.EXPOSURE * 1e4, rtol=2e-7)
    given = made(exposure=exposure.assign_attrs(units="m2 s"), exposure_unit="cm2 s")
    np.testing.assert_array_equal(given["exposure"], small.EXPOSURE)
    rates = xr.DataArray(small.BACKGROUND, dims=CUBE, attrs={"units": "s-1"})
    with pytest.raises(InvalidDataError, match=r"background has the unit 's-1' among its attr"):
        made(background=rates)


def test_dims_tell_whether_a_psf_is_over_reconstructed_energy():
    values, rad = np.arange(15.0).reshape(3, 5), xr.DataArray(small.RAD, attrs={"units": "deg"})
    same = {"energy_true_edges": None, "exposure": 1e10 * u.Unit("cm2 s"), "rad": rad}
    psf = xr.DataArray(values, dims=("energy", "rad"))
    assert made(**same, psf=psf.T)["psf"].dims == ("energy", "rad")
    assert made(**same, psf=values)["psf"].dims == ("energy_true", "rad")
    np.testing.assert_allclose(made(**same, psf=psf)["rad"], small.RAD)
    with pytest.raises(InvalidDataError, match=r"psf .*open_maps\(counts=\.\.\., psf="):
        made(**same, psf=psf.expand_dims(lat_psf=2, lon_psf=2))


def test_maps_make_themselves_again():
    maps = made(mask=small.MASK_SAFE, edisp=small.EDISP)
    names = ("counts", "background", "exposure", "mask", "edisp")
    again = from_arrays(
        **{name: maps[name] for name in names},
        wcs=maps.profile.wcs,
        energy_edges=axis_edges(maps, "energy") * u.TeV,
        energy_true_edges=axis_edges(maps, "energy_true") * u.TeV,
    )
    xr.testing.assert_allclose(again, maps, rtol=1e-12, atol=0)


def test_reversed_maps_keep_their_place():
    maps = made()
    counts = maps["counts"].isel(lat=slice(None, None, -1))
    found = made(counts=counts, wcs=maps.profile.wcs)["counts"]
    np.testing.assert_array_equal(found, maps["counts"])


# values that are no numbers


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ("counts.fits", "found 'counts.fits'; open_maps reads files"),
        (fits.PrimaryHDU(small.COUNTS), "found PrimaryHDU of object; .*hdu.data"),
        (small.COUNTS * 1j, "real numbers, found ndarray of complex128"),
        (small.COUNTS.astype(object), "real numbers, found ndarray of object"),
        ([[1, 2], [3]], "rows of different lengths"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(counts, message):
    with pytest.raises(InvalidDataError, match=f"counts .*{message}"):
        made(counts=counts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda edisp: edisp * 1000, "adds up to .* over the energies at a true energy"),
        (lambda edisp: edisp * np.nan, "is not finite"),
        (lambda edisp: edisp - 0.5, "is negative, down to -0.5"),
    ],
)
def test_energy_dispersions_that_are_no_fractions_are_warned_of(change, message):
    with pytest.warns(DataWarning, match=f"edisp {message}"):
        made(edisp=change(small.EDISP))


def test_off_counts_of_a_convolution_are_whole():
    off = {"background": None, "alpha": 0.2}
    rounded = small.COUNTS_OFF.astype(float) * (1 + 1e-7)
    made(**off, counts_off=rounded)
    with pytest.warns(DataWarning, match="counts_off is not whole"):
        made(**off, counts_off=rounded + 1e-3)
    with pytest.warns(DataWarning, match="counts is not whole"):
        made(counts=small.COUNTS * (1 + 1e-7))
