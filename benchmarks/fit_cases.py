"""A million fits, beside one blocked numpy evaluation of the likelihood.

Both run on the same arrays of 11 fine bins. A fit gives norm, norm_err, ts, norm_ul, norm_errn and
norm_errp. Bright bins have counts in most fine bins; in faint bins three quarters of the fine bins
are empty.
"""

import numpy as np
from timing import Case

from xprofile.estimation.solve import FitOptions, solve_problems
from xprofile.likelihood import Cash

NBIN = 11
BLOCK = 4096
OPTIONS = FitOptions(
    n_sigma=1,
    n_sigma_ul=2,
    n_sigma_sensitivity=5,
    selection=("errn-errp", "ul"),
    norm_values=np.ones(1),
)
LEVELS = {"bright": 60.0, "faint": 0.95}  # signal counts in the first fine bin


def problems(level, size, seed=0):
    """Counts, signal and background of `size` bins; signals fall by 1.8 per fine bin."""
    rng = np.random.default_rng(seed)
    shape = level * np.exp(-0.6 * np.arange(NBIN))
    signal = shape * rng.uniform(0.5, 2, (size, 1))
    background = signal * rng.uniform(0.3, 3, (size, 1)) * np.exp(-0.1 * np.arange(NBIN))
    true = rng.uniform(0, 1, (size, 1))
    return rng.poisson(true * signal + background).astype(float), signal, background


def evaluate(n, s, b):
    """Cash statistic of every bin at norm 1, block by block."""
    stat = np.empty(len(n))
    norm = np.ones(len(n))
    for start in range(0, len(n), BLOCK):
        part = slice(start, start + BLOCK)
        mu = np.maximum(norm[part, None] * s[part] + b[part], 1e-25)
        stat[part] = 2 * (mu - n[part] * np.log(mu)).sum(axis=1)
    return stat


def fit(n, s, b):
    """Fit every bin."""

    def statistics(part):
        return [Cash.from_counts(n[part], s[part], b[part])]

    return solve_problems(statistics, len(n), OPTIONS)


def cases(*, quick):
    size = 1000 if quick else 1_000_000
    for name, level in LEVELS.items():
        arrays = problems(level, size)
        yield Case(
            f"{size} {name} fits",
            lambda arrays=arrays: fit(*arrays),
            "one evaluation of the likelihood",
            lambda arrays=arrays: evaluate(*arrays),
        )
