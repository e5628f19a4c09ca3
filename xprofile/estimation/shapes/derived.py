"""Quantities that follow from the parameters of a shape, with errors from the covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...schema.names import DISTANCE, DISTANCE_UNIT, ENERGY, SOLID_ANGLE_UNIT, high, low
from ...schema.units import values_in_unit
from ...spectrum.models import SpectralModel
from ...spectrum.response import signal_variable
from .brightness import Brightness, Places
from .fitting.profiled import Rows
from .fitting.rows import GroupRows
from .interpolation import integration

__all__ = ["Derived", "Grid", "make_grid", "uniform_signal"]

Float = NDArray[np.float64]

# Step of derivatives along parameters, in errors; second derivatives then count for 1e-4.
_STEP = 0.01

# Places of the curve of the brightness, enough for a figure; and ratio of the ranges beyond the
# bins in which the brightness is integrated over the sky. Integrals of power laws are right to 1e-9
# with it; with its square, to 1e-6.
_ON_CURVE, _GROWTH = 201, 1.3

# Halvings of the first bin toward the centre: to a thousandth of the smallest extension that a fit
# can have. Ten more change nothing; ten fewer lose the flux of sources without extension.
_HALVINGS = 26

# Steps of each bin, with places as in `integration`. Gaussians with a sigma of a twentieth of the
# bin are averaged to 1e-4; with one step they are off by 80 per cent, and with 40 steps figures of
# many bins take as long as the fit.
_STEPS = 4


@dataclass(frozen=True, eq=False)
class Grid:
    """Places at which a brightness is wanted.

    Parameters
    ----------
    curve : Places
        Places of the curve.
    sky, area : Places, numpy.ndarray
        Places all over the sky, and their solid angles in sr.
    parts, weight, number : Places, numpy.ndarray, numpy.ndarray
        Places in the bins, (npart,), their shares of the bin, and the numbers of the bins.
    solid_angle : numpy.ndarray
        Solid angle of the bins in sr, (nbin,).
    """

    curve: Places
    sky: Places
    area: Float
    parts: Places
    weight: Float
    number: NDArray[np.intp]
    solid_angle: Float

    def mean_of_bins(self, values: Float) -> Float:
        """Mean over each bin of values at `parts`, (nbin,)."""
        found = np.bincount(self.number, self.weight * values, self.solid_angle.size)
        return np.asarray(found, dtype=float)


def make_grid(data: xr.Dataset, geometry: str, size: float) -> Grid:
    """Choose places for the bins of a data set, on an axis of distances."""
    lower, upper = (
        np.asarray(values_in_unit(data[side(DISTANCE)], side(DISTANCE), DISTANCE_UNIT), float)
        for side in (low, high)
    )
    first, last = float(lower.min()), float(upper.max())
    ends = np.unique(np.concatenate([lower, upper]))
    if geometry == "radial":
        number = max(int(np.ceil(np.log(180 / last) / np.log(_GROWTH))), 1)
        beyond = last * (180 / last) ** (np.arange(1, number + 1) / number)
        ends = np.unique(np.concatenate([[0.0], ends, beyond]))
    sky, area = integration(ends[:-1], ends[1:], geometry, size, halvings=_HALVINGS)
    at = np.linspace(first, last, _ON_CURVE)
    at[0] = max(first, at[1] * 1e-3) if geometry == "radial" else first
    half = (last - first) / (_ON_CURVE - 1) / 2
    curve = Places(at, at - half, at + half)
    parts, weight, bins = _parts_of_bins(lower, upper, geometry, size)
    solid_angle = values_in_unit(data["solid_angle"], "solid_angle", SOLID_ANGLE_UNIT)
    return Grid(curve, sky, area, parts, weight, bins, np.asarray(solid_angle, dtype=float))


def _parts_of_bins(
    lower: Float, upper: Float, geometry: str, size: float
) -> tuple[Places, Float, NDArray[np.intp]]:
    """Places in bins, more of them toward a centre; their shares of the bins, and their bins."""
    order = np.argsort(lower)
    steps = np.linspace(lower[order], upper[order], _STEPS + 1).T
    places, area = integration(
        steps[:, :-1].ravel(), steps[:, 1:].ravel(), geometry, size, halvings=_HALVINGS
    )
    number = order[np.searchsorted(lower[order], places.at, side="right") - 1]
    return places, area / np.bincount(number, area, lower.size)[number], number


@dataclass(frozen=True, eq=False)
class Derived:
    """Quantities of one fit.

    Parameters
    ----------
    brightness : Brightness
        The brightness.
    group : GroupRows
        Rows of the fit.
    rows : Rows
        Their counts.
    grid : Grid
        Places at which the brightness is wanted.
    uniform : list of numpy.ndarray
        Signal counts (nbin, nenergy) of each data set, for norm 1 of each bin without PSF.
    """

    brightness: Brightness
    group: GroupRows
    rows: Rows
    grid: Grid
    uniform: list[Float]

    def _by_bin(self, values: Float) -> Float:
        """Sum values of rows over energies and data sets, (nbin,)."""
        total, first = np.zeros(self.grid.solid_angle.size), 0
        for chosen in self.group.chosen:
            number = np.nonzero(chosen)[0]
            total += np.bincount(number, values[first : first + number.size], total.size)
            first += number.size
        return total

    def counts(self, values: Float | None) -> dict[str, Float]:
        """Counts, and predicted counts for values of the parameters, of each bin."""
        rows = self.rows
        if values is None:
            zero = np.zeros(self.grid.solid_angle.size)
            return dict.fromkeys(("counts", "npred", "npred_background"), zero)
        signal = self.group.signal(self.brightness(values, self.group.data.places))
        known = np.where(rows.alpha > 0, rows.alpha * rows.off, rows.background)
        npred = np.maximum(signal + known, 0)
        named = {"counts": rows.n, "npred": npred, "npred_background": known}
        return {name: self._by_bin(array) for name, array in named.items()}

    def _vector(self, values: Float) -> Float:
        """Integral over the sky, curve, and norms of bins with and without the PSF."""
        grid, shape = self.grid, self.brightness
        on_sky = shape(shape.without_constants(values), grid.sky)
        total = np.where(grid.area > 0, grid.area * on_sky, 0).sum()
        true = grid.mean_of_bins(shape(values, grid.parts)) * grid.solid_angle
        signal = self._by_bin(self.group.signal(shape(values, self.group.data.places)))
        alone = self._by_bin(self.group.take(self.uniform))
        seen = np.divide(signal, alone, out=np.full(alone.size, np.nan), where=alone > 0)
        return np.concatenate([[total], shape(values, grid.curve), seen, true])

    def with_errors(
        self, values: Float, numbers: tuple[int, ...], covariance: Float, n_sigma: float
    ) -> dict[str, Float]:
        """Derived quantities and their errors, from the covariance of some parameters."""
        middle = self._vector(values)
        slopes = np.zeros((middle.size, len(numbers)))
        for k, i in enumerate(numbers):
            step = _STEP * np.sqrt(covariance[k, k])
            if not np.isfinite(step) or step <= 0:
                slopes[:, k] = np.nan
                continue
            ends = []
            for sign in (1, -1):
                moved = values.copy()
                moved[i] += sign * step
                ends.append(self._vector(moved))
            slopes[:, k] = (ends[0] - ends[1]) / (2 * step)
        with np.errstate(invalid="ignore"):
            variance = np.einsum("ij,jk,ik->i", slopes, covariance, slopes)
            error = n_sigma * np.sqrt(np.maximum(variance, 0))
        ncurve, nbin = self.grid.curve.at.size, self.grid.solid_angle.size
        cuts = np.cumsum([1, ncurve, nbin])
        names = ("total", "brightness", "model_norm", "model_norm_true")
        found = dict(zip(names, np.split(middle, cuts), strict=True))
        errors = dict(zip((f"{n}_err" for n in names), np.split(error, cuts), strict=True))
        return found | errors


def uniform_signal(data: xr.Dataset, model: SpectralModel) -> Float:
    """Signal counts (nbin, nenergy) of each bin at norm 1, without the PSF."""
    return np.asarray(signal_variable(data, model).transpose(DISTANCE, ENERGY).to_numpy(), float)
