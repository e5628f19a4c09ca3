"""Parts of merged and folded bins: those of bins that were as wide from the start."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.maps import uneven_maps

from xprofile import SkyBins, bin_maps, check_binned, fold, rebin

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
ENDS = SkyCoord([2, -2], [0, 0], unit="deg", frame="galactic")
KINDS = {
    "line": lambda n: SkyBins.along_line(*ENDS, height=1 * u.deg, nbin=n, origin=CENTER),
    "annuli": lambda n: SkyBins.annuli(CENTER, radius_max=2 * u.deg, nbin=n),
    "ellipses": lambda n: SkyBins.elliptical_annuli(
        CENTER, edges=np.linspace(0, 2, n + 1) * u.deg, axis_ratio=0.6, position_angle=30 * u.deg
    ),
}
DIM = "projected_distance"


def mean_of_gauss(binned, sigma=0.3):
    """Mean brightness of a Gauss function in each bin, as its used pixels see it."""
    values = np.exp(-(binned.part_distance**2) / 2 / sigma**2)
    return (binned.part_share * values).sum("part").transpose(..., DIM)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("masks", ["of each energy", pytest.param("one", marks=pytest.mark.slow)])
def test_merged_bins_have_the_parts_of_wide_bins(kind, masks):
    maps = uneven_maps()
    if masks == "one":
        maps["mask"] = maps["mask"].isel(energy=0) & (maps["counts"] >= 0)
    fine, wide = (bin_maps(maps, KINDS[kind](n)) for n in (20, 5))
    merged = rebin(fine, 4)
    check_binned(merged)
    assert merged.part_share.dims == wide.part_share.dims
    assert merged.part_distance.attrs == wide.part_distance.attrs
    np.testing.assert_allclose(merged.part_share.sum("part"), 1, rtol=1e-12)
    expected = mean_of_gauss(wide)
    scale = float(expected.max())
    np.testing.assert_allclose(mean_of_gauss(merged), expected, atol=2e-3 * scale, rtol=0)


def test_some_bins_of_other_lengths():
    fine = bin_maps(uneven_maps(), KINDS["line"](20))
    edges = [*fine[f"{DIM}_min"].values[[2, 3, 9]], fine[f"{DIM}_max"].values[15]]
    found, signal = rebin(fine, edges=edges * u.deg), mean_of_gauss(fine)
    weight = (fine.exposure.isel(energy_true=3) * fine.solid_angle).transpose(..., DIM)
    for i, run in enumerate((slice(2, 3), slice(3, 9), slice(9, 16))):
        part = {DIM: run}
        expected = (signal * weight)[part].sum(DIM) / weight[part].sum(DIM)
        np.testing.assert_allclose(mean_of_gauss(found)[{DIM: i}], expected, rtol=2e-3)


def test_folded_bins_have_both_sides():
    line = bin_maps(uneven_maps(), KINDS["line"](9))
    weight = (line.exposure.isel(energy_true=3) * line.solid_angle).transpose(..., DIM).values
    signal = mean_of_gauss(line).values * weight
    both = (signal + signal[..., ::-1]) / (weight + weight[..., ::-1])
    folded = fold(line)
    assert np.all(folded.part_distance >= 0)
    np.testing.assert_allclose(mean_of_gauss(folded), both[..., 4:], rtol=2e-3)
