"""A shape that has only what every shape must have: the defaults do the rest."""

from dataclasses import dataclass

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cases.bin_places import codes
from cases.bins import galactic
from cases.maps import make_maps
from regions import PolygonSkyRegion, Regions

from xprofile import SkyBins, bin_maps
from xprofile.bins.shapes.axes import digitize
from xprofile.bins.shapes.shape import SphereShape

LON = np.array([-2.0, 2.0])


@dataclass(frozen=True, eq=False)
class Bands(SphereShape):
    """Bands of Galactic latitude within 2 deg of longitude 0."""

    edges: np.ndarray

    def coder(self, frame, pixel_size):
        def code(vectors):
            x, y, z = vectors
            inside = digitize(np.degrees(np.arctan2(y, x)).ravel(), LON).reshape(x.shape) == 0
            band = digitize(np.degrees(np.arcsin(z)).ravel(), self.edges).reshape(x.shape)
            return np.where(inside, band, -1)

        assert frame.name == "galactic"
        return code

    @property
    def centers(self):
        return galactic(0, (self.edges[1:] + self.edges[:-1]) / 2)

    pitch = 0.1

    def sample(self):
        lat = np.arange(self.edges[0], self.edges[-1] + 0.1, 0.1)
        return SkyCoord(*np.meshgrid(np.arange(-2, 2.1, 0.1), lat), unit="deg", frame="galactic")

    def outlines(self):
        pairs = zip(self.edges[:-1], self.edges[1:], strict=True)
        return [galactic(LON[[0, 1, 1, 0, 0]], [a, a, b, b, a]) for a, b in pairs]

    def regions(self):
        return [PolygonSkyRegion(outline[:-1]) for outline in self.outlines()]


EDGES = np.array([-1.51, -0.52, 0.53, 1.04])
BINS = SkyBins(Bands(EDGES), EDGES[:-1], EDGES[1:], "bands")


@pytest.mark.parametrize("index", [slice(None), slice(1, 3), [2, 0], -1])
def test_bands_are_binned_and_selected(index):
    maps = make_maps()
    bins, numbers = BINS[index], np.atleast_1d(np.arange(3)[index])
    lat = np.broadcast_to(maps["lat"].to_numpy()[:, None], (60, 80))
    near = np.abs((maps["lon"].to_numpy() + 180) % 360 - 180) < 2
    expected = np.full((60, 80), -1)
    for new, old in enumerate(numbers):
        expected[(EDGES[old] <= lat) & (lat < EDGES[old + 1]) & near] = new
    np.testing.assert_array_equal(codes(bins, maps), expected)
    binned = bin_maps(maps, bins)
    np.testing.assert_array_equal(
        binned["background"][0], [(expected == i).sum() for i in range(len(numbers))]
    )


def test_defaults_of_a_shape():
    texts = BINS.region_texts()
    assert len(Regions.parse("\n".join(texts), format="ds9")) == 3
    assert np.isnan(BINS.solid_angle).all()
    assert repr(BINS) == "<SkyBins: 3 bands, projected distance -1.51 to 1.04 deg>"
    assert "3 bands" in BINS._repr_html_()
    assert SkyBins(Bands(EDGES.copy()), EDGES[:-1], EDGES[1:], "the same bands") == BINS
    assert SkyBins(Bands(EDGES + 0.1), EDGES[:-1], EDGES[1:], "bands") != BINS
    np.testing.assert_array_equal(BINS[[0, 2]].center.b, BINS.center[[0, 2]].b)
