"""Figures of what the PSF does to bins: the correlation of their norms, and a point source."""

from .correlation import plot_correlation
from .psf import plot_psf

__all__ = ["plot_correlation", "plot_psf"]
