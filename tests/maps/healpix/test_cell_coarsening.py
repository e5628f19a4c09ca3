"""Larger cells: sums, means and masks of the joined cells, in any order and lazily."""

import astropy.units as u
import numpy as np
import pytest
from cases.bins import galactic
from cases.cell_maps import make_cell_maps, nested_numbers

from xprofile import SkyBins, bin_maps, check_maps, coarsen
from xprofile.exceptions import DataWarning, InvalidOptionError

LEVEL = 3


def joined(maps, name, factor):
    """Sum each group of a variable by its nested numbers."""
    parent = nested_numbers(maps) // factor**2
    size = 12 * 4**LEVEL // factor**2
    return np.stack([np.bincount(parent, row, size) for row in maps[name].to_numpy()])


@pytest.mark.parametrize("chunk", [None, 100])
@pytest.mark.parametrize("scheme", ["nested", "ring"])
@pytest.mark.parametrize("factor", [1, 2, 8])
def test_sums_means_and_masks(scheme, factor, chunk):
    maps = make_cell_maps(LEVEL, scheme, chunk=chunk)
    coarse = coarsen(maps, factor)
    check_maps(coarse)
    assert (coarse.counts.chunks is None) == (chunk is None)
    assert coarse.counts.dtype == maps.counts.dtype
    assert coarse.cell_ids.attrs["level"] == LEVEL - np.log2(factor)
    cells, area = nested_numbers(coarse), factor**2
    np.testing.assert_array_equal(coarse.cell_ids, np.arange(768 // area))
    np.testing.assert_array_equal(coarse.counts, joined(maps, "counts", factor)[:, cells])
    exposure = joined(maps, "exposure", factor)[:, cells] / area
    np.testing.assert_allclose(coarse.exposure, exposure, rtol=1e-12)
    np.testing.assert_array_equal(coarse["mask"], joined(maps, "mask", factor)[:, cells] == area)


@pytest.mark.parametrize("chunk", [None, 50])
@pytest.mark.parametrize("scheme", ["nested", "ring"])
def test_parts_of_larger_cells_are_kept_and_masked(scheme, chunk):
    rng = np.random.default_rng(2)
    maps = make_cell_maps(LEVEL, scheme, rng.permutation(768)[:400], chunk=chunk)
    maps = maps.drop_vars("mask")
    with pytest.warns(DataWarning, match="coarser cells have only a part"):
        coarse = coarsen(maps, 2)
    check_maps(coarse)
    cells = nested_numbers(coarse)
    number = np.bincount(nested_numbers(maps) // 4, minlength=192)[cells]
    np.testing.assert_array_equal(coarse.counts, joined(maps, "counts", 2)[:, cells])
    exposure = joined(maps, "exposure", 2)[:, cells] / number
    np.testing.assert_allclose(coarse.exposure, exposure, rtol=1e-12)
    np.testing.assert_array_equal(coarse["mask"], [number == 4] * 2)


def test_whole_groups_of_a_part_in_any_order():
    maps = make_cell_maps(LEVEL, "nested", [7, 4, 5, 6, 40, 42, 41, 43])
    coarse = coarsen(maps, 2)
    np.testing.assert_array_equal(coarse.cell_ids, [1, 10])
    np.testing.assert_array_equal(coarse.counts[:, 1], maps.counts[:, 4:].sum("cell"))


def test_masked_parts_lower_the_coverage_and_not_the_flux():
    maps = make_cell_maps(5).drop_vars("mask")
    bins = SkyBins.annuli(galactic(0, 0), edges=[0, 20, 40] * u.deg)
    part = maps.profile.sel(lat=slice(-15, 60))
    with pytest.warns(DataWarning):
        binned = bin_maps(coarsen(part, 4), bins)
    whole = bin_maps(coarsen(maps, 4), bins)
    assert (binned.coverage < 0.9).all()
    ratio = (binned.counts / binned.exposure) / (whole.counts / whole.exposure)
    np.testing.assert_allclose(ratio, 1, atol=0.1)  # of some thousand counts


def test_history_and_responses_stay():
    coarse = coarsen(make_cell_maps(LEVEL), 2)
    assert coarse.attrs["history"].endswith("coarsen 2")
    assert coarse.healpix.attrs["level"] == 2


@pytest.mark.parametrize("factor", [3, 16])
def test_other_factors(factor):
    with pytest.raises(InvalidOptionError, match="powers of two up to 8"):
        coarsen(make_cell_maps(LEVEL), factor)
