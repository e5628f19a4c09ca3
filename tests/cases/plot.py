"""A profile to plot, and what its artists hold."""

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord

from cases.maps import make_maps
from xprofile import SkyBins, bin_maps, estimate

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
    return estimate(bin_maps(maps, bins), energy_edges=energy_edges, **options)


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
