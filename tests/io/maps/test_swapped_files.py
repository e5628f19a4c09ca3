"""Files of another part than they are given for, and masks that tools write into the counts."""

import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.errors import refused
from cases.part_files import fermi_parts, stream

from xprofile import open_maps
from xprofile.exceptions import DataWarning, FileFormatError


def test_counts_are_not_an_exposure():
    with refused(FileFormatError, r"PRIMARY of .* numbers of events .* int32, .*exposure_unit="):
        open_maps(**fermi_parts(exposure=stream(partfiles.gtbin())))
    with refused(FileFormatError, "COUNTS of .* numbers of events by its name.*exposure_unit="):
        open_maps(**fermi_parts(exposure=stream(partfiles.ctbin())))
    maps = open_maps(**fermi_parts(exposure=stream(partfiles.gtbin())), exposure_unit="cm2 s")
    np.testing.assert_array_equal(maps["exposure"], small.COUNTS)


def test_a_source_map_of_gtsrcmaps_is_not_a_background():
    """It has values at the edges of the energy bins."""
    source = partfiles.image(np.ones((4, *small.SHAPE)), name="galdiff", primary=False)
    hdus = [*partfiles.gtbin(), source]
    assert "counts" in open_maps(**fermi_parts(counts=stream(hdus)))
    with refused(FileFormatError, r"expected \(3, 6, 8\) .*gtsrcmaps.*make counts with gtmodel"):
        open_maps(**fermi_parts(background=(stream(hdus), "galdiff")))


def test_an_exposure_is_not_a_background():
    hdus = [*partfiles.ctexpcube(), partfiles.gti()]
    with refused(FileFormatError, "good time intervals as exposures have, expected a background"):
        open_maps(**fermi_parts(background=stream(hdus)))


@pytest.mark.heavy
@pytest.mark.parametrize("chunks", [None, {}])
@pytest.mark.parametrize("name", ["COUNTS", ""])
def test_pixels_left_out_by_ctcubemask_are_masked(tmp_path, name, chunks):
    """It sets their counts to -1 and keeps the weights; older cubes have none."""
    counts = small.COUNTS.astype(float)
    counts[0], counts[:, :, :2] = -1, -1
    hdus = partfiles.ctbin() if name else [partfiles.image(counts), partfiles.ebounds()]
    hdus[0].data, hdus[0].header["CREATOR"] = counts, "GammaLib"
    path = tmp_path / "cntmap.fits"
    path.write_bytes(partfiles.content(hdus))
    maps = open_maps(**fermi_parts(counts=path), chunks=chunks)
    expected = (counts >= 0) & (small.MASK_SAFE if name else True)
    np.testing.assert_array_equal(maps["mask"], expected)
    np.testing.assert_array_equal(maps["counts"], counts)
    same = open_maps(path, exposure=stream(partfiles.gtexpcube2())) if name else maps
    xr.testing.assert_equal(same["mask"], maps["mask"])
    with pytest.warns(DataWarning, match="counts is negative in 72 pixels"):
        assert "mask" not in open_maps(**fermi_parts(counts=path), drop_variables=["mask"])


def test_mask_in_a_compressed_image():
    """fpack leaves the first HDU empty."""
    mask = fits.CompImageHDU(small.MASK_SAFE.astype(np.int16), compression_type="GZIP_1")
    mask.header.update({**small.WCS_CARDS, "WCSAXES": 3})
    packed = stream([fits.PrimaryHDU(), mask, partfiles.ebounds()])
    maps = open_maps(**fermi_parts(mask=packed))
    np.testing.assert_array_equal(maps["mask"], small.MASK_SAFE)
