"""Point spread functions of the angle alone, integrated exactly between the angles of tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..sums.sparse import sum_rows

__all__ = ["PointSpread"]

Float = NDArray[np.float64]

# Share of the photons that may lie beyond the reach. The largest error of an entry of the mixing is
# as large. Ten times larger, entries of 1e-3 would be wrong by 1 %; ten times smaller, long tails
# cost up to twice the time.
_TAIL = 1e-5

# Half width in rad below which sin h - h cos h is a series. Its error is h^4 / 280 there, 4e-12.
# Ten times larger, 4e-8; ten times smaller, cancellation would leave 1e-11.
_SERIES = 0.006

# Sets of weights that are remembered; a technical size.
_REMEMBERED = 32

# Share within a quarter of a pixel, in parts of that of an even density, up to which the density
# has no peak that sums over positions in pixels miss. A Gauss function 0.4 pixels wide has 1.1;
# ten times farther from 1, narrow cores of functions with wide tails would pass.
_PEAK = 1.1

# Photons for each unit of the logarithm of the angle at which a table that ends has a drop: 3 for
# each 1000. Ten times more, shares of 1e-3 could be 5 % off; ten times fewer, all tables would have
# one, and kernels take a quarter longer.
_DROP = 3e-3

# Shares of photons beyond the angles at which the steepness is measured. Down to a thousandth, for
# smaller entries of the mixing need not be right to 0.5 %; at ten times less, kernels of Gauss
# functions would need twice as many places, and at ten times more, small entries would be 1 % off.
_BEYOND = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)

# Largest error of sums over 3 x 3 positions, in parts of the largest share of a pixel, for which
# photons are not followed one by one. Ten times larger, shares are off by 0.2 %; ten times smaller,
# photons of most instruments are followed, which takes several times as long.
_ROUGH = 2e-4


@dataclass(frozen=True, eq=False)
class PointSpread:
    """Point spread functions of some energies at some positions.

    Between its angles the density is linear in the angle; beyond the last one it is 0.

    Parameters
    ----------
    angles : numpy.ndarray
        Angles (nrad,) in rad, ascending from 0.
    density : numpy.ndarray
        Share of the photons per solid angle in sr-1, (nposition, nenergy, nrad).
    integral : numpy.ndarray
        Integral over the sky of the table that was given, (nposition, nenergy).
    """

    angles: Float
    density: Float
    integral: Float

    @classmethod
    def from_table(cls, rad: Float, density: Float) -> PointSpread:
        """Make it from tables of the density.

        Parameters
        ----------
        rad : numpy.ndarray
            Angles (nrad,) in rad, ascending. Within the first one, the density is that of the
            first.
        density : numpy.ndarray
            In sr-1, (nrad,), (nenergy, nrad) or (nposition, nenergy, nrad). NaN and negative values
            count as 0.

        Returns
        -------
        PointSpread
            Tables with an integral above 1 are scaled to 1. Others stay: what is missing to 1 is
            lost, beyond the table. ``integral`` has the integrals that were given.
        """
        density = np.asarray(density, dtype=float)
        density = density.reshape((1,) * (3 - density.ndim) + density.shape)
        density = np.maximum(np.where(np.isfinite(density), density, 0.0), 0.0)
        angles = np.clip(np.asarray(rad, dtype=float), 0.0, np.pi)
        if angles[0] > 0:
            angles = np.concatenate([[0.0], angles])
            density = np.concatenate([density[..., :1], density], axis=-1)
        kept = np.diff(angles, prepend=-1.0) > 0  # several angles beyond 180 deg become one
        raw = cls(angles[kept], density[..., kept], np.ones(density.shape[:2]))
        integral = raw.containment[..., -1]
        return cls(raw.angles, raw.density / np.maximum(integral, 1)[..., None], integral)

    @property
    def nposition(self) -> int:
        """Number of positions."""
        return int(self.density.shape[0])

    @property
    def nenergy(self) -> int:
        """Number of energies."""
        return int(self.density.shape[1])

    def take(self, energies: NDArray[np.intp] | slice) -> PointSpread:
        """Return the point spread functions of some energies."""
        return PointSpread(self.angles, self.density[:, energies], self.integral[:, energies])

    def at(self, position: int) -> PointSpread:
        """Return the point spread functions at one position."""
        one = slice(position, position + 1)
        return PointSpread(self.angles, self.density[one], self.integral[one])

    @cached_property
    def containment(self) -> Float:
        """Share of the photons within each angle, (nposition, nenergy, nrad)."""
        even, rising = _segments(self.angles[:-1], self.angles[1:])
        parts = self.density[..., :-1] * even + self._slopes * rising
        return np.concatenate(
            [np.zeros((*parts.shape[:-1], 1)), np.cumsum(parts, axis=-1)], axis=-1
        )

    @cached_property
    def _slopes(self) -> Float:
        return np.asarray(np.diff(self.density, axis=-1) / np.diff(self.angles))

    @cached_property
    def reach(self) -> Float:
        """Angle in rad beyond which there are hardly any photons, (nposition, nenergy)."""
        total = self.containment[..., -1:]
        inside = self.containment < total - _TAIL
        last = np.minimum(inside.sum(axis=-1), self.angles.size - 1)
        return np.asarray(self.angles[last])

    @cached_property
    def ends(self) -> list[float]:
        """Angles in rad at which the density drops to 0 from much more, in any order."""
        last = self.density.shape[-1] - 1 - np.argmax(self.density[..., ::-1] > 0, axis=-1)
        at_last = np.take_along_axis(self.density, last[..., None], axis=-1)[..., 0]
        angle = self.angles[last]
        found = np.unique(angle[2 * np.pi * angle**2 * at_last > _DROP])
        return [float(end) for end in found]

    @cached_property
    def steepness(self) -> float:
        """Largest power with which the density falls, where a thousandth of the photons matter."""
        total, steepest = self.containment[..., -1:], 0.0
        for row in np.ndindex(self.density.shape[:-1]):
            inside = total[row] * (1 - np.array(_BEYOND))
            last = np.searchsorted(self.containment[row], inside)
            angle = self.angles[np.minimum(last, self.angles.size - 1)]
            far, near = np.interp([angle, angle * 0.9], self.angles, self.density[row])
            known = (far > 0) & (near > 0)
            power = np.log(near[known] / far[known]) / -np.log(0.9)
            steepest = max(steepest, float(power.max(initial=0.0)))
        return steepest

    def share_within(self, angle: Float) -> Float:
        """Share of the photons within angles (...) in rad, (nposition, nenergy, ...)."""
        angle, left = self._intervals(angle)
        even, rising = _segments(self.angles[left], angle)
        beyond = self.density[..., left] * even + self._slopes[..., left] * rising
        return np.asarray(self.containment[..., left] + beyond)

    def density_at(self, angle: Float) -> Float:
        """Density in sr-1 at angles (...) in rad, at the first position, (nenergy, ...)."""
        flat = np.reshape(angle, (-1, 1))
        return self.sum_density(flat, np.ones(flat.shape)).reshape(-1, *np.shape(angle))

    def sum_density(self, angle: Float, weight: Float) -> Float:
        """Sums (nenergy, n) of the density times weights, at angles in rad, both (n, m)."""
        weight = np.where(angle <= self.angles[-1], weight, 0.0)
        angle, left = self._intervals(angle)
        part = weight * (angle - self.angles[left]) / np.diff(self.angles)[left]
        return sum_rows((left, left + 1), (weight - part, part), self._densities)

    def sum_beyond(self, angle: Float, weight: Float) -> Float:
        """Sums (nenergy, n) of the share of photons beyond angles, times weights, both (n, m)."""
        angle, left = self._intervals(angle)
        even, rising = _segments(self.angles[left], angle)
        size = self.angles.size
        rows = left, left + size, left + 2 * size
        return sum_rows(rows, (weight, -weight * even, -weight * rising), self._beyond)

    def _intervals(self, angle: Float) -> tuple[Float, NDArray[np.intp]]:
        """Angles up to the last one of the table, and the index of the last one below each."""
        angle = np.clip(angle, 0.0, self.angles[-1])
        return angle, np.clip(np.searchsorted(self.angles, angle) - 1, 0, self.angles.size - 2)

    @cached_property
    def _densities(self) -> Float:
        """Densities at the first position, (nrad, nenergy)."""
        return np.ascontiguousarray(self.density[0].T)

    @cached_property
    def _beyond(self) -> Float:
        """Shares beyond the angles, densities and slopes at the first position, one by one."""
        share = self.containment[0, :, -1:] - self.containment[0]
        slopes = np.pad(self._slopes[0], ((0, 0), (0, 1)))
        return np.concatenate([share.T, self.density[0].T, slopes.T])

    @cached_property
    def _weights(self) -> dict[int, tuple[Float, Float]]:
        return {}

    def node_weights(self, nodes: Float) -> Float:
        """Weights of angles that integrate functions which are linear between them.

        Parameters
        ----------
        nodes : numpy.ndarray
            Angles (n,) in rad, ascending from 0.

        Returns
        -------
        numpy.ndarray
            Weights (nposition, nenergy, n). Their sum is the share within the last angle.
        """
        known = self._weights.get(id(nodes))
        if known is None or known[0] is not nodes:
            if len(self._weights) > _REMEMBERED:
                self._weights.clear()
            known = self._weights[id(nodes)] = nodes, self._node_weights(nodes)
        return known[1]

    def is_smooth(self, width: float, height: float) -> bool:
        """Whether sums over 3 x 3 positions integrate the density over pixels of sides in rad.

        Then no photons need to be followed one by one. It is the same for sides that differ little.
        """
        width, height = sorted(float(np.exp(np.round(np.log(a), 1))) for a in (width, height))
        known = self._smooth.get((width, height))
        if known is None:
            known = self._smooth[width, height] = self._is_smooth(width, height)
        return known

    @cached_property
    def _smooth(self) -> dict[tuple[float, float], bool]:
        return {}

    def _is_smooth(self, width: float, height: float) -> bool:
        radius = width / 4
        if radius >= self.angles[-1]:
            return False
        flat = np.pi * radius**2 * self.density_at(np.array([radius]))
        if np.any(self.share_within(np.array([radius]))[0] > _PEAK * flat):
            return False
        x, y = np.arange(4.0)[:, None], np.arange(4.0)
        coarse, fine = (self._over_pixels(x, y, width, height, n) for n in (1, 4))
        limits = _ROUGH * fine.max(axis=(1, 2), keepdims=True)
        return bool((np.abs(coarse - fine) <= limits).all())

    def _over_pixels(self, x: Float, y: Float, width: float, height: float, parts: int) -> Float:
        """Mean density over flat pixels at offsets, by 3 x 3 positions in each of some parts."""
        points, weights = np.polynomial.legendre.leggauss(3)
        middles = (np.arange(parts) + 0.5) / parts - 0.5
        at = (middles[:, None] + points / 2 / parts).ravel()
        weight = np.tile(weights / 2 / parts, parts)
        dx, dy = ((x[..., None, None] + at[:, None]) * width, (y[:, None, None] + at) * height)
        return np.asarray(
            np.einsum("exyij,i,j->exy", self.density_at(np.hypot(dx, dy)), weight, weight)
        )

    def _node_weights(self, nodes: Float) -> Float:
        edges = np.unique(np.concatenate([nodes, self.angles[self.angles < nodes[-1]]]))
        half = np.diff(edges) / 2
        middle = edges[:-1] + half
        points = middle + half * np.sqrt(0.6) * np.array([-1.0, 0.0, 1.0])[:, None]
        means = np.tensordot(self.share_within(points), [5 / 18, 8 / 18, 5 / 18], ([-2], [0]))
        first = np.searchsorted(edges, nodes[:-1])
        means = np.add.reduceat(means * 2 * half, first, axis=-1) / np.diff(nodes)
        ends = self.share_within(nodes[-1:])
        zero = np.zeros_like(ends)
        return np.diff(np.concatenate([zero, means, ends], axis=-1), axis=-1)


def _segments(start: Float, stop: Float) -> tuple[Float, Float]:
    """Integrals of 2 pi sin(angle) from `start` on, alone and times the angle from `start` on."""
    half, middle = (stop - start) / 2, (stop + start) / 2
    square = half**2
    if half.size and half.max() < _SERIES:
        sine = half * (1 - square / 6 * (1 - square / 20))
        odd = half * square / 3 * (1 - square / 10)
    else:
        sine = np.sin(half)
        series = half * square / 3 * (1 - square / 10)
        odd = np.where(half < _SERIES, series, sine - half * np.cos(half))
    even = 4 * np.pi * np.sin(middle) * sine
    return even, half * even + 4 * np.pi * np.cos(middle) * odd
