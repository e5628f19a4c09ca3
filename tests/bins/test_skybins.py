"""Edges of bins, and their looks in a terminal and a notebook."""

from dataclasses import replace
from html.parser import HTMLParser

import astropy.units as u
import numpy as np
import pytest
from cases.bin_places import FLAT
from cases.bin_shapes import every_shape, rectangles, shapes
from cases.bins import galactic
from regions import CircleSkyRegion

from xprofile.bins.skybins import SkyBins
from xprofile.exceptions import InvalidBinsError


@pytest.mark.parametrize(
    ("bins", "text"),
    [
        (
            SkyBins.along_line(galactic(10, 0), galactic(350, 0), height=3 * u.deg, nbin=51),
            "<SkyBins: 51 boxes along a line, projected distance 0 to 20 deg, height 3 deg>",
        ),
        (
            SkyBins.annuli(galactic(1, 2), edges=[0.1, 0.5] * u.deg),
            "<SkyBins: 1 annuli, projected distance 0.1 to 0.5 deg>",
        ),
        (
            SkyBins.annuli(galactic(1, 2), edges=[0.1, 0.5] * u.deg, planar=True),
            "<SkyBins: 1 annuli, projected distance 0.1 to 0.5 deg, planar>",
        ),
        (
            SkyBins.from_regions(rectangles([5, 1], 1, 1, 0)),
            "<SkyBins: 2 sky regions, projected distance -0.5 to 4.5 deg>",
        ),
    ],
)
def test_repr(bins, text):
    assert repr(bins) == text


def test_edges_are_those_that_were_given():
    edges = [0.1, 0.2, 1, 2.5] * u.deg
    np.testing.assert_array_equal(SkyBins.annuli(galactic(1, 2), edges=edges).edges, edges)
    line = {"start": galactic(9, 0), "end": galactic(3, 0), "height": 1 * u.deg}
    bins = SkyBins.along_line(**line, edges=[-60, 0, 90] * u.arcmin)
    np.testing.assert_allclose(bins.edges.to_value("deg"), [-1, 0, 1.5], rtol=1e-15)
    assert bins.edges.unit == u.deg
    sectors = SkyBins.sectors(galactic(1, 2), radius_max=1 * u.deg, edges=[300, 350, 420] * u.deg)
    np.testing.assert_array_equal(sectors.edges, [300, 350, 420] * u.deg)


@every_shape
def test_edges_enclose_the_bins(name):
    bins = shapes(FLAT)[name]
    assert bins.nbin == len(bins)
    assert isinstance(bins.nbin, int)
    if name == "grid":
        return
    assert bins.edges.shape == (bins.nbin + 1,)
    np.testing.assert_array_equal(bins.edges.value[:-1], bins.lower)
    np.testing.assert_array_equal(bins.edges.value[1:], bins.upper)


def test_edges_of_a_list_that_touches():
    line = SkyBins.along_line(galactic(9, 0), galactic(3, 0), height=1 * u.deg, nbin=4)
    bins = SkyBins.from_regions(line.to_regions())
    np.testing.assert_allclose(bins.edges.value, line.edges.value - 0.75, atol=1e-9)


RINGS = SkyBins.annuli(galactic(1, 2), radius_max=2 * u.deg, nbin=5)
WITHOUT_EDGES = {
    "apart": RINGS[[0, 3]],
    "descending": RINGS[::-1],
    "gap of 1e-4": replace(RINGS, lower=RINGS.lower + 4e-5),
    "overlapping": SkyBins.from_regions(rectangles([5, 4.5], 1, 1, 0)),
    "grid": SkyBins.grid(galactic(1, 2), width=3 * u.deg, height=1 * u.deg, nbin=(3, 1)),
}


@pytest.mark.parametrize("name", WITHOUT_EDGES)
def test_bins_without_common_edges(name):
    bins = WITHOUT_EDGES[name]
    with pytest.raises(InvalidBinsError, match="lower and upper") as error:
        _ = bins.edges
    assert repr(bins) in str(error.value)


