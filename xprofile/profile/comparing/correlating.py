"""Correlation of two profiles, with errors and a p-value by toys."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import rankdata

from ...exceptions import InvalidOptionError
from ...schema.arguments.generators import random_generator
from ...schema.arguments.one_by_one import over_further_dims
from ...schema.history import creator
from ...schema.names import CORRELATION, ENERGY, high, low
from ...schema.number_checks import check_number_of_values, check_positive_integer
from ...schema.options import suggests_options
from .pairing import Values, pair_profiles, read_values

__all__ = ["correlation"]

Float = NDArray[np.float64]

# Difference up to which correlations count as equal, so that toys with the order of the data count
# as high as the data. Rounding errors are 1e-15. At 1e-3 lower ones would count too.
_EQUAL = 1e-10

# Quantiles of a normal distribution at -1, 0 and 1 sigma.
_ONE_SIGMA = (0.15865525393145707, 0.5, 0.8413447460685429)


@suggests_options
@over_further_dims()
def correlation(
    profile_a: xr.Dataset | xr.DataArray,
    profile_b: xr.Dataset | xr.DataArray,
    *,
    quantity: str | None = None,
    method: Literal["pearson", "spearman"] = "pearson",
    n_toys: int = 1000,
    rng: int | np.random.Generator | None = None,
) -> xr.Dataset:
    r"""Correlate two profiles over their bins, such as gamma rays and gas.

    All bins count alike, as usual in comparisons of gamma rays with other maps, also those that are
    upper limits, with their best fit. Bins with NaN in one of the profiles are left out.

    Parameters
    ----------
    profile_a : xarray.Dataset or xarray.DataArray
        Profile, or an array along bins without errors.
    profile_b : xarray.Dataset or xarray.DataArray
        Another one in the same bins, which are matched by their coordinates, such as
        ``gas_map.profile.bin(bins, how="mean")``. With several energies, each is compared with the
        same energy of the other, or with its only one.
    quantity : str, optional
        Variable of profiles to compare; by default that of their sed type.
    method : {"pearson", "spearman"}
        Correlation of the values, or of their ranks, which does not ask for a linear relation and
        is robust to single bright bins.
    n_toys : int
        Number of toys for the errors, and of those for the p-value.
    rng : int or numpy.random.Generator, optional
        Seed or generator; without it each call draws other toys.

    Returns
    -------
    xarray.Dataset
        With the dim ``energy`` if a profile has it, or without dims.

        - ``correlation``: from -1 to 1. NaN if fewer than three bins have values, or all values of
          a profile are the same.
        - ``correlation_err``: standard deviation of toys, by the errors of both profiles.
        - ``correlation_errn``, ``correlation_errp``: distances to the ends of the interval of 68 %.
        - ``p_value``: probability that bins without a relation are correlated as much, of either
          sign.
        - ``n_bins``: number of bins that were compared.

    Raises
    ------
    InvalidDataError
        If the profiles have other bins or energies, or fewer than three bins in common.
    MissingVariableError
        If a profile lacks the quantity.
    InvalidOptionError
        If `method` or `n_toys` is wrong.

    Warns
    -----
    DataWarning
        If a profile has bins that the other has not, bins are other regions of the sky in one than
        in the other, or fluxes of bins of different sizes are not per solid angle.

    See Also
    --------
    xprofile.fit_templates : Fit several templates at once.
    xprofile.bin_image : Average a map over the same bins.

    Notes
    -----
    Errors come from toys of both profiles, whose values are drawn round the measured ones with
    their covariance, or with their errors if they have none. Toys scatter twice, which lowers their
    correlation. So the interval is that of the toys round their median, moved to the measured
    correlation, and ends at -1 and 1. Measured values scatter once: the correlation of the true
    values is higher than the measured one, which stands here.

    For the p-value, the bins of one profile change places at random. With k of N toys correlated as
    much as the data it is (1 + k) / (1 + N) (Davison & Hinkley 1997, section 4.3). It assumes that
    bins do not depend on their neighbours: two profiles that both fall off to the outside are
    correlated even if nothing else connects them.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=8)
    >>> profile = maps.profile.estimate(rings).profile.to_sed_type("flux", per_solid_angle=True)
    >>> expected = maps.background.sum("energy").profile.bin(rings, how="mean")
    >>> found = xprofile.correlation(profile, expected, rng=1)
    >>> int(found.n_bins[0])
    8
    """
    if method not in ("pearson", "spearman"):
        raise InvalidOptionError(f"method must be 'pearson' or 'spearman', found {method!r}")
    check_positive_integer("n_toys", n_toys, InvalidOptionError, least=2)
    pair = pair_profiles(
        read_values(profile_a, quantity, "profile_a"), read_values(profile_b, quantity, "profile_b")
    )
    check_number_of_values(
        f"n_toys={n_toys}", n_toys * pair[0].value.size * pair[1].arrays.shape[0],
        "draw fewer toys",
    )  # fmt: skip
    generator = random_generator(rng)
    number = max(len(one.arrays) for one in pair)
    rows = [_one_energy(pair, i, method, n_toys, generator) for i in range(number)]
    return _result(pair, rows, {"method": method, "n_toys": int(n_toys)})


_TEXTS = {
    CORRELATION: "correlation of the profiles",
    f"{CORRELATION}_err": "correlation symmetric error",
    f"{CORRELATION}_errn": "correlation negative error",
    f"{CORRELATION}_errp": "correlation positive error",
    "p_value": "probability of such a correlation without a relation",
    "n_bins": "number of bins",
}


def _result(
    pair: tuple[Values, Values], rows: list[tuple[float, ...]], settings: dict[str, str | int]
) -> xr.Dataset:
    """Make the Dataset, with the energies of the profile that has them."""
    several = [one.value for one in pair if ENERGY in one.value.dims]
    largest = max(several, key=lambda v: int(v.sizes[ENERGY])) if several else None
    columns = np.array(rows, dtype=float).T
    found = {}
    for (name, text), values in zip(_TEXTS.items(), columns, strict=True):
        numbers = values.astype(np.int64) if name == "n_bins" else values
        shaped = numbers if largest is not None else numbers[0]
        dims = (ENERGY,) if largest is not None else ()
        found[name] = xr.Variable(dims, shaped, {"long_name": text})
    names = () if largest is None else (ENERGY, low(ENERGY), high(ENERGY))
    coords = {n: largest[n].variable for n in names if largest is not None and n in largest.coords}
    steps = "; ".join(f"{name}: {value}" for name, value in settings.items())
    attrs = {**settings, "history": f"correlation {steps}", "creator": creator()}
    return xr.Dataset(found, coords, attrs)


def _one_energy(
    pair: tuple[Values, Values], i: int, method: str, n_toys: int, rng: np.random.Generator
) -> tuple[float, ...]:
    """Correlation, three errors, p-value and number of bins at one energy."""
    rows = [one.arrays[i if len(one.arrays) > 1 else 0] for one in pair]
    spreads = [one.covariance[i if len(one.covariance) > 1 else 0] for one in pair]
    known = np.isfinite(rows[0]) & np.isfinite(rows[1])
    for spread in spreads:
        known &= np.isfinite(np.diag(spread))
    a, b = (row[known] for row in rows)
    if a.size < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return (np.nan,) * 5 + (float(a.size),)
    value = float(_correlate(a, b, method))
    first, second = (
        _drawn(row, spread[np.ix_(known, known)], n_toys, rng)
        for row, spread in zip((a, b), spreads, strict=True)
    )
    below, above, spread = _errors(value, _correlate(first, second, method))
    shuffled = rng.permuted(np.broadcast_to(b, (n_toys, b.size)), axis=1)
    larger = np.abs(_correlate(a, shuffled, method)) >= abs(value) - _EQUAL
    p_value = (1 + np.count_nonzero(larger)) / (1 + n_toys)
    return value, spread, below, above, p_value, float(a.size)


def _correlate(a: Float, b: Float, method: str) -> Float:
    """Correlation over the last axis; NaN if all values are the same."""
    if method == "spearman":
        a, b = (rankdata(v, axis=-1) for v in (a, b))
    a, b = (_scaled(v) for v in (a, b))
    x, y = (v - v.mean(axis=-1, keepdims=True) for v in (a, b))
    size = np.sqrt((x**2).sum(axis=-1) * (y**2).sum(axis=-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.clip((x * y).sum(axis=-1) / size, -1, 1))


def _scaled(values: Float) -> Float:
    """Multiply with a power of 2, without rounding, so that no square is 0 or infinite."""
    _, exponent = np.frexp(np.abs(values).max(axis=-1, keepdims=True))
    return np.asarray(np.ldexp(values, -exponent))


def _drawn(values: Float, covariance: Float, n_toys: int, rng: np.random.Generator) -> Float:
    """Toys of values with a covariance, (n_toys, nbin)."""
    size = np.sqrt(np.diag(covariance))
    scale = np.where(size > 0, size, 1)
    sizes, vectors = np.linalg.eigh(covariance / scale[:, None] / scale)
    root = vectors * np.sqrt(np.maximum(sizes, 0)) * scale[:, None]
    return np.asarray(values + rng.standard_normal((n_toys, values.size)) @ root.T)


def _errors(value: float, toys: Float) -> tuple[float, float, float]:
    """Distances to the ends of the interval, and the standard deviation."""
    low, middle, high = np.quantile(toys, _ONE_SIGMA)
    below, above = min(middle - low, value + 1), min(high - middle, 1 - value)
    return max(float(below), 0.0), max(float(above), 0.0), float(np.std(toys, ddof=1))
