"""Figure with a summary of a profile.

`figure` draws its panels, `layout` places them below the sky or on its right, and `sky` draws the
bins on an image or on blank sky axes.
"""

from .figure import plot_summary

__all__ = ["plot_summary"]
