"""Images that are read when they are needed have the types and values of astropy."""

import numpy as np
import pytest
from astropy.io import fits
from cases.maps import make_wcs

from xprofile import open_map

SHAPE = (4, 6)
CARDS = {
    "bytes": (np.uint8, {}),
    "short": (np.int16, {}),
    "unsigned short": (np.uint16, {}),
    "unsigned long": (np.uint32, {}),
    "moved short": (np.int16, {"BZERO": 5.0}),
    "moved long": (np.int32, {"BZERO": 5.0}),
    "scaled": (np.int16, {"BSCALE": 0.5, "BZERO": 3.0}),
    "scaled long": (np.int32, {"BSCALE": 0.5}),
    "blank": (np.int32, {"BLANK": 7}),
    "double": (np.float64, {}),
}


@pytest.mark.quick
@pytest.mark.parametrize("kind", CARDS)
@pytest.mark.parametrize("chunks", [None, {}])
def test_types_and_values(tmp_path, kind, chunks):
    dtype, cards = CARDS[kind]
    hdu = fits.PrimaryHDU(
        np.arange(24, dtype=dtype).reshape(SHAPE), make_wcs(shape=SHAPE).to_header()
    )
    path = tmp_path / "image.fits"
    hdu.writeto(path)
    with fits.open(path, mode="update", do_not_scale_image_data=True) as hdus:
        hdus[0].header.update(cards)
    expected = fits.getdata(path)
    found = open_map(path, chunks=chunks)
    assert found.dtype == expected.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(found[::-2, [4, 1]], expected[::-2][:, [4, 1]])
    for none in (found[2:2], found[:, []]):
        assert none.to_numpy().shape == none.shape
        assert none.to_numpy().dtype == found.dtype
