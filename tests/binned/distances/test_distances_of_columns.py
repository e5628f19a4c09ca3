"""Distances of the columns of a map, where they do not depend on the row."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.maps import make_maps

from xprofile import SkyBins, bin_maps
from xprofile.binned.distances.parts import PartFinder
from xprofile.bins.distances import DistanceAxis
from xprofile.maps.wcs import pixel_grid


def row(lon, lat=(0, 0), *, nbin=4, **options):
    ends = SkyCoord(lon * u.deg, lat * u.deg, frame="galactic")
    return SkyBins.along_line(*ends, height=0.5 * u.deg, nbin=nbin, **options)


STRAIGHT = {
    "forwards": row([359.2, 0.8]),
    "backwards": row([0.8, -0.8]),
    "from an origin": row([0.8, -0.8], origin=0.3 * u.deg),
    "a part": row([0.8, -0.8])[1:3],
    "three of them": row([0.8, -0.8])[[3, 0, 1]],
}


@pytest.mark.parametrize("name", STRAIGHT)
def test_columns_have_the_distances_of_their_pixels(name):
    grid = pixel_grid(make_maps())
    distances = PartFinder.from_bins(STRAIGHT[name], grid, 2).distances
    side, (rows, columns) = distances.along_side, grid.shape
    whole = distances.find(np.arange(rows * columns)).reshape(side, side, rows, columns)
    expected = np.broadcast_to(distances.by_column[:, None], whole.shape[1:])
    for along in whole.swapaxes(0, 1):  # (across, along, row, column)
        np.testing.assert_allclose(along, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("lat", [(0, 0.3), (0.2, 0.2)])
def test_other_rows_have_distances_of_each_pixel(lat):
    finder = PartFinder.from_bins(row([0.8, -0.8], lat), pixel_grid(make_maps()), 2)
    assert finder.distances.by_column is None


def test_parts_are_those_of_all_positions(monkeypatch):
    maps, bins = make_maps(), STRAIGHT["from an origin"]
    found = bin_maps(maps, bins)
    plain = DistanceAxis.from_bins

    def without_columns(*args):
        axis = plain(*args)
        object.__setattr__(axis, "of_longitude", None)
        return axis

    monkeypatch.setattr(DistanceAxis, "from_bins", without_columns)
    expected = bin_maps(maps, bins)
    for name in ("part_share", "part_distance"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-10, atol=1e-13)
