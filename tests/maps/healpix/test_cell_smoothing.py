"""Smoothed maps in HEALPix: sums over all pairs of cells, sums of maps, masks and gaps."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.cell_maps import cell_centers, make_cell_maps

from xprofile import smooth
from xprofile.exceptions import InvalidOptionError
from xprofile.maps.sphere import unit_vectors

KERNELS = {
    "gauss": lambda d, width: np.exp((np.cos(d) - 1) / width**2),
    "disk": lambda d, width: (d <= width).astype(float),
}


def distances(maps, others):
    """Angles in rad between the cells of maps and those of others."""
    one, other = (unit_vectors(*cell_centers(m)) for m in (maps, others))
    return 2 * np.arcsin(
        np.minimum(np.linalg.norm(one[:, :, None] - other[:, None], axis=0) / 2, 1)
    )


def smoothed_by_pairs(image, whole, kernel, width):
    """Smooth by a sum over all pairs of cells; weights add up to 1 over the whole sky."""
    weights = KERNELS[kernel](distances(image, image), width)
    total = KERNELS[kernel](distances(image, whole), width).sum(axis=1)
    return image.to_numpy() @ (weights / total[:, None])


@pytest.mark.parametrize(
    ("scheme", "kernel", "width"),
    [
        ("nested", "gauss", 5.0),
        ("ring", "gauss", 17.77),
        ("nested", "gauss", 150.0),
        ("nested", "disk", 17.77),
        ("ring", "disk", 60.1),
        ("ring", "disk", 150.0),
    ],
)
def test_weights_of_all_pairs(scheme, kernel, width):
    whole = make_cell_maps(2, scheme).counts
    part = whole.isel(cell=np.random.default_rng(1).permutation(192)[:80])
    for image in (whole, part):
        smoothed = smooth(image, width * u.deg, kernel=kernel)
        expected = smoothed_by_pairs(image, whole, kernel, np.radians(width))
        np.testing.assert_allclose(smoothed, expected, rtol=0, atol=1e-8 * expected.max())
        assert smoothed.dims == image.dims
        assert smoothed.min() >= 0


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("width", "cell"), [(0.3, 1000), (3.0, 0), (5.0, 3071), (40.0, 1000)])
def test_totals_are_kept(kernel, width, cell):
    image = make_cell_maps(4, "ring").counts[0] * 0
    image[cell] = 100
    smoothed = smooth(image, width * u.deg, kernel=kernel)
    np.testing.assert_allclose(smoothed.sum(), 100, rtol=1e-9)
    assert smoothed[cell] > 0.999 * smoothed.max()


@pytest.mark.parametrize("place", [(0, 0), (0, 41.8), (45, 89.5)])
def test_a_gaussian_is_as_wide_everywhere(place):
    image = make_cell_maps(5).counts[0] * 0
    sky = image.profile.skycoord
    cell = int(sky.separation(SkyCoord(*place, unit="deg", frame="galactic")).argmin())
    image[cell] = 1
    smoothed = smooth(image, 6 * u.deg).to_numpy()
    distance = sky.separation(sky[cell]).deg
    np.testing.assert_allclose(np.sum(distance**2 * smoothed), 2 * 6.0**2, rtol=1e-2)


def test_gaps_and_masks():
    maps = make_cell_maps(3)
    image, used = maps.counts.astype(float), maps["mask"]
    image[0, 5] = np.nan
    smoothed = smooth(image, 10 * u.deg)
    filled = smooth(image.fillna(0), 10 * u.deg)
    xr.testing.assert_identical(smoothed, filled.where(np.isfinite(image)))
    flat = smooth(image * 0 + 3, 10 * u.deg, mask=used)
    np.testing.assert_allclose(flat.where(used), (image * 0 + 3).where(used), rtol=1e-12)
    assert np.isnan(flat.where(~used)).all()


def test_masks_with_their_cells_in_another_order():
    maps = make_cell_maps(3)
    image, used = maps.counts[0], maps["mask"][0]
    turned = used.isel(cell=slice(None, None, -1))
    expected = smooth(image, 5 * u.deg, mask=used)
    np.testing.assert_array_equal(smooth(image, 5 * u.deg, mask=turned), expected)
    part = smooth(image, 5 * u.deg, mask=turned.isel(cell=slice(100)))
    np.testing.assert_array_equal(np.isnan(part)[:668], True)
    assert not np.isnan(part)[668:].all()


def test_boxes_are_for_planes():
    with pytest.raises(InvalidOptionError, match="kernel must be one of"):
        smooth(make_cell_maps(1).counts, 5 * u.deg, kernel="box")
