"""Random problems that cover everything data can contain."""

import numpy as np
from hypothesis import strategies as st

from xprofile.likelihood import Cash, Joint, NuisanceCash, WStat

WIDTHS = (0.01, 0.1, 1.0, 10.0, np.inf)

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 100)  # numbers of fine bins


def powers(rng, low, high, shape):
    """Powers of ten that spread over no decade, three, or the whole range in each problem."""
    spread = rng.choice([0, 3, high - low], (shape[0], 1))
    top = rng.uniform(low, high, (shape[0], 1))
    return 10 ** np.maximum(top - spread * rng.random(shape), low)


def emptied(rng, values, shares):
    """Set one of the shares of the fine bins of each problem to 0."""
    return np.where(rng.random(values.shape) < rng.choice(shares, (len(values), 1)), 0, values)


def random_counts(seed, count=200, *, nbin=None, s=(-12, 6), b=(-30, 9)):
    """Counts, signal and background, (count, nbin).

    The ranges of signal and background are powers of ten. There are one to a hundred fine bins.
    Signal, background and counts are 0 in some or all of them. There are also counts in fine bins
    for which nothing is predicted.
    """
    rng = np.random.default_rng(seed)
    shape = (count, nbin or int(np.rint(100 ** rng.random())))
    signal = emptied(rng, powers(rng, *s, shape), [0, 0, 0, 0.1, 0.5, 0.95])
    background = emptied(rng, powers(rng, *b, shape), [0, 0, 0, 0.1, 0.5, 1])
    bright = rng.choice([0, 10.0, 1000.0], (count, 1)) * rng.random((count, 1))
    expected = bright * signal / np.maximum(signal.max(axis=1, keepdims=True), 1e-300)
    expected += background * rng.choice([0.5, 1, 1, 1], (count, 1))
    anything = 10 ** rng.uniform(-3, 4, shape)
    n = rng.poisson(np.where(rng.random((count, 1)) < 0.1, anything, expected)).astype(float)
    n[rng.random(count) < 0.1] = 0
    signal[rng.random(count) < 0.02] = 0
    return n, signal, background


def random_onoff(seed, count=200, *, nbin=None):
    """On counts, signal, off counts, and acceptance ratios from 1e-3 to 10, (count, nbin)."""
    n, signal, background = random_counts(seed, count, nbin=nbin)
    rng = np.random.default_rng([seed, 1])
    alpha = powers(rng, -3, 1, n.shape)
    m = rng.poisson(np.minimum(background / alpha, 1e12)).astype(float)
    m[rng.random(count) < 0.1] = 0
    return n, signal, m, alpha


def random_parts(seed, count=200, *, nbin):
    """Two or three statistics of the same problems, of one or two kinds."""
    rng = np.random.default_rng([seed, 2])
    kinds = rng.choice(["cash", "wstat"], rng.integers(2, 4))
    scale = 10 ** rng.uniform(-3, 0, len(kinds))
    parts = []
    for i, kind in enumerate(kinds):
        make, statistic = {
            "cash": (random_counts, Cash.from_counts),
            "wstat": (random_onoff, WStat),
        }[kind]
        n, s, *rest = make(seed + i * (rng.random() < 0.5), count, nbin=nbin)
        parts.append(statistic(n, scale[i] * s, *rest))
    return tuple(parts)


def random_statistic(kind, seed, count=200, *, nbin):
    """Problems of one kind: cash, wstat, joint, or cash with an uncertain background."""
    if kind == "cash":
        return Cash.from_counts(*random_counts(seed, count, nbin=nbin))
    if kind == "wstat":
        return WStat(*random_onoff(seed, count, nbin=nbin))
    if kind == "joint":
        return Joint(random_parts(seed, count, nbin=nbin))
    width = np.random.default_rng([seed, 3]).choice(WIDTHS)
    return NuisanceCash(Cash.from_counts(*random_counts(seed, count, nbin=nbin)), float(width))


def single_cash(n, s, b):
    """One problem with one fine bin."""
    return Cash.from_counts(*(np.array([[float(v)]]) for v in (n, s, b)))


def random_cash(seed, count=400, nbin=6):
    """Cash problems with signals of 1e-12 to 1e6 and backgrounds of 1e-30 to 1e9, or 0."""
    rng = np.random.default_rng(seed)
    shape = (count, nbin)
    s = 10 ** rng.uniform(-12, 6, (count, 1)) * 10 ** rng.uniform(-3, 0, shape)
    b = 10 ** np.where(
        rng.random((count, 1)) < 0.5, rng.uniform(-30, 9, shape), rng.uniform(-2, 3, shape)
    )
    b[rng.random(shape) < rng.choice([0, 0.1, 0.5], (count, 1))] = 0
    s[rng.random(shape) < rng.choice([0, 0.1, 0.5], (count, 1))] = 0
    true = 10 ** rng.uniform(-3, 3, (count, 1)) / s.max(axis=1, initial=1e-12)[:, None]
    n = rng.poisson(np.minimum(b + true * s, 1e15)).astype(float)
    n[rng.random(count) < 0.1] = 0
    return Cash.from_counts(n, s, b)
