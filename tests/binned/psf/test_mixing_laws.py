"""Laws that hold for the shares of photons between bins."""

import astropy.units as u
import numpy as np
import pytest
from cases.bins import galactic
from cases.pixel_spread import annuli, gauss, king, king_table, make_grid, point

from xprofile import SkyBins
from xprofile.binned.members.finding import find_members
from xprofile.binned.psf.mixing import mix
from xprofile.binned.psf.point_spread import PointSpread
from xprofile.maps.pixelgrid import PixelGrid

CAR = make_grid("CAR", [0, 0], 0.1, (50, 60))
TAN = make_grid("TAN", [30, 40], 0.1, (50, 60))


def rings(grid=CAR, place=(0, 0), edges=(0, 0.4, 0.8, 1.2, 1.6)):
    return annuli(galactic(*place), np.array(edges) * u.deg, grid)


def shares(grid, members, used, spread, **options):
    exposure = np.ones((spread.nenergy, members.pixel.size))
    return mix(grid, members, members, used, exposure, spread, **options)


@pytest.mark.parametrize(("grid", "place"), [(CAR, (0, 0)), (TAN, (30, 40))])
def test_a_point_keeps_all_photons_in_their_bin(grid, place):
    members, used = rings(grid, place)
    found = shares(grid, members, used, point())[0, ..., 0]
    assert found == pytest.approx(np.eye(4), abs=1e-12)


@pytest.mark.parametrize(
    ("grid", "place"),
    [
        (make_grid("CAR", [84, 60], 0.5, (26, 40)), (84, 60)),
        (make_grid("ZEA", [10, 70], 0.5, (26, 26)), (10, 70)),
        (make_grid("AIT", [0, 0], 2.0, (90, 180)), (60, 50)),
        (make_grid("CAR", [0, 0], 2.0, (90, 180)), (0, 60)),
    ],
    ids=["oblique CAR", "ZEA", "AIT", "CAR"],
)
def test_photons_that_go_evenly_over_the_whole_sky(grid, place):
    """Each bin gets its share of the solid angle of the sky, also far from where they start."""
    members, used = rings(grid, place, (0, 2, 4, 5.5))
    spread = PointSpread.from_table(np.array([0.0, np.pi]), np.full(2, 0.25 / np.pi))
    found = shares(grid, members, used, spread)[0, ..., 0]
    area = np.bincount(members.bin, members.solid_angle, 3)
    np.testing.assert_allclose(found, np.tile(area / (4 * np.pi), (3, 1)), rtol=1e-3)


@pytest.mark.heavy
@pytest.mark.parametrize("width", [0.01, 0.03, 0.1, 0.2])
def test_no_photon_is_lost_or_made(width):
    grid = make_grid("TAN", [30, 40], 0.1, (50, 50))
    members, used = rings(grid, (30, 40), (0, 0.4, 4.0))
    found = shares(grid, members, used, gauss(width))
    assert found[0, 0].sum() == pytest.approx(1, abs=5e-4)


def test_on_even_pixels_bins_give_as_much_as_they_get():
    members, used = rings()
    found = shares(CAR, members, used, king(0.2))[0, ..., 0] * members.area()[:, None]
    assert found == pytest.approx(found.T, rel=2e-3)


def test_masked_pixels_emit_but_do_not_receive():
    members, used = rings()
    mask = np.stack([used[0], members.pixel % 2 == 0])
    found = shares(CAR, members, mask, king(0.2))[0]
    assert found[..., 0] == pytest.approx(shares(CAR, members, used, king(0.2))[0, ..., 0])
    assert found[..., 1].sum() == pytest.approx(found[..., 0].sum() / 2, rel=0.01)


def test_shares_of_pixels_count_as_shares():
    members, used = rings()
    half = members.__class__(
        members.bin, members.pixel, members.solid_angle / 2, members.outside,
        np.full(members.pixel.size, 0.5),
    )  # fmt: skip
    found = shares(CAR, half, used, king(0.2))
    assert found == pytest.approx(shares(CAR, members, used, king(0.2)) / 2)


def test_all_energies_at_once_are_those_one_by_one():
    members, used = rings(TAN, (30, 40))
    tables = [king_table(width, end=10) for width in (0.05, 0.1, 0.3)]
    rad = np.unique(np.concatenate([rad for rad, _ in tables]))
    density = np.stack([np.interp(rad, *table, right=0) for table in tables])
    together = shares(TAN, members, used, PointSpread.from_table(rad, density))
    for energy, row in enumerate(density):
        alone = shares(TAN, members, used, PointSpread.from_table(rad, row))
        assert together[energy] == pytest.approx(alone[0], abs=3e-4)


