"""Grids that are the same on the sky are told the same, whatever their headers; others are not."""

from io import BytesIO

import numpy as np
import pytest
from astropy.io import fits
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.examples import examples
from cases.grid_headers import BASES, DIFFERENT, SAME, SHAPE, cards, reference_moved
from hypothesis import strategies as st

from xprofile import open_maps
from xprofile.exceptions import DataWarning, FileFormatError
from xprofile.io.fits.files import FitsFile
from xprofile.io.fits.reading.skymaps import read_skymap
from xprofile.io.fits.same_pixels import covered_by, pick_pixels
from xprofile.maps.wcs import grid_coords


def skymap(header, shape=SHAPE):
    """Map in a FITS file with the header, read back."""
    hdu = fits.PrimaryHDU(np.arange(np.prod(shape), dtype=float).reshape(shape))
    hdu.header.update(header)
    content = partfiles.content([hdu], output_verify="silentfix")
    with fits.open(BytesIO(content)) as hdus:
        hdus[0].data  # noqa: B018
        return read_skymap(FitsFile(hdus, "file"), [])


def found_pixels(image, counts):
    """Rows and columns of an image, whose axes are in the order of those of the counts."""
    found = image.find_pixels(counts)
    assert not found.turned
    return found.rows, found.columns


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("variant", SAME)
def test_one_grid_in_many_headers(variant, base):
    image, counts = skymap(SAME[variant](BASES[base])), skymap(BASES[base])
    for one, other in ((image, counts), (counts, image)):
        rows, columns = found_pixels(one, other)
        np.testing.assert_array_equal(rows, np.arange(40))
        np.testing.assert_array_equal(columns, np.arange(60))


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("variant", DIFFERENT)
def test_grids_that_differ_are_told_apart(variant, base):
    image, counts = skymap(DIFFERENT[variant](BASES[base])), skymap(BASES[base])
    assert image.find_pixels(counts) is None
    assert counts.find_pixels(image) is None


def test_projections_that_differ_beyond_a_thousandth_of_a_pixel():
    wide = {key: cards(key, step=0.5) for key in ("TAN", "STG", "CAR", "AIT")}
    assert skymap(wide["TAN"]).find_pixels(skymap(wide["STG"])) is None
    assert skymap(wide["CAR"]).find_pixels(skymap(wide["AIT"])) is None
    small_field = [skymap(cards(key, step=0.01)) for key in ("TAN", "STG")]
    assert small_field[0].find_pixels(small_field[1]) is not None


@examples(20, 100)(
    base=st.sampled_from(sorted(BASES)),
    variant=st.sampled_from(sorted(SAME)),
    columns=st.integers(-70, 70),
    rows=st.integers(-50, 50),
)
def test_pixels_of_a_shifted_part_are_found(base, variant, columns, rows):
    header = BASES[base]
    shifted = header | {"CRPIX1": header["CRPIX1"] + columns, "CRPIX2": header["CRPIX2"] + rows}
    image, counts = skymap(SAME[variant](shifted)), skymap(header)
    found = found_pixels(image, counts)
    for numbers, step in zip(found, (rows, columns), strict=True):
        expected = np.arange(numbers.size) + step
        inside = (expected >= 0) & (expected < numbers.size)
        np.testing.assert_array_equal(numbers, np.where(inside, expected, -1))
    covered = covered_by(image, counts)
    assert covered.sum() == max(60 - abs(columns), 0) * max(40 - abs(rows), 0)
    if not covered.all():
        with pytest.raises(FileFormatError, match=r"has the shape .*of the counts, it covers"):
            pick_pixels(image, counts)


@examples(20, 100)(
    base=st.sampled_from(sorted(BASES)),
    shift=st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
)
def test_a_shift_by_a_hundredth_of_a_pixel_or_more_is_seen(base, shift):
    header = BASES[base]
    moved = header | {f"CRPIX{i}": header[f"CRPIX{i}"] + d for i, d in enumerate(shift, 1)}
    same = skymap(moved).find_pixels(skymap(header)) is not None
    if max(map(abs, shift)) >= 0.01:
        assert not same
    elif max(map(abs, shift)) < 0.001:
        assert same


def test_reference_pixel_of_a_plate_carree_may_move_along_the_equator():
    header = BASES["CAR"]
    image = skymap(reference_moved(header, 12345))
    rows, columns = found_pixels(image, skymap(header))
    np.testing.assert_array_equal(columns, np.arange(60))
    np.testing.assert_array_equal(rows, np.arange(40))


