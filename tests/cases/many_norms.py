"""Random fits of many norms."""

import numpy as np

from xprofile.likelihood.many_norms import Problems


def powers(rng, low, high, shape):
    """Powers of ten that spread over no decade, or up to three."""
    top = rng.uniform(low, high)
    return 10 ** (top - rng.choice([0, 1, 3]) * rng.random(shape))


def mixing(ncolumn, width):
    """Shares of Gaussian width of every bin in every other."""
    i = np.arange(ncolumn)
    shares = np.exp(-0.5 * ((i[:, None] - i) / width) ** 2)
    return shares / shares.sum(axis=0)


def wild_problems(seed, count):
    """Problems of one shape: rows and columns over twelve decades, backgrounds of 0 to 1e9."""
    rng = np.random.default_rng(seed)
    ncolumn, nrow = int(rng.integers(1, 8)), int(rng.integers(1, 20))
    shape = (count, nrow)
    response = rng.random((nrow, ncolumn)) ** rng.choice([1, 4])
    response *= 10 ** (rng.choice([1, 2, 6]) * rng.uniform(-1, 1, (nrow, 1)))
    response *= 10 ** (rng.choice([0, 6]) * rng.uniform(-1, 1, ncolumn))
    response[rng.random(response.shape) < rng.choice([0, 0.3, 0.8])] = 0
    background = 10 ** rng.uniform(*rng.choice([[-6, 0], [-2, 4], [-6, 9]]), nrow)
    background[rng.random(nrow) < rng.choice([0, 0.3, 1])] = 0
    total = response.sum(axis=0)
    unit = 1 / np.where(total > 0, total, 1)
    level = 10 ** rng.uniform(-1, 4) * rng.choice([0, 1, 1])
    expected = rng.exponential(1, (count, ncolumn)) * level * unit @ response.T + background
    n = rng.poisson(expected * rng.choice([0.5, 1, 1])).astype(float)
    if rng.random() < 0.1:
        n = rng.poisson(10 ** rng.uniform(-2, 3, shape)).astype(float)
    n[rng.random(shape) < rng.choice([0, 0, 0.3])] = 0
    options = {}
    if rng.random() < 0.3:
        alpha = 10 ** rng.uniform(-3, 1, nrow) * (rng.random(nrow) < rng.choice([0.5, 1]))
        off = rng.poisson(np.broadcast_to(background / np.where(alpha > 0, alpha, 1), shape))
        options = {"alpha": alpha, "off": off * (rng.random() < 0.8)}
    if rng.random() < 0.4:
        low = rng.choice([0, -1, 0.5]) * level * unit
        options["lower"] = np.where(rng.random(ncolumn) < 0.7, low, -np.inf)
    if rng.random() < 0.2 and ncolumn > 2:
        second = np.diff(np.eye(ncolumn), 2, axis=0) / unit
        options["penalty"] = second.T @ second * 10 ** rng.uniform(-6, 2)
    problems = Problems.from_counts(response, n, background, **options)
    if rng.random() < 0.3:
        column = rng.integers(-1, int(rng.integers(1, ncolumn + 1)), nrow)
        problems = problems.with_background_norms(column, float(rng.choice([0.01, 0.1, 1, np.inf])))
    return problems


def random_problems(seed, count):
    """Problems of one shape: mixed or not, on-off, bounded, smooth, with uncertain backgrounds."""
    rng = np.random.default_rng(seed)
    ncolumn, nenergy = int(rng.integers(1, 8)), int(rng.integers(1, 6))
    nrow, scale = ncolumn * nenergy, 10 ** rng.uniform(-12, 9)
    shares = np.eye(ncolumn) if rng.random() < 0.2 else mixing(ncolumn, rng.uniform(0.1, 1.5))
    spectrum = powers(rng, -1, 1, nenergy)
    response = (spectrum[:, None, None] * shares).reshape(nrow, ncolumn)
    response[rng.random(nrow) < rng.choice([0, 0, 0.3])] = 0
    if rng.random() < 0.15:
        response[:, rng.integers(ncolumn)] = 0
    shape = (count, nrow)
    background = powers(rng, -2, 2, nrow) * (rng.random(nrow) >= rng.choice([0, 0, 0.5, 1]))
    level = rng.choice([0, 0.1, 1, 10, 1000])
    norms = rng.exponential(1, (count, ncolumn)) * level
    n = rng.poisson(norms @ response.T + background * rng.choice([0.5, 1, 1])).astype(float)
    n[rng.random(count) < 0.1] = 0
    options = {}
    if rng.random() < 0.3:
        alpha = powers(rng, -2, 0, nrow) * (rng.random(nrow) < rng.choice([0.5, 1]))
        expected = background / np.where(alpha > 0, alpha, 1)
        options = {"alpha": alpha, "off": rng.poisson(np.broadcast_to(expected, shape))}
    if rng.random() < 0.4:
        options["lower"] = np.where(rng.random(ncolumn) < 0.7, rng.choice([0, -1]), -np.inf) / scale
    if rng.random() < 0.2 and ncolumn > 2:
        second = np.diff(np.eye(ncolumn), 2, axis=0) * scale
        options["penalty"] = second.T @ second * 10 ** rng.uniform(-3, 1)
    problems = Problems.from_counts(scale * response, n, background, **options)
    if rng.random() < 0.3:
        column = np.zeros(nrow, int) if rng.random() < 0.5 else np.tile(np.arange(ncolumn), nenergy)
        problems = problems.with_background_norms(column, float(rng.choice([0.01, 0.1, 1, np.inf])))
    return problems
