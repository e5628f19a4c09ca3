"""Images of bins go forward to the pixels that receive, or backward from the bins."""

import astropy.units as u
import numpy as np
import pytest
from cases.bins import galactic
from cases.pixel_spread import annuli, king, king_table, make_grid

from xprofile.binned.psf import convolution
from xprofile.binned.psf.mixing import mix
from xprofile.binned.psf.point_spread import PointSpread

# grid, centre and outer radius in deg
PLACES = {
    "CAR": (make_grid("CAR", [0, 0], 0.1, (50, 60)), (0.5, 0.3), 1.6),
    "seam of CAR": (make_grid("CAR", [0, 0], 2.0, (90, 180)), (179, 10), 12.0),
    "all columns of CAR": (make_grid("CAR", [0, 0], 4.0, (45, 90)), (178, 78), 20.0),
    "TAN": (make_grid("TAN", [30, 40], 0.1, (40, 40)), (30.4, 40.2), 1.2),
}


def several_energies(grid):
    widths = np.degrees(np.radians(grid.pixel_size)) * np.array([0.8, 1.0, 1.2])
    tables = [king_table(width) for width in widths]
    rad = np.unique(np.concatenate([rad for rad, _ in tables]))
    return PointSpread.from_table(rad, np.stack([np.interp(rad, *t, right=0) for t in tables]))


def one_way(monkeypatch, name, spread, *, backward):
    grid, place, radius = PLACES[name]
    members, used = annuli(galactic(*place), np.linspace(0, radius, 6) * u.deg, grid)
    masks = np.stack([used[0], members.pixel % 3 > 0])
    exposure = 1 + 0.3 * np.sin(members.pixel / 7 + np.arange(3)[:, None])
    monkeypatch.setattr(convolution, "_FORWARD", np.inf if backward else 0.0)
    monkeypatch.setattr(convolution, "_OVERHEAD", 0.0)
    return mix(grid, members, members, masks, exposure, spread)


@pytest.mark.heavy
@pytest.mark.parametrize("name", PLACES)
def test_both_ways_give_the_same_shares(monkeypatch, name):
    spread = several_energies(PLACES[name][0])
    forward, back = (one_way(monkeypatch, name, spread, backward=way) for way in (False, True))
    np.testing.assert_allclose(back, forward, atol=1e-13, rtol=0)
    assert forward.max() > 0.3


def test_one_function_serves_all_energies_both_ways(monkeypatch):
    spread = king(0.1)
    forward, back = (one_way(monkeypatch, "CAR", spread, backward=way) for way in (False, True))
    np.testing.assert_allclose(back, forward, atol=1e-13, rtol=0)
    assert not np.array_equal(forward[0], forward[1])


def test_bins_far_from_each_other_are_not_joined(monkeypatch):
    """Bins with similar images are transformed together, and others by themselves."""
    batches = []
    found = convolution.Convolution._batches

    def count(self, table):
        batches.append([rows.size for rows, _ in found(self, table)])
        return found(self, table)

    monkeypatch.setattr(convolution.Convolution, "_batches", count)
    monkeypatch.setattr(convolution, "_OVERHEAD", 0.0)
    grid = make_grid("CAR", [0, 0], 0.1, (40, 400))
    near, _ = annuli(galactic(15, 0), [0, 0.3, 0.4] * u.deg, grid)
    far, _ = annuli(galactic(-15, 0), [0, 0.3, 0.4] * u.deg, grid)
    members = type(near)(
        *(
            np.concatenate([one, two])
            for one, two in (
                (near.bin, far.bin + 2),
                (near.pixel, far.pixel),
                (near.solid_angle, far.solid_angle),
                (near.outside, far.outside),
            )
        )
    )
    used = np.ones((1, members.bin.size), bool)
    found_shares = mix(grid, members, members, used, np.ones((1, members.bin.size)), king(0.1))
    assert {tuple(one) for one in batches} == {(2, 2)}
    assert found_shares[0, 0, 2, 0] < 1e-12
