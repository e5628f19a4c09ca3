"""Best fits, errors, limits and scans of many problems, block by block."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..exceptions import InvalidOptionError, MissingPackageError
from ..likelihood import Joint, Statistic, best_fit, hesse_error, sensitivity, step_down, step_up
from ..likelihood.intervals import IntervalMethod, PriorError, UndefinedMethodError
from .intervals import interval_quantities, problems_with_toys, scaled_method

__all__ = ["FitOptions", "Solution", "solve_problems"]

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
_AS_USUAL = IntervalMethod()
_BLOCK = 4096  # problems that are solved at once; a technical size, so that they stay in the cache


@dataclass(frozen=True)
class FitOptions:
    """Quantities to compute and their significances; see `xprofile.ProfileEstimator`.

    With `around_best_fit`, `norm_values` are numbers of errors from the best fit. `upper` is the
    method of upper limits, `two_sided` that of ``norm_lo`` and ``norm_hi``, without which these are
    not computed. `kept` has the limits to expect of problems that are solved already.
    """

    n_sigma: float
    n_sigma_ul: float
    n_sigma_sensitivity: float
    selection: Collection[str]
    norm_values: Float
    around_best_fit: bool = False
    norm_min: float | None = None
    upper: IntervalMethod = _AS_USUAL
    two_sided: IntervalMethod | None = None
    kept: dict[bytes, Float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Solution:
    """Results of problems.

    Parameters
    ----------
    values : dict
        GADF names to arrays (nproblem,); ``stat_scan`` and ``norm_scan_values`` are (nproblem,
        nscan), ``norm_ul_expected`` is (nproblem, nband), ``npred``, ``npred_excess`` and
        ``npred_background`` (nproblem, ndataset). All but ``npred_background`` are NaN without
        signal. ``norm_err`` is the one-sided error if the
        counts give the statistic no curvature.
    has_signal : numpy.ndarray of bool
        Whether a signal is predicted.
    at_boundary : numpy.ndarray of bool
        Whether the best fit is on a kink or at `norm_min`.
    unbounded : numpy.ndarray of bool
        Whether the interval has no lower end.
    not_converged : numpy.ndarray of bool
        Whether the fit ended before its best norm.
    clipped : numpy.ndarray of bool
        Whether a negative norm of many takes part in predicted counts below 0.
    """

    values: dict[str, Float]
    has_signal: Bool
    at_boundary: Bool
    unbounded: Bool
    not_converged: Bool
    clipped: Bool

    @classmethod
    def from_blocks(cls, blocks: Sequence[Solution]) -> Solution:
        """Concatenate the solutions of blocks of problems."""
        names = blocks[0].values
        values = {name: np.concatenate([block.values[name] for block in blocks]) for name in names}
        flags = (f.name for f in fields(cls) if f.name != "values")
        return cls(values, *(np.concatenate([getattr(b, flag) for b in blocks]) for flag in flags))

    def take(self, index: NDArray[np.intp]) -> Solution:
        """Return the solutions of some problems."""
        values = {name: array[index] for name, array in self.values.items()}
        flags = (getattr(self, f.name)[index] for f in fields(self) if f.name != "values")
        return Solution(values, *flags)

    def reshape(self, shape: tuple[int, ...]) -> Solution:
        """Replace the dimension of the problems by several."""
        values = {
            name: array.reshape(*shape, *array.shape[1:]) for name, array in self.values.items()
        }
        flags = (getattr(self, f.name) for f in fields(self) if f.name != "values")
        return Solution(values, *(flag.reshape(shape) for flag in flags))


def solve_problems(
    statistics: Callable[[slice], Sequence[Statistic]],
    size: int,
    options: FitOptions,
    iterate: Callable[[Sequence[int]], Iterable[int]] = iter,
    *,
    scale: Float | None = None,
    parallel: bool = False,
) -> Solution:
    """Fit problems, and compute the quantities that the options select.

    Parameters
    ----------
    statistics : callable
        Returns the statistics of a slice of the problems, one for each data set.
    size : int
        Number of problems.
    options : FitOptions
        The quantities and their significances.
    iterate : callable
        Iterates over the first numbers of the blocks, for example with a progress bar.
    scale : numpy.ndarray, optional
        Factors by which the signals of the statistics were multiplied, (nproblem,). The norms of
        the result, and those of the options, are for the signals before.
    parallel : bool
        Solve the blocks with dask and its current scheduler.

    Raises
    ------
    MissingPackageError
        If `parallel` is set and dask is not installed.
    InvalidOptionError
        If a method of limits or intervals is not defined for the problems.
    """
    methods = options.upper, options.two_sided
    with_toys = problems_with_toys(statistics(slice(0, _BLOCK)), options.selection, methods)
    length = with_toys or _BLOCK
    starts = iterate(range(0, max(size, 1), length))
    blocks = (slice(start, start + length) for start in starts)
    tasks = (
        partial(_solve_block, statistics(block), options, None if scale is None else scale[block])
        for block in blocks
    )
    try:
        solved = _run_with_dask(tasks) if parallel else [task() for task in tasks]
    except (UndefinedMethodError, PriorError) as error:
        raise InvalidOptionError(str(error)) from None
    return Solution.from_blocks(solved)


def _run_with_dask(tasks: Iterable[Callable[[], Solution]]) -> Sequence[Solution]:
    try:
        from dask.base import compute
        from dask.delayed import delayed
    except ImportError:
        raise MissingPackageError.of_extra("parallel=True needs", "dask", "parallel") from None
    found: Sequence[Solution] = compute(*[delayed(task, pure=False)() for task in tasks])  # type: ignore[no-untyped-call]
    return found


def _solve_block(
    parts: Sequence[Statistic], options: FitOptions, scale: Float | None = None
) -> Solution:
    if scale is not None:
        return _solve_scaled(parts, options, scale)
    stat = parts[0] if len(parts) == 1 else Joint(tuple(parts))
    norm, at_boundary = best_fit(stat, options.norm_min)
    has_signal = np.isfinite(norm)
    x = np.where(has_signal, norm, 0)
    ts = stat.rise(x, np.zeros_like(x))
    values = {
        "norm": norm,
        "norm_err": _symmetric_error(stat, x, options.n_sigma),
        "ts": ts,
        "sqrt_ts": np.where(x > 0, 1, -1) * np.sqrt(np.maximum(ts, 0)),
        "stat": stat.value(x),
        "stat_null": stat.value(np.zeros_like(x)),
        "npred": np.stack([part.npred(x) for part in parts], axis=-1),
        "npred_excess": np.stack([x * part.slope_limit() for part in parts], axis=-1),
    }
    values |= _optional_quantities(stat, x, values["norm_err"], options)
    for array in values.values():
        array[~has_signal] = np.nan
    values["npred_background"] = np.stack([part.npred_background(x) for part in parts], axis=-1)
    unbounded = has_signal & stat.never_rises(-1) & (options.norm_min is None)
    # fits of one norm converge always: each root is known to exist
    no = np.zeros_like(has_signal)
    return Solution(values, has_signal, at_boundary, unbounded, no, no)


def _solve_scaled(parts: Sequence[Statistic], options: FitOptions, scale: Float) -> Solution:
    """Solve a block of statistics whose signals were scaled by different factors, (nproblem,)."""
    solutions, order = [], []
    for factor in np.unique(scale):
        which = np.flatnonzero(scale == factor)
        order.append(which)
        solved = _solve_block([part.take(which) for part in parts], _scaled(options, factor))
        with np.errstate(over="ignore", invalid="ignore"):
            norms = {n: v * factor for n, v in solved.values.items() if n.startswith("norm")}
        solutions.append(replace(solved, values=solved.values | norms))
    return Solution.from_blocks(solutions).take(np.argsort(np.concatenate(order)))


def _scaled(options: FitOptions, factor: float) -> FitOptions:
    """Options for a signal that is larger by a factor; without signal its norms do not matter."""
    factor = factor or 1.0
    steps, lowest = options.norm_values, options.norm_min
    with np.errstate(over="ignore"):
        return replace(
            options,
            norm_values=steps if options.around_best_fit else steps / factor,
            norm_min=None if lowest is None else float(np.float64(lowest) / factor),
            upper=scaled_method(options.upper, factor),
            two_sided=options.two_sided and scaled_method(options.two_sided, factor),
            kept={},
        )


def _symmetric_error(stat: Statistic, x: Float, n_sigma: float) -> Float:
    error = n_sigma * hesse_error(stat, x)
    flat = np.flatnonzero(np.isinf(error))
    if flat.size:
        error[flat] = step_up(stat.take(flat), x[flat], n_sigma**2)
    return error


def _optional_quantities(
    stat: Statistic, x: Float, error: Float, options: FitOptions
) -> dict[str, Float]:
    values = {}
    if "errn-errp" in options.selection:
        values["norm_errn"] = step_down(stat, x, options.n_sigma**2, options.norm_min)
        values["norm_errp"] = step_up(stat, x, options.n_sigma**2)
    values |= interval_quantities(
        stat,
        x,
        options.selection,
        (options.n_sigma, options.n_sigma_ul),
        (options.upper, options.two_sided),
        options.norm_min,
        options.kept,
    )
    if "sensitivity" in options.selection:
        values["norm_sensitivity"] = sensitivity(stat, options.n_sigma_sensitivity**2)
    if "scan" in options.selection:
        norms = np.tile(options.norm_values, (x.size, 1))
        if options.around_best_fit:
            norms = x[:, None] + norms * np.nan_to_num(error)[:, None]
            values["norm_scan_values"] = norms
        with np.errstate(over="ignore", invalid="ignore"):  # far beyond the counts it is infinite
            scan = np.stack([stat.value(column) for column in norms.T], axis=-1)
        values["stat_scan"] = np.where(np.isfinite(scan), scan, np.inf)
    return values
