"""Whole figures, compared with stored pictures that were checked by eye.

The pictures have no letters, as each version of matplotlib draws fonts differently; other tests
read the texts. If a figure changes on purpose, look at the new picture that the failure names, and
copy it to ``tests/plot/images``.
"""

from pathlib import Path

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from astropy.visualization.wcsaxes import WCSAxes
from cases.maps import make_maps
from cases.plot import ONE_BAND, TWO_BANDS, galactic, make_profile
from cases.unfolding import with_covariance
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text

from xprofile import SkyBins, bin_maps, estimate
from xprofile.plot import plot_correlation, plot_profile, plot_stat_scan, plot_summary

IMAGES = Path(__file__).parent / "images"
TOLERANCE = 0.5  # root mean square of 255 levels; any line that is lost makes more
STYLE = {
    "figure.dpi": 60,
    "savefig.dpi": 60,
    "figure.figsize": (5, 3),
    "axes.formatter.limits": (0, 0),
}


def points():
    plot_profile(make_profile(ONE_BAND), "dnde", x="lon")


def steps_of_two_bands():
    plot_profile(make_profile(TWO_BANDS), "flux", style="steps", yscale="log")


def twin():
    plot_profile(make_profile(ONE_BAND), "eflux", twin="sqrt_ts", yscale="symlog")


def scan():
    plot_stat_scan(make_profile(ONE_BAND, norm_values=np.linspace(-1, 5, 25)), sed_type="flux")


def summary():
    maps = make_maps()
    maps["counts"][:2, 22:38, 32:48] += 2
    bins = SkyBins.annuli(galactic(0, 0), edges=[0, 0.5, 1.2, 2] * u.deg)
    profile = estimate(bin_maps(maps, bins), energy_edges=TWO_BANDS)
    blank = xr.zeros_like(maps.counts.sum("energy"))  # pixels of an image differ by version
    part = plt.figure(figsize=(7, 6)).subfigures()  # it has no layout, which depends on letters
    plot_summary(profile, blank, figure=part)


def correlation():
    plot_correlation(with_covariance().isel(projected_distance=[0, 1, 3]), energy=0)


FIGURES = [points, steps_of_two_bands, twin, scan, summary, correlation]


def _without_letters(figure):
    for text in figure.findobj(Text):
        text.set_alpha(0)
    for ax in figure.axes:
        if ax.get_legend():  # as large as its letters
            ax.get_legend().remove()
        if isinstance(ax, WCSAxes):
            for coord in ax.coords:
                coord.set_ticklabel_visible(False)
                coord.set_axislabel(" ")


def drawn(draw, path):
    """Draw a figure without letters into a file."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.use("Agg")
        mpl.rcParams.update(STYLE)
        draw()
        figure = plt.gcf()
        _without_letters(figure)
        figure.savefig(path)
    return path


@pytest.mark.heavy
@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
def test_figures_look_as_they_did(draw, tmp_path):
    name = f"{draw.__name__}.png"
    actual, expected = drawn(draw, tmp_path / name), tmp_path / f"expected-{name}"
    assert (IMAGES / name).is_file(), f"look at {actual}, and copy it to {IMAGES}"
    expected.write_bytes((IMAGES / name).read_bytes())  # differences are written beside it
    assert compare_images(str(expected), str(actual), tol=TOLERANCE) is None
