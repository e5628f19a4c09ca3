"""Copies of one grid whose rows and columns are in another order, or exchanged."""

from io import BytesIO

import numpy as np
import pytest
from astropy.io import fits
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.examples import examples
from cases.grid_headers import BASES, DIFFERENT, SAME, SHAPE, cards, exchanged, mirrored
from hypothesis import strategies as st

from xprofile import open_maps
from xprofile.exceptions import FileFormatError
from xprofile.io.fits.files import FitsFile
from xprofile.io.fits.reading.skymaps import read_skymap
from xprofile.io.fits.same_pixels import covered_by, interpolate_pixels, pick_pixels
from xprofile.maps.wcs import pixel_grid

ROWS, COLUMNS = small.SHAPE
WCS_CARDS = {key: card for key, card in small.WCS_CARDS.items() if key != "WCSAXES"}


def copy(header, values, flips, *, turned=False, spell=dict):
    """Cards and values of the same pixels, with axes in the opposite order or exchanged."""
    for axis in flips:
        header = mirrored(header, axis, values.shape[-axis])
        values = np.flip(values, -axis)
    header = spell(header)
    return (exchanged(header), np.swapaxes(values, -1, -2)) if turned else (header, values)


def skymap(header, values):
    """Map in a FITS file with the header, read back."""
    hdu = fits.PrimaryHDU(np.ascontiguousarray(values))
    hdu.header.update(header)
    with fits.open(BytesIO(partfiles.content([hdu], output_verify="silentfix"))) as hdus:
        hdus[0].data  # noqa: B018
        return read_skymap(FitsFile(hdus, "file"), [])


FLIPS = st.sampled_from([(), (1,), (2,), (1, 2)])
NUMBERS = np.arange(np.prod(SHAPE), dtype=float).reshape(SHAPE)


@examples(20, 100)(
    base=st.sampled_from(sorted(BASES)),
    variant=st.sampled_from(sorted(SAME)),
    flips=FLIPS,
    turned=st.booleans(),
    columns=st.integers(-70, 70),
    rows=st.integers(-50, 50),
)
def test_values_stay_at_their_places(base, variant, flips, turned, columns, rows):
    header = BASES[base]
    shifted = header | {"CRPIX1": header["CRPIX1"] + columns, "CRPIX2": header["CRPIX2"] + rows}
    image = skymap(*copy(shifted, NUMBERS, flips, turned=turned, spell=SAME[variant]))
    counts = skymap(header, NUMBERS)
    found = interpolate_pixels(image, counts).read()
    y, x = (np.arange(n) + step for n, step in zip(SHAPE, (rows, columns), strict=True))
    inside = ((y >= 0) & (y < SHAPE[0]))[:, None] & (x >= 0) & (x < SHAPE[1])
    expected = np.where(inside, y[:, None] * SHAPE[1] + x, np.nan)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(covered_by(image, counts), np.isfinite(expected))


@examples(20, 100)(
    base=st.sampled_from(sorted(BASES)),
    variant=st.sampled_from(sorted(DIFFERENT)),
    flips=FLIPS,
    turned=st.booleans(),
)
def test_mirrored_copies_of_other_grids_are_told_apart(base, variant, flips, turned):
    image = skymap(*copy(BASES[base], NUMBERS, flips, turned=turned, spell=DIFFERENT[variant]))
    counts = skymap(BASES[base], NUMBERS)
    assert image.find_pixels(counts) is None
    assert counts.find_pixels(image) is None


@pytest.mark.parametrize(("angle", "flips", "turned"), [(180, (1, 2), False), (90, (1,), True)])
def test_turned_by_crota(angle, flips, turned):
    header = cards()
    _, values = copy(header, NUMBERS, (), turned=turned)
    values = np.flip(values, [-axis for axis in flips])
    center = {f"CRPIX{axis}": (values.shape[-axis] + 1) / 2 for axis in (1, 2)}
    image = skymap(header | center | {"CROTA2": float(angle)}, values)
    found = pick_pixels(image, skymap(header, NUMBERS)).read()
    assert found.shape == SHAPE
    assert np.array_equal(found, NUMBERS) or np.array_equal(found, NUMBERS[::-1, ::-1])
    place = image.sky.wcs_pix2world([[0, 0]], 0)  # of the first value
    np.testing.assert_allclose(
        skymap(header, NUMBERS).sky.wcs_world2pix(place, 0)[0],
        np.argwhere(found == values[0, 0])[0][::-1],
        atol=1e-6,
    )


