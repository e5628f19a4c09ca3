"""Figure with a summary of a profile.

`figure` puts it together: `layout` places the panels below the sky or on its right, `sky` draws the
bins on an image or on blank sky axes, `counts` the panel of the counts, and `finish` adds labels,
legends and numbers of bins that fit their panels.
"""

from .figure import plot_summary

__all__ = ["plot_summary"]
