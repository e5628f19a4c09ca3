"""Everything that is known of one fit of a shape, as numbers and arrays."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...schema.variables import STATUS_FLAGS
from .derived import Derived
from .extension import point_deviance
from .fitting.errors import at_bound, covariance, profile_step, with_tied
from .fitting.problem import Point, ShapeProblem
from .fitting.walls import WalledFit, best_with_walls, clipped_amplitudes
from .settings import ShapeSettings

__all__ = ["Outcome", "fit_problem"]

Float = NDArray[np.float64]


@dataclass(eq=False)
class Outcome:
    """Results of a fit.

    Parameters
    ----------
    parameters : dict of numpy.ndarray
        ``value``, ``err``, ``errn``, ``errp``, ``ul`` and ``status``, (nparameter,).
    covariance : numpy.ndarray
        (nparameter, nparameter).
    numbers : dict of float
        ``total``, ``total_err``, ``ts``, ``ts_extension``, ``stat``, ``deviance`` and ``dof``.
    arrays : dict of numpy.ndarray
        ``brightness`` along the curve, and counts and norms of each bin, with errors.
    """

    parameters: dict[str, NDArray[np.generic]]
    covariance: Float
    numbers: dict[str, float]
    arrays: dict[str, Float] = field(default_factory=dict)


def fit_problem(
    problem: ShapeProblem,
    derived: Derived,
    settings: ShapeSettings,
    extension: int | None,
    *,
    tested: bool,
) -> Outcome:
    """Fit a problem, and compute what the settings select.

    Parameters
    ----------
    problem : ShapeProblem
        The problem.
    derived : Derived
        Quantities that follow from the parameters.
    settings : ShapeSettings
        The settings.
    extension : int or None
        Number of the parameter that is the extension.
    tested : bool
        Whether it is tested against a point source.
    """
    if not problem.group.size or not problem.rows.n.size:
        return _no_data(problem, derived)
    rows, fit = problem.rows, best_with_walls(problem)
    clipped = clipped_amplitudes(problem, fit.best)
    problem, best = fit.problem, fit.best
    fitted = (*problem.others, *problem.amplitudes)
    bound = tuple(i for i in fitted if at_bound(problem, best, i))
    inner = tuple(i for i in fitted if i not in bound)
    known = covariance(problem, best, inner)
    if fit.held or not rows.n.any():  # the statistic has kinks, and no curvature
        known = np.full_like(known, np.nan)
    full = with_tied(problem, best, inner, known)
    for i in bound:
        full[i], full[:, i] = np.nan, np.nan
    flags = _flags(fit, inner, clipped)
    parameters = _parameters(
        problem, best, full, settings, bound, flags, pointlike=extension in bound
    )
    deviance = best.deviance
    if problem.rows is not rows:  # walls change it by 1e-5
        deviance = rows.deviance(problem.signal(best.values))
    numbers = {
        "stat": rows.exact + deviance,
        "deviance": deviance,
        "dof": float(problem.group.size - len(fitted)),
        "ts": rows.deviance(np.zeros(problem.group.size)) - deviance,
    }
    if extension is not None and tested:
        rise = point_deviance(problem, best, extension) - best.deviance
        numbers["ts_extension"] = rise if np.isnan(rise) else max(rise, 0.0)  # without rounding
    arrays = derived.with_errors(best.values, inner, known, settings.n_sigma)
    numbers |= {n: float(arrays.pop(n)[0]) for n in ("total", "total_err")}
    arrays |= derived.counts(best.values)
    return Outcome(parameters, full, numbers, arrays)


def _flags(fit: WalledFit, inner: tuple[int, ...], clipped: tuple[int, ...]) -> NDArray[np.int16]:
    """Flags of all parameters that follow from a best fit; `inner` are those not at bounds."""
    flags = np.zeros(len(fit.best.values), np.int16)
    flags[list(clipped)] |= STATUS_FLAGS["clipped_counts"]
    if fit.held:
        flags[list(inner)] |= STATUS_FLAGS["best_fit_at_boundary"]
    if not fit.converged:
        flags |= STATUS_FLAGS["not_converged"]
    return flags


def _no_data(problem: ShapeProblem, derived: Derived) -> Outcome:
    """Results of a fit without used fine bins."""
    size = len(problem.brightness.values)
    nan = np.full(size, np.nan)
    named = ("value", "err", "errn", "errp", "ul")
    parameters: dict[str, NDArray[np.generic]] = dict.fromkeys(named, nan)
    parameters["status"] = np.full(size, STATUS_FLAGS["masked"], np.int16)
    names = ("total", "total_err", "ts", "ts_extension", "stat", "deviance", "dof")
    arrays = derived.with_errors(nan, (), np.zeros((0, 0)), 1.0)
    arrays = {n: np.full_like(v, np.nan) for n, v in arrays.items() if n not in names}
    counts = {n: np.full_like(v, np.nan) for n, v in derived.counts(None).items()}
    return Outcome(
        parameters, np.full((size, size), np.nan), dict.fromkeys(names, np.nan), arrays | counts
    )


def _parameters(
    problem: ShapeProblem,
    best: Point,
    full: Float,
    settings: ShapeSettings,
    bound: tuple[int, ...],
    flags: NDArray[np.int16],
    *,
    pointlike: bool,
) -> dict[str, NDArray[np.generic]]:
    """Values, errors, limits and flags of all parameters; `flags` are those known already.

    The amplitude of a source without extension, which is `pointlike`, has no limit.
    """
    values = problem.brightness.complete(best.values)
    with np.errstate(invalid="ignore"):
        error = settings.n_sigma * np.sqrt(np.diag(full))
    fitted = (*problem.others, *problem.amplitudes)
    status = flags.copy()
    if not problem.rows.n.any():
        status |= STATUS_FLAGS["zero_counts"]
    found: dict[str, NDArray[np.generic]] = {"value": values, "err": error}
    kinds = {"errn": (settings.n_sigma, -1), "errp": (settings.n_sigma, +1)}
    kinds |= {"ul": (settings.n_sigma_ul, +1)}
    for name, (n_sigma, sign) in kinds.items():
        wanted = "ul" if name == "ul" else "errn-errp"
        if wanted not in settings.selection_optional:
            continue
        steps = error.copy() * (n_sigma / settings.n_sigma)
        for i in fitted:
            if pointlike and i in problem.amplitudes:
                steps[i], status[i] = np.nan, status[i] | STATUS_FLAGS["unbounded_interval"]
                continue
            if name == "ul" and _never_rises(found, i, settings):
                steps[i], limited = np.nan, False
            else:
                first = _first_step(found, i, n_sigma / settings.n_sigma) if name == "ul" else None
                steps[i], limited = profile_step(problem, best, i, n_sigma, sign, full, first)
            if limited:
                status[i] |= STATUS_FLAGS["best_fit_at_boundary"] if i in bound else 0
            elif np.isnan(steps[i]):
                status[i] |= STATUS_FLAGS["unbounded_interval"]
        found[name] = values + steps if name == "ul" else steps
    for i in bound:
        status[i] |= STATUS_FLAGS["best_fit_at_boundary"]
    if "errp" in found:
        _fill_errors(found, error, status)
    found["status"] = status
    return found


def _fill_errors(
    found: dict[str, NDArray[np.generic]], error: Float, status: NDArray[np.int16]
) -> None:
    """Replace errors that are not known by the larger one of both sides, and flag them."""
    sides = np.fmax(found["errn"].astype(float), found["errp"].astype(float))
    lost = np.isnan(error) & np.isfinite(sides)
    error[lost] = sides[lost]
    status[lost] |= STATUS_FLAGS["best_fit_at_boundary"]


def _never_rises(found: dict[str, NDArray[np.generic]], i: int, settings: ShapeSettings) -> bool:
    """Whether a parameter has no upper error, and so no limit, which needs a higher rise."""
    return (
        "errp" in found and settings.n_sigma_ul >= settings.n_sigma and np.isnan(found["errp"][i])
    )


def _first_step(found: dict[str, NDArray[np.generic]], i: int, ratio: float) -> float | None:
    """Step toward a limit from the error upwards, where that of the covariance is far from it."""
    up, usual = (float(found[name][i]) if name in found else np.nan for name in ("errp", "err"))
    return ratio * up if 0 < up < usual / 2 or up > 2 * usual else None