def test_one_pixel_of_another_size_is_another_one():
    header = cards() | {"CRPIX1": 2.0, "CRPIX2": 2.0}
    one = header | {"CRPIX1": 1.0, "CRPIX2": 1.0}
    wide = header | {"CDELT1": 2 * header["CDELT1"], "CDELT2": 2 * header["CDELT2"]}
    pixel = skymap(one, np.ones((1, 1)))
    assert skymap(wide, np.ones((3, 3))).find_pixels(pixel) is None
    assert skymap(header, np.ones((3, 3))).find_pixels(pixel).columns.tolist() == [1]


def test_map_of_the_whole_sky_from_west_to_east():
    sky = cards("CAR", lon=0.0, lat=0.0, step=1.0, kind="GLON") | {"CRPIX1": 180.5, "CRPIX2": 90.5}
    values = np.arange(180 * 360.0).reshape(180, 360)
    header, mirror = copy(sky | {"CRVAL1": 180.0}, np.roll(values, 180, axis=1), (1,))
    found = pick_pixels(skymap(header, mirror), skymap(sky, values)).read()
    np.testing.assert_array_equal(found, values)
    overlap = np.concatenate([mirror, mirror[:, :1]], axis=1)
    found = pick_pixels(skymap(header, overlap), skymap(sky, values)).read()
    np.testing.assert_array_equal(found, values)


PARTS = {
    "counts": lambda header, values: [partfiles.image(values(small.COUNTS), cards=header),
                                      partfiles.ebounds()],
    "background": lambda header, values: [partfiles.image(values(small.BACKGROUND), cards=header),
                                          partfiles.ebounds()],
    "exposure": lambda header, values: partfiles.gtexpcube2(values(small.EXPOSURE), cards=header),
    "mask": lambda header, values: [
        partfiles.image(values(small.MASK_SAFE.astype(np.uint8)), cards=header),
        partfiles.ebounds(),
    ],
}  # fmt: skip


@pytest.mark.heavy
@pytest.mark.parametrize("chunks", [None, {"lat": 2, "lon": 3}])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("flips", [(1,), (2,), (1, 2)])
@pytest.mark.parametrize("name", ["background", "exposure", "mask"])
def test_parts_of_maps_are_put_in_the_order_of_the_counts(tmp_path, name, flips, turned, chunks):
    plain = lambda values: values  # noqa: E731
    header, _ = copy(WCS_CARDS, small.COUNTS, flips, turned=turned)
    other = lambda values: copy(WCS_CARDS, values, flips, turned=turned)[1]  # noqa: E731
    for part, make in PARTS.items():
        hdus = make(header, other) if part == name else make({}, plain)
        (tmp_path / part).write_bytes(partfiles.content(hdus))
    maps = open_maps(**{part: tmp_path / part for part in PARTS}, chunks=chunks)
    assert (maps[name].chunks is None) == (chunks is None)
    np.testing.assert_array_equal(maps["background"], small.BACKGROUND)
    np.testing.assert_array_equal(maps["exposure"], small.EXPOSURE)
    np.testing.assert_array_equal(maps["mask"], small.MASK_SAFE)


@pytest.mark.parametrize("turned", [False, True])
def test_counts_in_another_order_keep_their_order(turned):
    header, values = copy(WCS_CARDS, small.COUNTS, (2,), turned=turned)
    counts = [partfiles.image(values, cards=header), partfiles.ebounds()]
    maps = open_maps(**partfiles.fermi_parts(counts=partfiles.stream(counts)))
    np.testing.assert_array_equal(maps["counts"], values)
    grid = pixel_grid(maps)
    lon, lat = np.broadcast_arrays(*grid.lonlat(grid.x, grid.y[:, None]))
    place = np.rint([(lat + 1.25) / 0.5, 7 - ((lon + 1.75) % 360) / 0.5]).astype(int)
    np.testing.assert_array_equal(maps["background"], small.BACKGROUND[:, place[0], place[1]])
    np.testing.assert_array_equal(maps["exposure"], small.EXPOSURE[:, place[0], place[1]])


def test_other_pixels_are_described():
    parts = partfiles.fermi_parts(
        background=partfiles.stream(
            [partfiles.image(small.BACKGROUND, cards={"CRPIX1": 4.75}), partfiles.ebounds()]
        )
    )
    message = r"found GLON-CAR and GLAT-CAR, pixels of 0.5 x 0.5 deg, centre at \(0.125, 0\) deg in"
    with pytest.raises(FileFormatError, match=message):
        open_maps(**parts)
