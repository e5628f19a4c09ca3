"""The statistic of a shape as a function of the parameters that it is not linear in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..brightness import Brightness, Places
from .profiled import Rows, best_amplitudes
from .rows import GroupRows

__all__ = ["Point", "ShapeProblem"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Point:
    """Best amplitudes for some values of the other parameters.

    Parameters
    ----------
    values : numpy.ndarray
        Values of all parameters, (nparameter,).
    fluxes : numpy.ndarray
        Flux of each amplitude's component over the bins, (namplitude,).
    deviance : float
        The statistic, minus that of a model that predicts the counts exactly.
    """

    values: Float
    fluxes: Float
    deviance: float


@dataclass(eq=False)
class ShapeProblem:
    """Fit of a brightness to one set of rows.

    Parameters
    ----------
    brightness : Brightness
        The brightness.
    group : GroupRows
        Rows, and how light is seen in them.
    rows : Rows
        Counts of the rows.
    amplitudes : tuple of int
        Numbers of parameters that the brightness is linear in, and that are fitted.
    given : dict
        Values of parameters that are not fitted, though they are free in the model.
    points : tuple of int
        Numbers of amplitudes whose components are a point source at distance 0.
    linear : tuple of int
        Numbers of all parameters that the brightness is linear in, also those that are given; by
        default `amplitudes`.
    evaluations : int
        How often `at` was called.
    """

    brightness: Brightness
    group: GroupRows
    rows: Rows
    amplitudes: tuple[int, ...]
    given: Mapping[int, float] = field(default_factory=dict)
    points: tuple[int, ...] = ()
    linear: tuple[int, ...] = ()
    evaluations: int = field(default=0, init=False)
    _last: Float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.linear = self.linear or self.amplitudes

    @cached_property
    def places(self) -> Places:
        """Distances of all data sets."""
        return self.group.data.places

    @cached_property
    def others(self) -> tuple[int, ...]:
        """Numbers of the free parameters that are not amplitudes and not given."""
        free = np.flatnonzero(self.brightness.free).tolist()
        return tuple(i for i in free if i not in self.amplitudes and i not in self.given)

    @cached_property
    def start(self) -> Float:
        """Values of all parameters at the start, with the given ones."""
        values = self.brightness.values.copy()
        for i, value in self.given.items():
            values[i] = value
        return values

    def fixed(self, given: Mapping[int, float], *, points: tuple[int, ...] = ()) -> ShapeProblem:
        """Return the problem with some parameters given, or components as point sources."""
        amplitudes = tuple(i for i in self.amplitudes if i not in given)
        return ShapeProblem(
            self.brightness, self.group, self.rows, amplitudes, {**self.given, **given}, points,
            self.linear,
        )  # fmt: skip

    def with_rows(self, rows: Rows) -> ShapeProblem:
        """Return the same problem with other counts."""
        return replace(self, rows=rows)

    def at(self, others: Float) -> Point:
        """Find the best amplitudes for values of the other parameters."""
        self.evaluations += 1
        values = self.start.copy()
        values[list(self.others)] = others
        columns, offset, size = self.columns(values)
        lower = np.array([self.brightness.bounds[i][0] for i in self.amplitudes])
        with np.errstate(invalid="ignore"):
            bounds = np.where(np.isinf(lower), lower, lower * size)
        fluxes, deviance = best_amplitudes(self.rows, columns, offset, bounds, self._last)
        if np.isfinite(deviance):
            self._last = fluxes
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            values[list(self.amplitudes)] = fluxes / size
        return Point(values, fluxes, deviance)

    def columns(self, values: Float) -> tuple[Float, Float, Float]:
        """Counts of each component at a flux of 1, those of the rest, and fluxes of amplitude 1."""
        offset = values.copy()
        offset[list(self.amplitudes)] = 0
        zero = offset.copy()
        zero[list(self.linear)] = 0
        base = self._value(zero)
        probe = max(1.0, float(np.max(np.abs(base), initial=0)))  # so that no digits are lost
        columns = np.empty((self.group.size, len(self.amplitudes)))
        sizes = np.empty(len(self.amplitudes))
        for j, i in enumerate(self.amplitudes):
            if i in self.points:
                shape = self.point()
            else:
                zero[i] = probe
                shape = (self._value(zero) - base) / probe
                zero[i] = 0.0
            sizes[j] = self.group.data.integral(shape)
            if sizes[j] == 0:  # narrower than the places are apart
                shape = self.point()
                sizes[j] = self.group.data.integral(shape)
            columns[:, j] = self.group.signal(shape) / sizes[j]
        return columns, self.group.signal(self._value(offset)), sizes

    def _value(self, values: Float) -> Float:
        return self.brightness(values, self.places)

    def point(self) -> Float:
        """Brightness at all places of light at the smallest distance from 0."""
        found, first = np.zeros(self.places.at.size), 0
        for light in self.group.data.lights:
            size = light.places.at.size
            area = np.where(light.solid_angle > 0, np.abs(light.places.at), np.inf)
            nearest = int(np.argmin(area))
            found[first + nearest] = 1 / light.solid_angle[nearest]
            first += size
        return found

    def signal(self, values: Float) -> Float:
        """Signal counts of rows (nrow,) for values of all parameters."""
        return self.group.signal(self._value(values))

    def deviance(self, values: Float) -> float:
        """Statistic for values of all parameters, as in `Point`."""
        return self.rows.deviance(self.signal(values))
