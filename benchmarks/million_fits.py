"""Time of a million fits, as a multiple of one blocked numpy evaluation of the likelihood.

Both run on the same arrays of 11 fine bins in the same process. A fit gives norm, norm_err, ts,
norm_ul, norm_errn and norm_errp. Bright bins have counts in most fine bins; of the faint ones three
quarters of the fine bins are empty.

    python benchmarks/million_fits.py [number of fits]
"""

import statistics
import sys
import time
import tracemalloc

import numpy as np

from xprofile.likelihood import Cash
from xprofile.solve import Wanted, solve

NBIN = 11
BLOCK = 4096
RUNS = 3
WANTED = Wanted(
    n_sigma=1,
    n_sigma_ul=2,
    n_sigma_sensitivity=5,
    selection=("errn-errp", "ul"),
    norm_values=np.ones(1),
)
LEVELS = {"bright": 60.0, "faint": 0.95}  # signal counts in the first fine bin


def problems(level, size, seed=0):
    """Counts, signal and background of `size` bins with spectra that fall by 1.8 a fine bin."""
    rng = np.random.default_rng(seed)
    shape = level * np.exp(-0.6 * np.arange(NBIN))
    signal = shape * rng.uniform(0.5, 2, (size, 1))
    background = signal * rng.uniform(0.3, 3, (size, 1)) * np.exp(-0.1 * np.arange(NBIN))
    true = rng.uniform(0, 1, (size, 1))
    return rng.poisson(true * signal + background).astype(float), signal, background


def evaluate(n, s, b):
    """The Cash statistic of every bin at norm 1, a block at a time."""
    stat = np.empty(len(n))
    norm = np.ones(len(n))
    for start in range(0, len(n), BLOCK):
        part = slice(start, start + BLOCK)
        mu = np.maximum(norm[part, None] * s[part] + b[part], 1e-25)
        stat[part] = 2 * (mu - n[part] * np.log(mu)).sum(axis=1)
    return stat


def fit(n, s, b):
    """Fit every bin."""
    return solve(lambda part: [Cash.of(n[part], s[part], b[part])], len(n), WANTED)


def seconds(function, *arrays):
    """Median time of a few runs, after one that does not count."""
    function(*(array[:BLOCK] for array in arrays))
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        function(*arrays)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak_memory(function, *arrays):
    """Most memory that a run takes on top of its input, in bytes."""
    tracemalloc.start()
    function(*arrays)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main(size):
    for name, level in LEVELS.items():
        arrays = problems(level, size)
        empty = np.mean(arrays[0] == 0)
        once, fits = seconds(evaluate, *arrays), seconds(fit, *arrays)
        memory = peak_memory(fit, *arrays) / sum(array.nbytes for array in arrays)
        print(
            f"{name:6} {size} fits, {empty:.0%} of fine bins empty: {fits:.2f} s, "
            f"{fits / once:.1f} x one evaluation ({once:.3f} s); "
            f"peak memory {memory:.2f} x the input on top of it"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
