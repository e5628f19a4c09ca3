"""Shapes of several amplitudes in rings with few counts, against scipy."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.modeling.models import Const1D, Gaussian1D
from cases.maps import make_maps
from scipy.optimize import minimize

from xprofile import SkyBins, bin_maps, fit_shape
from xprofile.estimation.shapes import outcome
from xprofile.schema.variables import STATUS_FLAGS

WEIGHTS = np.array([1, 0.4, 0.2, 0.1])[:, None]
BOUNDARY, CLIPPED = (STATUS_FLAGS[n] for n in ("best_fit_at_boundary", "clipped_counts"))


def held(mean, width):
    return Gaussian1D(1.0, mean, width, fixed={"mean": True, "stddev": True})


@pytest.fixture(scope="module")
def rings():
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    return bin_maps(make_maps(), SkyBins.annuli(center, radius_max=1 * u.deg, nbin=8))


@pytest.fixture
def problems(monkeypatch):
    """Problems of shapes and their fits, as they are made."""
    found = []
    fitted = outcome.best_with_walls
    monkeypatch.setattr(
        outcome, "best_with_walls", lambda one: found.append((one, fitted(one))) or found[-1][1]
    )
    return found


def few_counts(rings, counts, background):
    shares = (rings.solid_angle / rings.solid_angle.sum()).values
    values = {"counts": counts, "background": background * WEIGHTS * shares}
    return rings.assign({n: rings[n].copy(data=v) for n, v in values.items()})


def random_case(rings, seed):
    """Two or three components of known widths, and a few counts of the first."""
    rng = np.random.default_rng(seed)
    widths, distance = rng.uniform(0.1, 0.4, 2), rings.projected_distance.values
    model = held(0.0, widths[0]) + held(rng.uniform(0.3, 0.8), widths[1])
    model = model + Const1D(1.0) if seed % 3 else model
    shape = np.exp(-((distance / widths[0]) ** 2) / 2) * rings.solid_angle.values
    data = few_counts(rings, 0 * rings.counts, rng.choice([0.01, 0.1, 1.0]))
    signal = rng.choice([0.5, 1, 3, 10]) * WEIGHTS * shape / shape.sum()
    data["counts"].values = rng.poisson(data.background.values + signal)
    return data, model


def by_scipy(columns, n, background, *, fixed=None):
    """Lowest deviance with predicted counts of 0 or more, and the amplitudes there."""
    seen, best = n > 0, None

    def deviance(x):
        mu = columns @ x + background
        logs = n[seen] @ np.log(np.maximum(mu[seen], 1e-12) / n[seen])
        return 2 * (mu.sum() - logs - n.sum())

    def slope(x):
        mu = np.maximum((columns @ x + background)[seen], 1e-12)
        return 2 * (columns.sum(axis=0) - (n[seen] / mu) @ columns[seen])

    rules = [{"type": "ineq", "fun": lambda x: columns @ x + background, "jac": lambda _: columns}]
    if fixed is not None:
        rules.append({"type": "eq", "fun": lambda x: x[fixed[0]] - fixed[1]})
    rng = np.random.default_rng(0)
    starts = [np.full(columns.shape[1], max(n.sum() - background.sum(), 0.5) / columns.shape[1])]
    starts += list(rng.exponential(2, (3, columns.shape[1])))
    options = {"maxiter": 500, "ftol": 1e-13}
    for start in starts:
        found = minimize(
            deviance, start, jac=slope, method="SLSQP", constraints=rules, options=options
        )
        inside = (columns @ found.x + background).min() > -1e-6
        if inside and (best is None or found.fun < best.fun):
            best = found
    return best.fun, best.x


def fitted(problems, data, model, optional=None):
    """Fit of a shape with its problem before walls and after, and columns that scipy can take."""
    fit = fit_shape(data, model, selection_optional=optional)
    problem, walled = problems[-1]
    columns, offset, _ = problem.columns(walled.best.values)
    size = columns.sum(axis=0)
    known = problem.rows.background + offset
    return fit, walled, walled.best.fluxes * size, (columns / size, problem.rows.n, known), problem


def amplitudes(fit):
    return fit.parameter.str.startswith("amplitude").values


def test_amplitudes_do_not_run_away_and_clipped_ones_are_flagged(rings, problems):
    """One count at the centre had amplitudes of 6598 and -5550 per sr, not 61 and -16."""
    counts = np.zeros(rings.counts.shape, int)
    counts[0, 0] = 1
    model = held(0.0, 0.3) + Const1D(1.0)
    fit, walled, found, case, problem = fitted(problems, few_counts(rings, counts, 1.0), model)
    lowest, expected = by_scipy(*case)
    assert walled.problem is not problem
    assert walled.held
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    np.testing.assert_allclose(fit.deviance, lowest, atol=1e-4)
    np.testing.assert_array_equal(fit.status[amplitudes(fit)], BOUNDARY)
    assert np.isnan(fit.err[amplitudes(fit)]).all()
    assert fit.npred.min() > 0
    counts[0, 3] = 1
    fit, walled, *_, problem = fitted(problems, few_counts(rings, counts, 1.0), model)
    assert walled.problem is problem
    np.testing.assert_array_equal(fit.status, [0, 0, 0, CLIPPED])
    assert fit.value[-1] < 0


@pytest.mark.slow
def test_few_counts_have_the_amplitudes_of_scipy(rings, problems):
    """Predicted counts are 0 or more, but where the flag says otherwise."""
    walls = 0
    for seed in range(120):
        data, model = random_case(rings, seed)
        if not data.counts.any():
            continue
        fit, walled, found, case, problem = fitted(problems, data, model)
        walls += walled.problem is not problem
        columns, n, background = case
        below = np.maximum(-(columns @ found + background)[n == 0], 0).sum()
        if below > 1e-6:  # lower than where counts must be 0 or more
            assert walled.problem is problem
            assert (fit.status & CLIPPED).any() or below < 0.02
            continue
        assert not (fit.status & CLIPPED).any()
        lowest, expected = by_scipy(*case)
        assert abs(fit.deviance - lowest) < 1e-4, seed
        np.testing.assert_allclose(found, expected, rtol=0, atol=3e-3, err_msg=str(seed))
    assert walls >= 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_errors_beside_walls_are_those_of_scipy(rings, problems, seed):
    counts = np.zeros(rings.counts.shape, int)
    counts[seed, 0] = 1
    data, model = few_counts(rings, counts, 1.0), held(0.0, 0.3) + Const1D(1.0)
    fit, walled, found, case, _ = fitted(problems, data, model, ["errn-errp", "ul"])
    assert walled.held
    lowest, _ = by_scipy(*case)
    scale = found / fit.value.values[amplitudes(fit)]
    for name, sign, rise in (("errp", 1, 1), ("errn", -1, 1), ("ul", 0, 4)):
        step = fit[name].values[amplitudes(fit)] * scale
        for k, end in enumerate(step if name == "ul" else found + sign * step):
            if np.isfinite(end):
                risen = by_scipy(*case, fixed=(k, end))[0] - lowest
                np.testing.assert_allclose(risen, rise, rtol=0.01)
    assert np.isfinite(fit.errp[amplitudes(fit)]).all()
