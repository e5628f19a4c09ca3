"""Figures of maps, bins and profiles; every function returns the axes, or the artist that it drew.

One module for each figure: `profile`, `scan`, `sky`, `summary`. They share the axes of bins
(`xaxis`), the scales and the second axis (`yaxis`), the quantities that can be drawn
(`quantities`), drawn series of points or steps (`series`), and texts (`labels`).
"""

from .bins import plot_bins
from .profile import plot_profile
from .scan import plot_stat_scan
from .sky import plot_sky
from .summary import plot_summary

__all__ = ["plot_bins", "plot_profile", "plot_sky", "plot_stat_scan", "plot_summary"]
