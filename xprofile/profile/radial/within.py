"""Radius within which a share of the flux of a profile is, by a smooth curve of growth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .reading import RadialProfile

__all__ = ["radius_within"]

Float = NDArray[np.float64]

_HALVINGS = 52  # of a bin, to the last digit of its radius


def _area(radius: Float) -> Float:
    """Solid angle within a radius in deg, as a share of the sphere."""
    return np.asarray(np.sin(np.radians(radius) / 2) ** 2)


def radius_within(read: RadialProfile, fraction: float) -> tuple[Float, Float]:
    """Radius that contains a share of the flux, and its error, (...); see `containment`."""
    flux = read.flux
    growth = np.cumsum(flux, axis=-1)
    total = growth[..., -1]
    with np.errstate(invalid="ignore"):
        reached = growth >= fraction * total[..., None]
    k = np.argmax(reached, axis=-1)
    known = (total > 0) & reached.any(axis=-1)
    area = _area(np.append(read.lower, read.upper[-1]))
    curve = _Growth(np.diff(area), np.where(known[..., None], flux, np.nan), k)
    low, high = np.zeros(k.shape), np.ones(k.shape)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = (curve.shares(middle) * curve.flux).sum(axis=-1) < fraction * total
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    share = np.where(known, high, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        sine = np.sqrt(area[k] + share * np.diff(area)[k])
        radius = np.degrees(2 * np.arcsin(sine))
        rate = np.radians(sine * np.sqrt(1 - sine**2)) / np.diff(area)[k]  # ds/dR per deg
        rise = (curve.shares(share, rate=True) * curve.flux).sum(axis=-1) * rate
        slopes = (fraction - curve.shares(share)) / np.where(rise > 0, rise, np.nan)[..., None]
    return radius, read.errors(slopes)


@dataclass(frozen=True, eq=False)
class _Growth:
    """Curve of growth in one bin of each profile: cubic in the area, with the slopes at its edges.

    Parameters
    ----------
    area : numpy.ndarray
        Areas of the bins, (nbin,).
    flux : numpy.ndarray
        Fluxes of the bins, (..., nbin).
    k : numpy.ndarray of int
        Number of the bin, (...).
    """

    area: Float
    flux: Float
    k: NDArray[np.intp]

    def shares(self, t: Float, *, rate: bool = False) -> Float:
        """Shares (..., nbin) of fluxes that are within a share t of the bin, or their rates."""
        t, number = t[..., None], np.arange(self.area.size)
        here, before = number == self.k[..., None], number < self.k[..., None]
        if rate:
            own, first, last = 6 * t * (1 - t), 1 - 4 * t + 3 * t**2, 3 * t**2 - 2 * t
            before = np.zeros_like(before)
        else:
            own, first, last = t**2 * (3 - 2 * t), t * (1 - t) ** 2, t**2 * (t - 1)
        edges = self.area[self.k][..., None] * self._edges
        first, last = first * edges[..., : self.area.size], last * edges[..., self.area.size :]
        return np.asarray(before + own * here + first + last)

    @property
    def _edges(self) -> Float:
        """Brightness at both edges of the bin, for a flux of 1 of each, (..., 2 nbin)."""
        area = self.area
        number = area.size
        of_bin = np.eye(number) / area[:, None]
        inner = area[1:, None] * of_bin[:-1] + area[:-1, None] * of_bin[1:]
        inner = inner / (area[1:] + area[:-1])[:, None]
        # at the ends the brightness goes on as between the last two bins
        found = np.concatenate([2 * of_bin[:1] - inner[:1], inner, 2 * of_bin[-1:] - inner[-1:]])
        return np.concatenate([found[self.k], found[self.k + 1]], axis=-1)
