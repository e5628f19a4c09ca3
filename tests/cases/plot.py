"""A profile to plot, axes to plot on, and the contents of artists."""

import warnings
from contextlib import contextmanager

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.coordinates import SkyCoord
from matplotlib.collections import PolyCollection, QuadMesh

from cases.maps import make_maps
from xprofile import SkyBins, bin_maps, estimate
from xprofile.exceptions import DataWarning
from xprofile.profile.limits import upper_limits

ONE_BAND = [10, 1000] * u.GeV
TWO_BANDS = [10, 100, 1000] * u.GeV
BAND_TEXTS = ["10 - 100 GeV", "100 - 1000 GeV"]


def galactic(lon, lat):
    return SkyCoord(lon, lat, unit="deg", frame="galactic")


def make_profile(energy_edges, **settings):
    """Six boxes, the first off the map; a source in the third, so that there are limits and not."""
    maps = make_maps()
    maps["counts"][:, 25:35, 35:45] += 3
    bins = SkyBins.along_line(galactic(5, 0), galactic(-1, 0), height=2 * u.deg, nbin=6)
    options = {"selection_optional": "all", "norm_values": np.linspace(-1, 5, 7), **settings}
    with off_map_ignored():
        return estimate(bin_maps(maps, bins), energy_edges=energy_edges, **options)


@contextmanager
def off_map_ignored():
    """Let bins off the map pass without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* off the map", DataWarning)
        yield


def bars(container):
    """Ends of the error bars of a container: x then y, each (n, 2, 2)."""
    return [np.array([path.vertices for path in lines.get_paths()]) for lines in container.lines[2]]


def legend_texts(ax):
    legend = ax.get_legend()
    return None if legend is None else [text.get_text() for text in legend.get_texts()]


def only(artists):
    assert len(artists) == 1
    return artists[0]


def steps(line):
    """Levels and edges of a line drawn by steps."""
    x, y = line.get_data()
    return x[::3], x[1::3], y[::3]


def sky_axes(wcs):
    """Axes that show a blank map of 60 x 80 pixels."""
    ax = plt.figure().add_subplot(projection=wcs)
    ax.imshow(np.zeros((60, 80)), origin="lower")
    return ax


def drawn_values(profile, name="norm"):
    """Values where they are drawn as points, and where the limit is drawn."""
    one = profile.isel(energy=0)
    limit = upper_limits(one).to_numpy()
    return one, limit, np.where(limit, np.nan, one[name])


def only_mesh(ax):
    return only([artist for artist in ax.collections if isinstance(artist, QuadMesh)])


def new_axes():
    return plt.figure().gca()


def outlines(ax):
    return only([artist for artist in ax.collections if isinstance(artist, PolyCollection)])


def profile_of(bins):
    with off_map_ignored():
        return estimate(bin_maps(make_maps(), bins), energy_edges=ONE_BAND)
