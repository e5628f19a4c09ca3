"""Figures of maps, bins and profiles; every function returns what it drew, or the axes."""

from .outlines import plot_bins
from .profile import plot_profile
from .scan import plot_stat_scan
from .sky import plot_sky
from .summary import plot_summary

__all__ = ["plot_bins", "plot_profile", "plot_sky", "plot_stat_scan", "plot_summary"]
