"""Maps that cover a part of the counts: what is not used may be missing."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.part_files import fermi_parts, stream

from xprofile import SkyBins, open_maps
from xprofile.exceptions import DataWarning, FileFormatError

BINS = SkyBins.annuli(SkyCoord(0, 0, unit="deg", frame="galactic"), edges=[0, 1, 3] * u.deg)
INSIDE = np.zeros(small.SHAPE, bool)
INSIDE[:4, :6] = True


def part(values):
    """File of the first rows and columns of a cube."""
    return stream([partfiles.image(values[:, :4, :6]), partfiles.ebounds()])


def mask(values):
    return stream([partfiles.image(values.astype(np.uint8)), partfiles.ebounds()])


def open_quietly(parts, **options):
    """Maps of parts that do not cover all pixels of the counts."""
    with pytest.warns(DataWarning, match="does not cover 24 of the 48 pixels"):
        return open_maps(**parts, **options)


@pytest.mark.parametrize("chunks", [None, {}])
def test_mask_that_ends_within_the_counts_leaves_out_the_rest(chunks):
    maps = open_quietly(fermi_parts(mask=part(small.MASK_SAFE.astype(np.uint8))), chunks=chunks)
    np.testing.assert_array_equal(maps["mask"], small.MASK_SAFE & INSIDE)
    counts = maps.profile.bin(BINS)["counts"].sum("projected_distance")
    expected = np.where(small.MASK_SAFE & INSIDE, small.COUNTS, 0).sum(axis=(1, 2))
    np.testing.assert_array_equal(counts, expected)


def test_part_of_a_float_mask_in_one_plane():
    plane = partfiles.image(np.ones((4, 6), np.float32))
    maps = open_quietly(fermi_parts(mask=stream([plane])))
    np.testing.assert_array_equal(maps["mask"], np.broadcast_to(INSIDE, small.COUNTS.shape))


@pytest.mark.parametrize("chunks", [None, {"lat": 2}])
def test_background_may_end_where_pixels_are_not_used(chunks):
    used = INSIDE & small.MASK_SAFE
    parts = {"background": part(small.BACKGROUND), "mask": mask(used)}
    maps = open_maps(**fermi_parts(**parts), chunks=chunks)
    np.testing.assert_array_equal(maps["background"].where(maps["mask"], 0),
                                  np.where(used, small.BACKGROUND, 0))  # fmt: skip
    assert not np.isfinite(maps["background"].where(~INSIDE, drop=False)).any()
    found = maps.profile.bin(BINS)["background"].sum("projected_distance")
    np.testing.assert_allclose(found, np.where(used, small.BACKGROUND, 0).sum(axis=(1, 2)), 1e-6)


def test_background_may_end_where_the_exposure_or_the_mask_does():
    smaller = partfiles.gtexpcube2(small.EXPOSURE[:, :4, :6])
    parts = fermi_parts(exposure=stream(smaller), background=part(small.BACKGROUND))
    assert np.isfinite(open_quietly(parts)["background"]).sum() == 3 * INSIDE.sum()
    parts = fermi_parts(background=part(small.BACKGROUND), mask=part(small.MASK_SAFE * 1.0))
    assert np.isfinite(open_quietly(parts)["background"]).sum() == 3 * INSIDE.sum()


def test_one_used_pixel_without_a_background_is_an_error():
    used = np.repeat(INSIDE[None], 3, axis=0)
    used[1, 4, 0] = True  # at one energy
    parts = {"background": part(small.BACKGROUND), "mask": mask(used)}
    with pytest.raises(FileFormatError, match=r"rows 0 to 3 of 0 to 5 .* others out by mask="):
        open_maps(**fermi_parts(**parts))
    with pytest.raises(FileFormatError, match="rows 0 to 3 of 0 to 5"):
        open_maps(**fermi_parts(background=part(small.BACKGROUND), mask=mask(INSIDE[None] | used)),
                  drop_variables="mask")  # fmt: skip


def test_off_counts_may_end_where_pixels_are_not_used():
    parts = {name: part(values) for name, values in
             (("counts_off", small.COUNTS_OFF), ("acceptance", small.ACCEPTANCE),
              ("acceptance_off", small.ACCEPTANCE_OFF))}  # fmt: skip
    parts |= fermi_parts(mask=mask(np.repeat(INSIDE[None], 3, axis=0)))
    del parts["background"]
    maps = open_maps(**parts)
    np.testing.assert_array_equal(maps["counts_off"][:, :4, :6], small.COUNTS_OFF[:, :4, :6])
    binned = maps.profile.bin(BINS)
    np.testing.assert_allclose(
        binned["counts_off"].sum("projected_distance"),
        small.COUNTS_OFF[:, :4, :6].sum(axis=(1, 2)), rtol=1e-6,
    )  # fmt: skip


def test_mask_of_another_part_of_the_sky_is_refused():
    far = [partfiles.image(np.ones(small.SHAPE), cards={"CRPIX1": 104.5})]
    with pytest.raises(FileFormatError, match="covers none of the pixels"):
        open_maps(**fermi_parts(mask=stream(far)))