def test_one_function_serves_all_energies():
    members, used = rings()
    exposure = np.stack([np.ones(members.pixel.size), 1.0 + members.pixel])
    both = mix(CAR, members, members, used, exposure, king(0.2))
    for found, one in zip(both, exposure, strict=True):
        alone = mix(CAR, members, members, used, one[None], king(0.2))[0]
        assert found == pytest.approx(alone, rel=1e-9)


def test_without_exposure_a_bin_emits_by_solid_angle():
    members, used = rings()
    found = mix(CAR, members, members, used, np.zeros((1, members.pixel.size)), king(0.2))
    assert found == pytest.approx(shares(CAR, members, used, king(0.2)))


def test_positions_choose_the_function_of_each_pixel():
    members, used = rings()
    rad, density = king_table(0.1)
    spread = PointSpread.from_table(rad, density * np.array([1.0, 0.5])[:, None, None])
    position = (members.bin > 1).astype(int)
    found = shares(CAR, members, used, spread, position=position)[0, ..., 0]
    whole = shares(CAR, members, used, spread.at(0))[0, ..., 0]
    assert found[:2] == pytest.approx(whole[:2], rel=2e-3)  # other places for the kernels
    assert found[2:] == pytest.approx(whole[2:] / 2, rel=2e-3)


def test_bins_without_pixels_share_nothing():
    members, used = rings(edges=(0, 0.4, 20, 21))
    assert members.number_of_pixels()[2] == 0
    found = shares(CAR, members, used, king(0.2))
    assert not found[0, 2].any()
    assert not found[0, :, 2].any()


def test_no_used_pixel_means_no_photons():
    members, used = rings()
    assert not shares(CAR, members, ~used, king(0.2)).any()


def test_the_order_of_the_pixels_does_not_matter():
    turned = PixelGrid(TAN.wcs, TAN.x[::-1], TAN.y[::-1])
    found = [shares(g, *rings(g, (30, 40)), king(0.1)) for g in (TAN, turned)]
    assert found[0] == pytest.approx(found[1], rel=1e-6)


def test_a_part_of_an_all_sky_map_is_like_the_whole():
    whole = make_grid("CAR", [0, 0], 1.0, (180, 360))
    part = PixelGrid(whole.wcs, whole.x[170:200], whole.y[80:110])
    found = [shares(g, *rings(g, (0, 5), (0, 2, 4, 6)), king(1.0)) for g in (whole, part)]
    assert found[0] == pytest.approx(found[1], rel=1e-3)


def test_bins_at_both_sides_of_the_seam_are_neighbours():
    grid = make_grid("CAR", [0, 0], 1.0, (180, 360))
    bins = [
        SkyBins.annuli(galactic(lon, 0), edges=[0, 3] * u.deg) for lon in (176.5, 183.5, 20.5, 27.5)
    ]
    members = [find_members(one, grid) for one in bins]
    used = [np.ones((1, one.pixel.size), bool) for one in members]
    ones = np.ones((1, members[0].pixel.size))
    across = mix(grid, members[0], members[1], used[1], ones, king(1.0))
    inside = mix(grid, members[2], members[3], used[3], ones, king(1.0))
    assert across.item() > 0.01
    assert across.item() == pytest.approx(inside.item(), rel=1e-6)


def test_one_pixel_of_many_bins_where_the_function_reaches_the_rim_of_the_sky():
    grid = make_grid("AIT", [0, 0], 1.0, (180, 360))
    place, number = galactic(120, 70), 20
    pixel = find_members(SkyBins.annuli(place, edges=[0, 0.6] * u.deg), grid).pixel[:1]
    wide = find_members(SkyBins.annuli(place, edges=[20, 20.5] * u.deg), grid)
    members = wide.__class__(
        np.concatenate([np.arange(number), np.full(wide.bin.size, number)]),
        np.concatenate([np.repeat(pixel, number), wide.pixel]),
        np.concatenate([np.ones(number), wide.solid_angle]),
        np.zeros(number + 1),
    )
    used = np.ones((1, members.bin.size), bool)
    found = shares(grid, members, used, king(2.0))[0, ..., 0]
    assert found[:number, :number] == pytest.approx(np.full((number, number), found[0, 0]))
    assert found[:number, number] == pytest.approx(found[0, number])
    assert 0.001 < found[0, number] < found[0, 0] < 1
