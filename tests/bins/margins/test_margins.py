"""Bins of a margin: rings, boxes and neighbourhoods, against distances of many positions."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from regions import CircleSkyRegion
from scipy.spatial import cKDTree

from xprofile import SkyBins
from xprofile.bins.margins.adding import with_margin
from xprofile.bins.margins.widths import margin_widths
from xprofile.bins.origins import profile_origin
from xprofile.bins.shapes.shape import OverlappingMembers
from xprofile.maps.sphere import unit_vectors

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
START, END = SkyCoord([2, -2], [0, 0], unit="deg", frame="galactic")
PATH = SkyCoord([2, 0, -1], [0, 0, 1], unit="deg", frame="galactic")
CIRCLES = [
    CircleSkyRegion(SkyCoord(lon, 0, unit="deg", frame="galactic"), 0.4 * u.deg) for lon in (0, 0.6)
]
BINS = {
    "disc": SkyBins.annuli(CENTER, radius_max=1 * u.deg, nbin=4),
    "rings": SkyBins.annuli(CENTER, radius_min=0.6 * u.deg, radius_max=1 * u.deg, nbin=2),
    "ellipses": SkyBins.elliptical_annuli(
        CENTER, radius_max=1 * u.deg, nbin=2, axis_ratio=0.5, position_angle=30 * u.deg
    ),
    "line": SkyBins.along_line(START, END, height=1 * u.deg, nbin=5, origin=2 * u.deg),
    "part of a line": SkyBins.along_line(START, END, height=1 * u.deg, nbin=5)[1:3],
    "grid": SkyBins.grid(CENTER, width=2 * u.deg, height=1 * u.deg, nbin=(4, 2)),
    "sectors": SkyBins.sectors(CENTER, radius_min=0.4 * u.deg, radius_max=1 * u.deg, nbin=3),
    "path": SkyBins.along_path(PATH, height=0.4 * u.deg, nbin=5),
    "regions": SkyBins.from_regions(CIRCLES),
    "some": SkyBins.annuli(CENTER, radius_max=1 * u.deg, nbin=4)[[3, 1]],
}
FRAME = CENTER.frame.replicate_without_data()


def found(bins, vectors):
    """Bins of unit vectors (3, n): all pairs of a bin and a vector."""
    shape = bins.shape
    if isinstance(shape, OverlappingMembers):
        return shape.finder(FRAME, 0.01)(vectors[:, None])
    code = shape.coder(FRAME, 0.01)(vectors)
    inside = np.flatnonzero(code >= 0)
    return code[inside], inside


def positions():
    lon, lat = np.meshgrid(np.linspace(-3, 3, 241), np.linspace(-2, 2, 161))
    return unit_vectors(lon.ravel(), lat.ravel())


def sorted_pairs(pairs):
    return sorted(zip(*(part.tolist() for part in pairs), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("kind", BINS)
def test_bins_stay_and_the_margin_is_round_them(kind):
    bins, margin, vectors = BINS[kind], 0.3, positions()
    wide = with_margin(bins, margin * u.deg, psf=True)
    size = len(bins)
    assert len(wide) > size
    assert wide.dim == bins.dim
    np.testing.assert_array_equal(wide.lower[:size], bins.lower)
    np.testing.assert_array_equal(wide.upper[:size], bins.upper)
    assert wide.region_texts()[:size] == bins.region_texts()
    before, after = found(bins, vectors), found(wide, vectors)
    inner = after[0] < size
    assert sorted_pairs(before) == sorted_pairs((after[0][inner], after[1][inner]))
    assert not set(after[1][inner]) & set(after[1][~inner])
    tree = cKDTree(vectors[:, np.unique(before[1])].T)
    added = np.unique(after[1][~inner])
    others = np.setdiff1d(np.arange(vectors.shape[1]), np.concatenate([before[1], added]))

    def distance(numbers):
        return np.degrees(2 * np.arcsin(tree.query(vectors[:, numbers].T)[0] / 2))

    step = 6 / 240  # of the positions, in degrees
    assert distance(others).min() > margin - 3 * step
    if kind not in ("ellipses", "line", "grid", "part of a line"):  # corners reach further
        assert distance(added).max() < margin + 3 * step


@pytest.mark.quick
@pytest.mark.parametrize("kind", [kind for kind in BINS if kind != "grid"])
def test_distances_are_finite_and_differ(kind):
    wide = with_margin(BINS[kind], 0.3 * u.deg, psf=True)
    assert np.isfinite([wide.lower, wide.upper]).all()
    assert np.all(wide.lower < wide.upper)
    assert np.unique(wide.distance[len(BINS[kind]) :]).size == len(wide) - len(BINS[kind])


@pytest.mark.slow
@pytest.mark.parametrize("margin", [1, 5, 50])
def test_wide_margins_fill_the_gaps_between_bins(margin):
    vectors = positions()
    rings = SkyBins.annuli(CENTER, edges=[0, 0.3, 0.6, 0.9] * u.deg)[[0, 2]]
    wide = with_margin(rings, margin * u.deg, psf=True)
    numbers, where = found(wide, vectors)
    near = np.degrees(np.arccos(np.minimum(vectors[0], 1))) < 0.85 + margin
    assert np.setdiff1d(np.flatnonzero(near), where).size == 0
    assert set(numbers.tolist()) >= {0, 1, 2, 3}
    assert np.degrees(wide.shape.borders[1]) < 1.2


def test_rings_and_ends_of_a_line_are_at_their_distances():
    rings = with_margin(BINS["rings"], 0.3 * u.deg, psf=True)
    np.testing.assert_allclose(rings.lower, [0.6, 0.8, 1.0, 0.3])
    np.testing.assert_allclose(rings.upper, [0.8, 1.0, 1.3, 0.6])
    rings = with_margin(BINS["rings"], 0.4 * u.deg, psf=True)
    np.testing.assert_allclose(rings.lower, [0.6, 0.8, 1.0, 1.16, 0.44, 0.2])
    np.testing.assert_allclose(rings.upper, [0.8, 1.0, 1.16, 1.4, 0.6, 0.44])
    line = with_margin(BINS["line"], 0.3 * u.deg, psf=True)
    np.testing.assert_allclose(line.upper[5], -2)
    np.testing.assert_allclose(line.lower[6], 2)


def test_a_margin_ends_at_the_centre_and_at_the_antipode():
    inner = SkyBins.annuli(CENTER, edges=[0.2, 1] * u.deg)
    np.testing.assert_allclose(with_margin(inner, 3 * u.deg, psf=True).lower.min(), 0, atol=1e-12)
    outer = SkyBins.annuli(CENTER, edges=[0, 90, 179] * u.deg)
    assert with_margin(outer, 9 * u.deg, psf=True).upper.max() == 180
    band = SkyBins.along_line(START, END, height=170 * u.deg, edges=[-180, 0, 180] * u.deg)
    wide = with_margin(band, 20 * u.deg, psf=True)
    assert len(wide) == 6
    np.testing.assert_allclose(wide.solid_angle.sum().value, 4 * np.pi)


@pytest.mark.parametrize(
    ("margin", "first", "expected"),
    [
        (0.1, 0.5, [0.1]),
        (0.5, 0.5, [0.5]),
        (0.501, 0.5, [0.501]),
        (0.75, 0.5, [0.75]),
        (1, 0.4, [0.4, 0.6]),
        (2, 1, [0.8, 1.2]),
    ],
)
def test_widths_grow_outwards(margin, first, expected):
    np.testing.assert_allclose(margin_widths(margin, first), expected)


def test_origins():
    for kind in ("disc", "rings", "sectors", "grid", "some", "line"):
        assert profile_origin(BINS[kind]).separation(CENTER).deg < 1e-9, kind
    assert profile_origin(BINS["part of a line"]).separation(START).deg < 1e-9
    assert profile_origin(BINS["path"]).separation(PATH[0]).deg < 1e-9
    assert profile_origin(BINS["regions"]).separation(CENTER).deg < 1e-9
    turned = SkyBins.along_path(PATH, height=0.4 * u.deg, nbin=5, origin=2 * u.deg)
    assert profile_origin(turned[3:]).separation(PATH[1]).deg < 1e-9
    two = SkyBins.along_line(START, END, height=1 * u.deg, nbin=5, origin=2 * u.deg)[[4, 0]]
    assert profile_origin(two).separation(CENTER).deg < 1e-9