class Table(HTMLParser):
    """Rows of a table, tags that are left open, and attributes."""

    def __init__(self, text):
        super().__init__()
        self.open, self.cells, self.attributes = [], [], set()
        self.feed(text)
        self.rows = dict(zip(self.cells[::2], self.cells[1::2], strict=True))

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag in ("th", "td"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("th", "td"):
            self.cells[-1] += data


CENTER = galactic(10, -2.5)
TABLES = {
    "line": (
        SkyBins.along_line(galactic(10, 0), galactic(350, 0), height=3 * u.deg, nbin=50),
        {
            "bins": "50 boxes along a line",
            "dimension": "projected_distance",
            "range": "0 to 20 deg",
            "first bin": "0 to 0.4 deg",
            "last bin": "19.6 to 20 deg",
            "height": "3 deg",
            "local longitude 0": "galactic 10, 0 deg",
            "position angle": "270 deg",
            "columns x rows": "50 x 1",
            "pixels": "by angles on the sphere",
        },
    ),
    "ellipses": (
        SkyBins.elliptical_annuli(
            CENTER, axis_ratio=0.5, position_angle=30 * u.deg, edges=[1, 2, 4] * u.deg, planar=True
        ),
        {
            "bins": "2 elliptical annuli",
            "dimension": "projected_distance",
            "range": "1 to 4 deg",
            "first bin": "1 to 2 deg",
            "last bin": "2 to 4 deg",
            "centre": "galactic 10, -2.5 deg",
            "axis ratio": "0.5",
            "position angle": "30 deg",
            "pixels": "in the plane of the map",
        },
    ),
    "sectors": (
        SkyBins.sectors(CENTER, radius_max=1 * u.deg, nbin=4)[::2],
        {
            "bins": "2 sectors",
            "dimension": "position_angle",
            "range": "0 to 270 deg",
            "first bin": "0 to 90 deg",
            "last bin": "180 to 270 deg",
            "centre": "galactic 10, -2.5 deg",
            "radius": "0 to 1 deg",
            "pixels": "by angles on the sphere",
        },
    ),
    "grid": (
        SkyBins.grid(CENTER.icrs, width=6 * u.deg, height=2 * u.deg, nbin=(3, 2)),
        {
            "bins": "6 boxes of a grid",
            "dimension": "region",
            "local longitude 0": f"icrs {CENTER.icrs.ra.deg:.6g}, {CENTER.icrs.dec.deg:.6g} deg",
            "position angle": "90 deg",
            "columns x rows": "3 x 2",
            "pixels": "by angles on the sphere",
        },
    ),
    "path": (
        SkyBins.along_path(galactic([2, 0, -1], [0, 0, 1]), height=0.4 * u.deg, nbin=2),
        {
            "bins": "2 bins along a path",
            "dimension": "projected_distance",
            "range": "0 to 3.41418 deg",
            "first bin": "0 to 1.70709 deg",
            "last bin": "1.70709 to 3.41418 deg",
            "height": "0.4 deg",
            "vertices": "3",
            "first vertex": "galactic 2, 0 deg",
            "last vertex": "galactic 359, 1 deg",
            "pixels": "by angles on the sphere",
        },
    ),
    "list": (
        SkyBins.from_regions(
            [*rectangles([5, 3], 1, 1, 0), CircleSkyRegion(galactic(1, 0), 1 * u.deg)]
        ),
        {
            "bins": "3 sky regions",
            "dimension": "projected_distance",
            "range": "-0.5 to 5 deg",
            "first bin": "-0.5 to 0.5 deg",
            "last bin": "3 to 5 deg",
            "regions": "2 RectangleSkyRegion, 1 CircleSkyRegion",
            "pixels": "by angles on the sphere",
        },
    ),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", TABLES)
def test_a_notebook_shows_a_table(name):
    bins, expected = TABLES[name]
    table = Table(bins._repr_html_())
    assert table.open == []
    assert table.rows == expected
    assert table.attributes == {"style"}  # and so nothing that is loaded from elsewhere


def test_special_characters_are_escaped_in_a_table():
    words = "<script>alert('&amp;')</script>"
    bins = replace(RINGS, description=words, dim='"dim"')
    html = bins._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert Table(html).rows["bins"] == f"5 {words}"
    assert Table(html).rows["dimension"] == '"dim"'
