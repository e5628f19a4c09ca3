"""Figures of maps, bins and profiles. Each function returns the axes, or the artist that it drew.

There is one module for each figure: `profile`, `array`, `scan`, `sky`, `sky_bins`, `bins`, two in
the folder `mixing`, those of fits in `models`, and the folder `summary`. The folder `healpix`
chooses the view of maps in HEALPix for `sky`. The folder `elements` has what figures share: the
choice of the quantity, axes, series of points or steps, texts, and legends; `views` puts them
together. Functions import matplotlib when they are called, as the import is slow.
"""

from .array import plot_array
from .bins import plot_bins
from .mixing import plot_correlation, plot_psf
from .models.templates import plot_templates
from .profile import plot_profile
from .scan import plot_stat_scan
from .sky import plot_sky
from .sky_bins import plot_sky_bins
from .summary import plot_summary

__all__ = [
    "plot_array",
    "plot_bins",
    "plot_correlation",
    "plot_profile",
    "plot_psf",
    "plot_sky",
    "plot_sky_bins",
    "plot_stat_scan",
    "plot_summary",
    "plot_templates",
]
