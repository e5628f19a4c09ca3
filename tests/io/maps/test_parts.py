"""Parts of maps from several files, of several kinds, and from memory."""

from io import BytesIO

import numpy as np
import pytest
import xarray as xr
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.part_files import fermi_parts, stream

from xprofile import open_maps
from xprofile.exceptions import InvalidDataError, InvalidOptionError


@pytest.fixture(scope="module")
def one_file():
    return open_maps(BytesIO(small.PLAIN.content))


def test_parts_stand_in_for_those_of_one_file(one_file):
    found = open_maps(BytesIO(small.PLAIN.content), background=stream(partfiles.gtmodel()))
    xr.testing.assert_identical(found.assign_attrs(one_file.attrs), one_file)
    assert "background=" in found.attrs["history"]
    doubled = open_maps(BytesIO(small.PLAIN.content), background=2 * one_file["background"])
    np.testing.assert_allclose(doubled["background"], 2 * one_file["background"], rtol=1e-6)


def test_several_backgrounds_are_added_up(one_file):
    more = one_file["background"] * 0.25
    maps = open_maps(**fermi_parts(background=[stream(partfiles.gtmodel()), more]))
    np.testing.assert_allclose(maps["background"], 1.25 * small.BACKGROUND, rtol=1e-6, atol=0)


def test_all_of_several_masks_have_to_be_true(one_file):
    file = stream(partfiles.single_map(small.MASK_FIT.astype(np.uint8)))
    maps = open_maps(**fermi_parts(mask=[one_file["mask"], file]))
    np.testing.assert_array_equal(maps["mask"], small.MASK_SAFE & small.MASK_FIT)


def test_a_mask_without_energies_holds_for_all(one_file):
    plane = small.MASK_SAFE[2].astype(np.uint8)
    maps = open_maps(**fermi_parts(mask=stream([partfiles.image(plane)])))
    np.testing.assert_array_equal(maps["mask"], np.broadcast_to(plane == 1, small.COUNTS.shape))
    np.testing.assert_array_equal(
        open_maps(**fermi_parts(mask=one_file["mask"].isel(energy=2, drop=True)))["mask"],
        maps["mask"],
    )


def test_masks_of_floats_are_false_where_there_is_no_number():
    values = small.MASK_SAFE.astype(float)
    values[1, 2, 3:5] = np.nan
    mask = open_maps(**fermi_parts(mask=stream(partfiles.single_map(values))))["mask"]
    np.testing.assert_array_equal(mask, small.MASK_SAFE & np.isfinite(values))


def test_response_of_one_file_with_cubes_of_others(one_file):
    whole = lambda: BytesIO(small.PLAIN.content)  # noqa: E731
    maps = open_maps(**fermi_parts(edisp=whole(), mask=whole(), psf=whole()))
    for name in ("edisp", "mask", "psf"):
        np.testing.assert_allclose(maps[name], one_file[name], rtol=1e-12)
    arrays = open_maps(**fermi_parts(**{name: one_file[name] for name in ("edisp", "mask", "psf")}))
    for name in ("edisp", "mask", "psf"):
        np.testing.assert_allclose(arrays[name], one_file[name], rtol=1e-12)


def test_parts_that_are_no_files(one_file):
    with pytest.raises(InvalidOptionError, match="missing exposure, found counts"):
        open_maps(counts=stream(partfiles.gtbin()))
    with pytest.raises(InvalidOptionError, match="missing acceptance_off, found"):
        open_maps(counts=b"", exposure=b"", counts_off=b"", acceptance=b"")
    with pytest.raises(InvalidOptionError, match=r"counts must be a file.*found 5"):
        open_maps(**fermi_parts(counts=5))
    with pytest.raises(InvalidOptionError, match="exposure must be one file or map, found 2"):
        open_maps(**fermi_parts(exposure=["a.fits", "b.fits"]))
    with pytest.raises(InvalidOptionError, match="exposure must be one file or map, found 0"):
        open_maps(**fermi_parts(exposure=[]))
    with pytest.raises(InvalidOptionError, match=r"mask must be a path, .*found bool"):
        open_maps(**fermi_parts(mask=True))
    with pytest.raises(InvalidDataError, match=r"mask must be a file or a map.*found \('energy'"):
        open_maps(**fermi_parts(mask=one_file["mask"].isel(lat=0)))
    with pytest.raises(InvalidDataError, match="pixels of background have gaps: x is"):
        open_maps(**fermi_parts(background=one_file["background"].isel(lon=[0, 2, 3, 4, 5, 6, 7])))
