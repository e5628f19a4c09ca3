"""Fits of a profile without signal and of a constant one, and of their toys."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import xlogy
from scipy.stats import chi2

from ...estimation.energy_groups import EnergyGroups
from ...estimation.problems import Problems, make_problems
from ...estimation.solve import FitOptions, Solution, solve_problems
from ...schema.names import ENERGY, PSF_MIXING
from ...spectrum.models import SpectralModel
from ..toys import simulate
from .toy_variables import EQUAL

__all__ = ["FitSettings", "Tests", "chi2_p_values", "run_tests", "toys_p_values"]

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Iterate = Callable[[Sequence[int]], Iterable[int]]

_BEST_FIT = FitOptions(1, 2, 5, (), np.array([]))


@dataclass(frozen=True, eq=False)
class FitSettings:
    """Settings of fits and toys, as in `xprofile.estimate`; `width` is that of the background."""

    model: SpectralModel
    background: str | float
    width: float | None
    summed: bool


@dataclass(frozen=True, eq=False)
class Tests:
    """Results without signal and for a constant norm, each (2, *extra, ngroup).

    `scale` is the size of the terms whose difference ``ts`` is.
    """

    extra_dims: tuple[Hashable, ...]
    norm: Float
    ts: Float
    dof: Int
    deviance: Float
    deviance_dof: Int
    scale: Float

    def values(self) -> dict[str, NDArray[np.generic]]:
        """Results by the names of variables."""
        names = ("norm", "ts", "dof", "deviance", "deviance_dof")
        return {name: getattr(self, name) for name in names}


def run_tests(
    datasets: Sequence[xr.Dataset],
    groups: Sequence[EnergyGroups],
    settings: FitSettings,
    iterate: Iterate = iter,
) -> Tests:
    """Fit all bins by themselves and with a common norm.

    Parameters
    ----------
    datasets, groups
        Binned data, and their energy groups.
    settings : FitSettings
        Settings of the fit.
    iterate : callable
        Iterates over the blocks of fits, for example with a progress bar.
    """
    problems, single = _solved(datasets, groups, settings, iterate, common_norm=False)
    _, common = _solved(datasets, groups, settings, iterate, common_norm=True)
    ts, has_signal = single.values["ts"], single.has_signal  # (*extra, nbin, ngroup)
    total = np.where(has_signal, ts, 0).sum(axis=-2)
    shared, norm = (np.nan_to_num(common.values[name][..., 0, :]) for name in ("ts", "norm"))
    null = np.where(has_signal, single.values["stat_null"] - _saturated(problems), 0).sum(axis=-2)
    bins = has_signal.sum(axis=-2)
    rows = np.where(has_signal, _rows(problems), 0).sum(axis=-2)
    known = bins > 0
    one = known.astype(int)
    return Tests(
        problems.extra_dims,
        norm=np.where(known, [np.zeros_like(norm), norm], np.nan),
        ts=np.where(known, [total, np.maximum(total - shared, 0)], np.nan),
        dof=np.array([bins, bins - one]),
        deviance=np.where(known, np.maximum([null, null - shared], 0), np.nan),
        deviance_dof=np.array([rows, rows - one]),
        scale=np.broadcast_to(total, (2, *total.shape)),
    )


def chi2_p_values(tests: Tests) -> Float:
    """P-values of ``ts`` by the chi2 distribution; NaN without degrees of freedom."""
    found = chi2.sf(tests.ts, np.maximum(tests.dof, 1))
    return np.where(tests.dof > 0, found, np.nan)


def toys_p_values(
    datasets: Sequence[xr.Dataset],
    groups: Sequence[EnergyGroups],
    settings: FitSettings,
    tests: Tests,
    n_toys: int,
    rng: np.random.Generator,
    iterate: Iterate,
) -> dict[str, Float]:
    """P-values of ``ts`` and ``deviance`` by toys of each hypothesis."""
    found: dict[str, list[Float]] = {"p_value_toys": [], "deviance_p_value_toys": []}
    for i, norm in enumerate(tests.norm):
        toys = [
            _draw(data, group, norm, settings, n_toys, rng)
            for data, group in zip(datasets, groups, strict=True)
        ]
        drawn = run_tests(toys, groups, settings, iterate)
        for name, values, observed, size in (
            ("p_value_toys", drawn.ts[i], tests.ts[i], tests.scale[i]),
            ("deviance_p_value_toys", drawn.deviance[i], tests.deviance[i], tests.deviance[i]),
        ):
            above = (values >= observed - EQUAL * size).sum(axis=0)
            found[name].append(np.where(np.isnan(observed), np.nan, (1 + above) / (1 + n_toys)))
    free = tests.dof > 0
    result = {name: np.array(values) for name, values in found.items()}
    result["p_value_toys"] = np.where(free, result["p_value_toys"], np.nan)
    return result


def _draw(
    data: xr.Dataset,
    groups: EnergyGroups,
    norm: Float,
    settings: FitSettings,
    n_toys: int,
    rng: np.random.Generator,
) -> xr.Dataset:
    """Draw toys of a data set with a norm of each energy group in all bins."""
    fine = np.zeros(data.sizes[ENERGY])
    for value, first, stop in zip(np.nan_to_num(norm), groups.first, groups.stop, strict=True):
        fine[first:stop] = value
    array = xr.DataArray(fine, {ENERGY: data[ENERGY].variable}, (ENERGY,))
    return simulate(
        data.drop_vars(PSF_MIXING, errors="ignore"),
        norm=array,
        n_toys=n_toys,
        rng=rng,
        spectral_model=settings.model,
        background="fixed" if "counts_off" in data else settings.background,
    )


def _solved(
    datasets: Sequence[xr.Dataset],
    groups: Sequence[EnergyGroups],
    settings: FitSettings,
    iterate: Iterate,
    *,
    common_norm: bool,
) -> tuple[Problems, Solution]:
    """Best fits, (*extra, nbin, ngroup); with a common norm, nbin is 1."""
    problems = make_problems(
        datasets,
        groups,
        settings.model,
        summed=settings.summed,
        width=settings.width,
        common_norm=common_norm,
    )
    found = solve_problems(
        problems.statistics, problems.size, _BEST_FIT, iterate, scale=problems.scales()
    )
    return problems, found.reshape(problems.shape)


def _saturated(problems: Problems) -> Float:
    """Statistic of a model that predicts all counts exactly, (*extra, nbin, ngroup)."""
    found = np.zeros(problems.shape)
    for n, *rest in problems.fine_bins:
        if len(rest) == 2:  # that of on-off counts is 0
            counts = np.asarray(n, dtype=np.float64)
            found = found + 2 * (counts - xlogy(counts, counts)).sum(axis=-1)
    return found


def _rows(problems: Problems) -> Int:
    """Number of fine bins that can have counts, minus free backgrounds, (*extra, nbin, ngroup)."""
    found = np.zeros(problems.shape, dtype=np.int64)
    for arrays in problems.fine_bins:
        used = np.any([np.not_equal(a, 0) for a in np.broadcast_arrays(*arrays[:3])], axis=0)
        found = found + used.sum(axis=-1)
        if len(arrays) == 3 and problems.width == np.inf:
            found = found - 1
    return found
