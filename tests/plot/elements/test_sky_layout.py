"""The layout of sky axes, whose frame and aspect a figure does not know before drawing."""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
from cases.plot import galactic, outlines, profile_of

from xprofile import SkyBins
from xprofile.plot import plot_profile, plot_sky

WIDTHS = [1.5, 2, 2.5, 3]


def test_the_frame_of_a_cutout_is_at_its_limits(image):
    part = image.isel(lat=slice(5, None), lon=slice(5, None))
    ax = plot_sky(part)
    np.testing.assert_allclose(ax.patch.get_window_extent().extents, ax.bbox.extents, atol=1e-6)


@pytest.mark.slow
def test_a_cutout_has_room_in_a_constrained_layout(image):
    """Any warning is an error."""
    part = image.isel(lat=slice(5, None), lon=slice(5, None))
    figure = plt.figure(figsize=(7.1, 3.2), layout="constrained")
    left, right = (figure.add_subplot(1, 2, n, projection=part.profile.wcs) for n in (1, 2))
    for ax in (left, right):
        plot_sky(part, ax=ax)
    figure.draw_without_rendering()
    for ax in (left, right):
        assert ax.bbox.width > 0.25 * figure.bbox.width
        box = ax.get_tightbbox(figure.canvas.get_renderer())
        assert box.y0 >= 0
        assert box.y1 <= figure.bbox.y1


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_the_label_of_a_colour_bar_is_inside_the_figure(width):
    """At the first drawing, for boxes of any aspect."""
    grid = SkyBins.grid(galactic(0, 0), width=width * u.deg, height=2 * u.deg, nbin=(3, 2))
    with plt.style.context("xprofile.two-column"):
        ax = plot_profile(profile_of(grid))
        ax.figure.draw_without_rendering()
        box = outlines(ax).colorbar.ax.yaxis.label.get_window_extent()
        assert box.x1 <= ax.figure.bbox.x1
        assert box.width > 5