def test_seam_of_a_map_of_the_whole_sky_may_be_elsewhere():
    sky = cards("CAR", lon=0.0, lat=0.0, step=1.0, kind="GLON") | {"CRPIX1": 180.5, "CRPIX2": 90.5}
    part = sky | {"CRVAL1": 180.0, "CRPIX1": 30.5, "CRPIX2": 20.5}
    image, counts = skymap(sky, (180, 360)), skymap(part)
    assert covered_by(image, counts).all()
    values = pick_pixels(image, counts).read()
    np.testing.assert_array_equal(values[0] % 360, (np.arange(60) - 30) % 360)
    np.testing.assert_array_equal(values[:, 0] // 360, np.arange(40) + 70)


def larger(values):
    """Cube with 2 rows and 3 columns more at its start, and the cards of its pixels."""
    full = np.pad(values, ((0, 0), (2, 0), (3, 0)), constant_values=99)
    moved = {f"CRPIX{i}": small.WCS_CARDS[f"CRPIX{i}"] + n for i, n in enumerate((3, 2), 1)}
    return full, moved


@pytest.mark.parametrize("chunks", [None, {}])
def test_larger_part_is_cut_out(tmp_path, chunks):
    background, moved = larger(small.BACKGROUND)
    exposure, _ = larger(small.EXPOSURE)
    files = {
        "counts": partfiles.gtbin(),
        "background": [partfiles.image(background, cards=moved), partfiles.ebounds()],
        "exposure": partfiles.gtexpcube2(exposure, cards=moved),
    }
    for name, hdus in files.items():
        (tmp_path / name).write_bytes(partfiles.content(hdus))
    maps = open_maps(**{name: tmp_path / name for name in files}, chunks=chunks)
    assert (maps["background"].chunks is None) == (chunks is None)
    np.testing.assert_array_equal(maps["background"], small.BACKGROUND)
    np.testing.assert_array_equal(maps["exposure"], small.EXPOSURE)
    column = maps["exposure"].isel(lon=[4], lat=slice(1, 3))
    np.testing.assert_array_equal(column, small.EXPOSURE[:, 1:3, 4:5])


def test_smaller_part_says_what_it_covers():
    parts = partfiles.fermi_parts(
        background=partfiles.stream(
            [partfiles.image(small.BACKGROUND[:, :4, :6]), partfiles.ebounds()]
        )
    )
    with pytest.raises(FileFormatError, match="rows 0 to 3 of 0 to 5 and columns 0 to 5 of 0 to 7"):
        open_maps(**parts)


@pytest.mark.parametrize("chunks", [None, {}])
def test_pixels_without_exposure_are_masked(chunks):
    parts = partfiles.fermi_parts(
        exposure=partfiles.stream(partfiles.gtexpcube2(small.EXPOSURE[:, :4, :6]))
    )
    with pytest.warns(DataWarning, match="does not cover 24 of the 48 pixels"):
        maps = open_maps(**parts, chunks=chunks)
    expected = np.zeros(small.COUNTS.shape, bool)
    expected[:, :4, :6] = True
    np.testing.assert_array_equal(maps["mask"], expected)
    np.testing.assert_array_equal(maps["exposure"][:, :4, :6], small.EXPOSURE[:, :4, :6])
    assert not np.isfinite(maps["exposure"][:, 4:]).any()


def test_exposure_on_other_pixels_is_masked_where_it_ends_and_with_the_mask():
    other = {"CRPIX1": 4.7, "CRPIX2": 3.4}
    parts = partfiles.fermi_parts(
        exposure=partfiles.stream(partfiles.gtexpcube2(small.EXPOSURE[:, :, :5], cards=other)),
        counts=partfiles.stream(partfiles.ctbin()),
    )
    with pytest.warns(DataWarning, match="the mask leaves them out at all energies"):
        maps = open_maps(**parts)
    finite = np.isfinite(maps["exposure"]).all("energy_true")
    assert 0 < finite.sum() < finite.size
    np.testing.assert_array_equal(maps["mask"], small.MASK_SAFE & finite.to_numpy())


def test_exposure_of_another_part_of_the_sky_is_refused():
    far = {"CRVAL1": 90.0}
    parts = partfiles.fermi_parts(exposure=partfiles.stream(partfiles.gtexpcube2(cards=far)))
    with pytest.raises(FileFormatError, match="covers none of the pixels"):
        open_maps(**parts)


def test_weights_of_ctools_without_the_frame_of_the_counts(gammapy_data):
    real = gammapy_data / "real" / "ctools_crab_cntmap.fits"
    with fits.open(real) as hdus:
        file = FitsFile(hdus, "file")
        found = found_pixels(read_skymap(file, ["WEIGHTS"]), read_skymap(file, ["COUNTS"]))
    rows, columns = found
    assert (rows.size, columns.size) == (20, 20)
    assert min(rows.min(), columns.min()) == 0


@pytest.mark.parametrize(
    "variant", ["CD", "PC", "FK5", "older FK5", "equinox", "negative longitude", "arcsec"]
)
def test_equal_headers_in_other_spelling_have_the_same_checksum(variant):
    header = cards(step=0.25)  # widths without rounding
    one, other = (grid_coords(skymap(h).sky, SHAPE)["wcs"] for h in (header, SAME[variant](header)))
    assert one.values == other.values
    shifted = skymap(DIFFERENT["reference pixel"](header)).sky
    assert grid_coords(shifted, SHAPE)["wcs"].values != one.values


def test_fk5_and_icrs_are_one_for_pixels_of_an_arcsecond():
    header = cards(step=1 / 3600)
    image = skymap(header | {"RADESYS": "FK5", "CRPIX1": header["CRPIX1"] + 3}, (40, 63))
    np.testing.assert_array_equal(found_pixels(image, skymap(header))[1], np.arange(60) + 3)


def test_single_precision_matters_for_small_pixels():
    header = cards(lon=350.123456789, step=0.004)
    image = skymap(SAME["single precision"](header))
    assert abs(float(np.float32(350.123456789)) - 350.123456789) / 0.004 > 1e-3
    np.testing.assert_array_equal(found_pixels(image, skymap(header))[1], np.arange(60))


def test_shift_below_a_thousandth_of_a_wide_pixel_is_no_shift():
    header = cards("CAR", step=2.0)
    for shift, same in ((8e-4, True), (2e-3, False)):
        image = skymap(header | {"CRPIX1": header["CRPIX1"] + shift})
        assert (image.find_pixels(skymap(header)) is not None) == same
