"""Sources of maps: HDUs of a file, numbers, and what is neither."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases import mapdataset_files as small
from cases.image_files import BACKGROUND, COUNTS, SECONDS, several_hdus
from cases.part_files import fermi_parts

from xprofile import open_map, open_maps
from xprofile.exceptions import DataWarning, FileFormatError, InvalidOptionError

OPTIONS = {"energy_edges": [1, 10] * u.TeV, "exposure_unit": "m2 s"}
ALPHA = 0.1 + BACKGROUND


@pytest.fixture
def path(tmp_path):
    """File of on-off images, as surveys publish them."""
    content = several_hdus(ON=COUNTS, OFF=3 * COUNTS, ALPHA=ALPHA, EXPO=SECONDS, EXCLUSION=COUNTS)
    (tmp_path / "hess.fits").write_bytes(content.getvalue())
    return tmp_path / "hess.fits"


def test_named_hdus_are_the_parts(path):
    hdu = {"counts": "ON", "counts_off": "off", "alpha": "ALPHA", "exposure": 4}
    maps = open_maps(path, hdu=hdu, **OPTIONS)
    np.testing.assert_array_equal(maps["counts"], COUNTS[None])
    np.testing.assert_array_equal(maps["counts_off"], 3 * COUNTS[None])
    np.testing.assert_array_equal(maps["acceptance"], ALPHA[None])
    np.testing.assert_array_equal(maps["acceptance_off"], np.ones((1, *COUNTS.shape)))
    np.testing.assert_allclose(maps["exposure"], 1e4 * SECONDS[None], rtol=1e-6)
    pairs = open_maps(**{name: (path, name_of) for name, name_of in hdu.items()}, **OPTIONS)
    xr.testing.assert_identical(pairs, maps)
    assert "counts=hess.fits[ON] exposure=hess.fits[4]" in maps.attrs["history"]
    assert "alpha=hess.fits[ALPHA]" in maps.attrs["history"]


def test_parts_replace_named_hdus(path):
    hdu = {"counts": "ON", "exposure": "EXPO", "background": "OFF", "mask": "EXCLUSION"}
    maps = open_maps(path, hdu=hdu, background=[(path, "OFF"), 1], **OPTIONS)
    np.testing.assert_array_equal(maps["background"], 1.0 + 3 * COUNTS[None])
    np.testing.assert_array_equal(maps["mask"], COUNTS[None] > 0)
    both = open_maps(path, hdu=hdu | {"background": ["OFF", "ALPHA"]}, **OPTIONS)
    np.testing.assert_allclose(both["background"], (3 * COUNTS + ALPHA)[None], rtol=1e-6)


def test_hdus_of_one_file_object():
    file = several_hdus(ON=COUNTS, EXPO=SECONDS)
    maps = open_maps(counts=(file, "ON"), exposure=(file, "EXPO"), background=0, **OPTIONS)
    np.testing.assert_array_equal(maps["counts"], COUNTS[None])


@pytest.mark.parametrize("chunks", [None, {}])
def test_numbers_are_the_values_of_all_pixels(chunks):
    maps = open_maps(**fermi_parts(background=0.25), chunks=chunks)
    np.testing.assert_array_equal(maps["background"], np.full(small.COUNTS.shape, 0.25))
    assert "background=0.25" in maps.attrs["history"]
    exposure = open_maps(**fermi_parts(exposure=2 * u.Unit("km2 h")), chunks=chunks)["exposure"]
    np.testing.assert_allclose(exposure, np.full(small.COUNTS.shape, 7.2e13), rtol=1e-12)
    np.testing.assert_array_equal(
        open_maps(**fermi_parts(background=np.float32(2)))["background"], np.full((3, 6, 8), 2)
    )


def test_alpha_may_be_a_number():
    maps = open_maps(**fermi_parts(background=None), counts_off=fermi_parts()["counts"], alpha=0.2)
    np.testing.assert_array_equal(maps["acceptance"], np.full(small.COUNTS.shape, 0.2))
    assert "background" not in maps


@pytest.mark.quick
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"hdu": {"count": "ON"}}, r"hdu needs .*found \{'count'"),
        ({"hdu": {}}, "hdu needs the path"),
        ({"hdu": {"counts": "ON"}}, "missing exposure, found counts"),
        ({"hdu": {"counts": "NO", "exposure": "EXPO"}}, r"HDU 'NO' of 'hess.fits'.*HDUs .*ON"),
        ({"hdu": {"counts": 9, "exposure": "EXPO"}}, "counts is in HDU 9 of 'hess.fits'"),
        (
            {"hdu": {"counts": "ON", "exposure": "EXPO"}, "alpha": 1, "acceptance": 1},
            "alpha stands for acceptance",
        ),
        (
            {"hdu": {"counts": "ON", "exposure": "EXPO"}, "background": 1j},
            "background must be a path.*found complex",
        ),
    ],
)
def test_hdus_that_do_not_fit_are_refused(path, changed, message):
    with pytest.raises(InvalidOptionError, match=message):
        open_maps(path, **changed, **OPTIONS)


def test_two_files_in_a_tuple_are_no_hdu(path):
    with pytest.raises(InvalidOptionError, match="a list for several files"):
        open_maps(**fermi_parts(background=(path, str(path))))


@pytest.mark.parametrize("value", [np.nan, np.inf, [1, 2] * u.ct])
def test_numbers_must_be_one_finite_number(value):
    with pytest.raises(InvalidOptionError, match=r"background must be .*one finite number"):
        open_maps(**fermi_parts(background=value))


def test_file_of_many_images_asks_for_the_hdus(path):
    with pytest.raises(FileFormatError, match="their HDUs in this file: open_maps"):
        open_maps(path)


@pytest.mark.parametrize("hdu", [True, None, {"a": 1}, -1, 7, "", "NO"])
def test_an_hdu_that_is_none_is_told(hdu):
    file = several_hdus(ON=COUNTS)
    with pytest.raises(InvalidOptionError, match=r"counts is in HDU .*the HDUs PRIMARY, ON"):
        open_maps(counts=(file, hdu), exposure=1.0)
    if hdu is not None:
        with pytest.raises(InvalidOptionError, match=r"no HDU .*name or number of one of its HDUs"):
            open_map(several_hdus(ON=COUNTS), hdu=hdu)


@pytest.mark.parametrize("hdu", [True, "ON", {}, ["ON"]])
def test_hdus_of_parts_are_a_dict(hdu):
    with pytest.raises(InvalidOptionError, match=r"hdu needs the path .* as in hdu=\{'counts'"):
        open_maps(several_hdus(ON=COUNTS), hdu=hdu)


def test_the_first_of_several_images_is_taken_with_a_warning():
    options = {"energy_edges": [0.5, 2] * u.keV, "exposure": 1 * u.cm**2 * u.s}
    with pytest.warns(DataWarning, match="images TS, ON, none of which is named COUNTS; the first"):
        open_maps(counts=several_hdus(TS=COUNTS, ON=COUNTS), **options)
    with pytest.raises(FileFormatError, match="no HDU BACKGROUND, expected one: COUNTS is another"):
        open_maps(
            counts=several_hdus(COUNTS=COUNTS), background=several_hdus(COUNTS=COUNTS), **options
        )
