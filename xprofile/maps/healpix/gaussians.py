"""Sums of values on HEALPix weighted with a Gaussian on the sphere.

The sum over pairs of cells is taken ring by ring. The cells of a ring are evenly spaced, and the
Gaussian depends on the difference of longitudes alone for two rings, so that the sum is a product
of Fourier series in longitude. Nothing is approximated by that: rings of any lengths fit together,
and the poles are not a special case.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, next_fast_len
from scipy.special import i0e

from .ring_places import RingPlaces

__all__ = ["Gaussian"]

Float = NDArray[np.float64]

# Standard deviations after which a Gaussian, and its Fourier series, end: 7e-10 of the middle. With
# ten times fewer, the map would be cut into patches; ten times more take ten times as long.
_REACH = 6.5

# Further terms of a Fourier series, which a Gaussian as wide as a ring needs: its terms fall off
# faster than 1 / 8!. Ten times more change nothing but the time of narrow Gaussians.
_LEAST_TERMS = 12

# Rings that are made together, which share the Fourier series of the rings around: affects memory
# and speed alone.
_BAND = 64


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A Gaussian that spreads values from ring to ring.

    Parameters
    ----------
    places : RingPlaces
        The cells of a map.
    width : float
        Standard deviation in rad.
    """

    places: RingPlaces
    width: float

    def spread(self, values: Float | None) -> Float:
        """Sum of the weighted values (n, ncell) of all cells at each cell of the map.

        Without values, the sum of the weights over all cells of the sky.
        """
        places = self.places
        found = np.zeros((1 if values is None else len(values), places.order.size))
        used = places.used
        for band in np.split(used, np.arange(_BAND, used.size, _BAND)):
            rings = band.tolist()
            if values is None:
                rings = [ring for ring in rings if not self._sum_weights(ring, found)]
            if rings:
                near = self._rings_near(rings[0], rings[-1])
                series = self._series(values, near)
                for ring in rings:
                    self._spread_to(ring, near, series, found)
        return found

    def _sum_weights(self, ring: int, found: Float) -> bool:
        """Sum the weights of the cells around those of a ring, if all have the same sum.

        They have it where no ring in reach is shorter than the Fourier series: that of ones on a
        ring has then only its first term, the mean of the Gaussian over longitudes, which is a
        Bessel function.
        """
        places = self.places
        own = self._rings_near(ring, ring)
        lengths, colatitude = places.rings.length[own], places.colatitude[own]
        sines = np.sin(places.colatitude[ring]) * np.sin(colatitude)
        if self._number_of_terms(np.sqrt(sines)) >= lengths.min():
            return False
        apart = np.sin((colatitude - places.colatitude[ring]) / 2) ** 2
        means = np.exp(-2 / self.width**2 * apart) * i0e(sines / self.width**2)
        found[:, places.in_ring(ring)[0]] = means @ lengths
        return True

    def _rings_near(self, first: int, last: int) -> slice:
        """Rings that the Gaussian reaches from those between two rings."""
        reach = 2 * np.arcsin(min(1.0, _REACH * self.width / 2))
        return self.places.rings_near(first, last, reach)

    def _number_of_terms(self, sines: Float) -> int:
        """Number of terms of the Fourier series between rings with these sines of colatitude."""
        number = int(_REACH * sines.max() / self.width) + _LEAST_TERMS
        return int(next_fast_len(number, real=True))

    def _series(self, values: Float | None, near: slice) -> NDArray[np.complex128]:
        """Fourier series in longitude of the values of some rings, (n, nring, nterm)."""
        places = self.places
        numbers = range(near.start, near.stop)
        terms = np.arange(self._number_of_terms(np.sin(places.colatitude[near])) + 1)
        size = 1 if values is None else len(values)
        series = np.zeros((size, len(numbers), terms.size), complex)
        for i, ring in enumerate(numbers):
            length = int(places.rings.length[ring])
            cells = np.ones((1, length)) if values is None else places.values_of_ring(values, ring)
            if cells.any():
                found = np.fft.fft(cells)[:, terms % length]
                series[:, i] = found * np.exp(-1j * terms * places.first[ring])
        return series

    def _spread_to(
        self, ring: int, near: slice, series: NDArray[np.complex128], found: Float
    ) -> None:
        """Sum what the rings near to one ring spread to its cells."""
        places = self.places
        own = self._rings_near(ring, ring)
        colatitude = places.colatitude[own]
        sines = np.sin(places.colatitude[ring]) * np.sin(colatitude)
        number = self._number_of_terms(np.sqrt(sines))
        half = np.pi * np.arange(number + 1) / number / 2
        # cos d = cos(difference of colatitudes) - 2 sines sin^2(difference of longitudes / 2)
        apart = np.sin((colatitude - places.colatitude[ring]) / 2)[:, None] ** 2
        weight = np.exp(-2 / self.width**2 * (apart + sines[:, None] * np.sin(half) ** 2))
        terms = dct(weight, type=1, axis=-1) / (2 * number)
        terms[:, 1:] *= 2  # those of negative frequencies
        part = series[:, own.start - near.start : own.stop - near.start, : number + 1]
        total = np.einsum("jm,ejm->em", terms, part)
        total *= np.exp(1j * np.arange(number + 1) * places.first[ring])
        length = int(places.rings.length[ring])
        whole = -(-total.shape[1] // length) * length
        padded = np.zeros((len(total), whole), complex)
        padded[:, : total.shape[1]] = total
        cells = np.fft.ifft(padded.reshape(len(total), -1, length).sum(axis=1)).real * length
        order, along = places.in_ring(ring)
        found[:, order] = cells[:, along]
