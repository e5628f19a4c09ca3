"""Maps in HEALPix on sky axes: the projection, and which cell is where."""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.visualization.wcsaxes.frame import EllipticalFrame
from astropy.wcs import WCS
from astropy_healpix import HEALPix
from cases.bins import galactic
from cases.cell_maps import make_cell_maps
from cases.plot import only

from xprofile import SkyBins
from xprofile.exceptions import InvalidDataError, InvalidOptionError
from xprofile.maps.pixelgrid import PixelGrid
from xprofile.plot import plot_sky, plot_summary


def shown_at(ax, places):
    """Values that axes show at sky positions."""
    image = only(ax.images)
    left, right, bottom, top = image.get_extent()
    values = image.get_array()
    x, y = ax.wcs.world_to_pixel(places)
    column = np.floor((x - left) / (right - left) * values.shape[1]).astype(int)
    row = np.floor((y - bottom) / (top - bottom) * values.shape[0]).astype(int)
    return values[row, column]


def numbered(level=3, scheme="nested", **options):
    """Make a map whose values are the nested numbers of its cells."""
    image = make_cell_maps(level, scheme, **options).counts[0].astype(float)
    numbers = image.cell_ids.to_numpy()
    if scheme == "ring":
        numbers = HEALPix(2**level, "ring").ring_to_nested(numbers)
    return image.copy(data=numbers)


@pytest.mark.parametrize(
    ("scheme", "frame"),
    [
        ("ring", "icrs"),
        pytest.param("nested", "galactic", marks=pytest.mark.slow),
        pytest.param("nested", "fk4", marks=pytest.mark.slow),
    ],
)
def test_all_of_the_sky(scheme, frame):
    image = numbered(3, scheme, frame=frame)
    ax = plot_sky(image)
    assert isinstance(ax.coords.frame, EllipticalFrame)
    assert "MOL" in ax.wcs.wcs.ctype[0]
    places = image.profile.skycoord[::7]
    places = places[np.abs(places.spherical.lon.deg - 180) > 1]  # off the seam
    cells = HEALPix(8, "nested").lonlat_to_healpix(places.spherical.lon, places.spherical.lat)
    np.testing.assert_array_equal(shown_at(ax, places), cells)
    x, _ = ax.wcs.world_to_pixel(
        SkyCoord([10, 350], [0, 0], unit="deg", frame=image.profile.skycoord.frame.name)
    )
    assert x[0] < x[1]  # East to the left
    assert np.ma.is_masked(only(ax.images).get_array()[0, 0])


@pytest.mark.slow
@pytest.mark.parametrize("center", [galactic(0, 0), galactic(181, -5), galactic(30, 89)])
@pytest.mark.parametrize("chunk", [None, 200])
def test_a_part_of_the_sky(center, chunk):
    whole = numbered(5, chunk=chunk)
    part = whole.profile.cutout(center, 20 * u.deg)
    ax = plot_sky(part)
    assert "ZEA" in ax.wcs.wcs.ctype[0]
    np.testing.assert_array_equal(shown_at(ax, part.profile.skycoord), part)
    image = only(ax.images)
    assert (image.norm.vmin, image.norm.vmax) == (part.min(), part.max())
    assert ax.wcs.wcs.cdelt[0] < 0  # East to the left
    # every cell is there as a whole: its part of the screen is as large as its solid angle
    count = np.unique(image.get_array().compressed(), return_counts=True)[1]
    area = count * np.prod(np.abs(ax.wcs.wcs.cdelt)) * (np.pi / 180) ** 2
    np.testing.assert_allclose(area, 4 * np.pi / 12288, rtol=0.15)


@pytest.mark.parametrize(
    ("frame", "axis"), [("barycentricmeanecliptic", "ELON-ZEA"), ("supergalactic", "RA---ZEA")]
)
def test_frames_that_astropy_has_no_axes_for(frame, axis):
    part = numbered(4, frame=frame).profile.cutout(galactic(20, 30), 20 * u.deg)
    ax = plot_sky(part)
    assert ax.wcs.wcs.ctype[0] == axis
    x, y = PixelGrid(ax.wcs, np.zeros(1), np.zeros(1)).pixel(part.profile.skycoord)
    values = only(ax.images).get_array()
    np.testing.assert_array_equal(values[np.rint(y).astype(int), np.rint(x).astype(int)], part)


def test_a_large_part_is_in_the_middle():
    part = numbered(4).profile.sel(lon=slice(100, 240), lat=slice(-50, 50))
    ax = plot_sky(part)
    assert isinstance(ax.coords.frame, EllipticalFrame)
    np.testing.assert_allclose(ax.wcs.wcs.crval[0] % 360, 170, atol=3)


def test_given_axes_of_any_projection():
    part = numbered(5).profile.cutout(galactic(10, 20), 20 * u.deg)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = galactic(10, 20).icrs.ra.deg, galactic(10, 20).icrs.dec.deg
    wcs.wcs.cdelt = -0.1, 0.1
    ax = plt.subplot(projection=wcs)
    assert plot_sky(part, ax=ax) is ax
    np.testing.assert_array_equal(shown_at(ax, part.profile.skycoord.icrs), part)
    limits = ax.get_xlim()
    plot_sky(part + 1, ax=ax, add_colorbar=False)
    assert ax.get_xlim() == pytest.approx(limits)


def test_bins_and_colour_bar_on_all_of_the_sky():
    image = make_cell_maps(3).exposure[0]
    ax = plot_sky(image, stretch="sqrt", vmin=0, cmap="magma")
    drawn = SkyBins.annuli(galactic(0, 30), radius_max=20 * u.deg, nbin=2).plot(ax)
    box = drawn.get_paths()[1].get_extents()
    x, y = ax.wcs.world_to_pixel(galactic([20 / np.cos(np.radians(30)), 0], [30, 50]))
    assert box.ymax == pytest.approx(y[1], abs=0.5)
    assert box.xmin == pytest.approx(x[0], abs=5)
    bar = only(ax.child_axes)
    assert bar.get_xlabel().startswith("Exposure [")


@pytest.mark.slow
def test_a_summary_with_cells():
    maps = make_cell_maps(5)
    bins = SkyBins.annuli(galactic(0, 30), radius_max=20 * u.deg, nbin=2)
    panels = plot_summary(maps.profile.estimate(bins), maps.counts[0])
    assert isinstance(panels["sky"].coords.frame, EllipticalFrame)


def test_what_cannot_be_shown():
    maps = make_cell_maps(2)
    with pytest.raises(InvalidDataError, match="sum or select first"):
        plot_sky(maps.counts)
    with pytest.raises(InvalidOptionError, match="needs sky axes"):
        plot_sky(maps.counts[0], ax=plt.subplot())
    with pytest.raises(InvalidOptionError, match="unknown stretch"):
        plot_sky(maps.counts[0], stretch="cubic")
