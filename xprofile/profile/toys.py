"""Toys: counts drawn from a model that is known."""

from __future__ import annotations

from numbers import Integral

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..estimation.settings import background_width, describe
from ..exceptions import InvalidDataError, InvalidOptionError
from ..likelihood import WStat
from ..schema.checks import check_binned
from ..schema.history import extend_history
from ..schema.names import ENERGY, TOY
from ..spectrum.models import SpectralModel, power_law
from ..spectrum.response import predicted_signal

__all__ = ["broadcast", "simulate"]

Float = NDArray[np.float64]

_MOST = 1e18  # expected counts up to which numpy draws


def simulate(
    binned: xr.Dataset,
    *,
    norm: float | xr.DataArray = 0.0,
    n_toys: int = 1000,
    rng: int | np.random.Generator | None = None,
    spectral_model: SpectralModel | None = None,
    background: str | float = "fixed",
) -> xr.Dataset:
    r"""Draw toys of binned data: counts as they would be for a signal that is known.

    Parameters
    ----------
    binned : xarray.Dataset
        From `bin_maps`. A dim ``dataset`` stays: each data set gets its own counts.
    norm : float or xarray.DataArray
        True norm of the signal, 0 for none; an array has dims of the counts, such as those of the
        bins and of the fine energies.
    n_toys : int
        Number of toys.
    rng : int or numpy.random.Generator, optional
        Seed or generator; without it each call draws other toys.
    spectral_model : astropy.modeling.Model or callable
        Shape of the spectrum at norm 1; a power law of index 2 by default, as in `estimate`.
    background : {"fixed"} or float
        Relative systematic uncertainty of the background, such as 0.05: each toy and bin (and
        data set) then has a background norm :math:`\beta` of its own, the same at all energies.

    Returns
    -------
    xarray.Dataset
        `binned` with ``counts`` (toy, energy, projected_distance), whole numbers from

        .. math:: n \sim \mathrm{Poisson}(\max(x S + \beta b, 0)), \qquad
            \beta = 1 \text{ or } \max(\mathrm{Normal}(1, w), 0)

        for the norm x, the signal S at norm 1, the background b and its uncertainty w. On-off data
        have b :math:`= \alpha o` for the ratio :math:`\alpha` of acceptances and the off rates o
        that fit the measured counts best at this norm, and ``counts_off`` (toy, ...) from
        Poisson(o). Fine bins that are not used, of coverage 0, get no counts. `estimate` treats
        each toy as data of its own.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If `binned` is not binned data, has toys already, or more than 1e18 counts are expected in
        a fine bin.
    InvalidOptionError
        If the norm is not finite or does not broadcast, `n_toys` is below 1, or `background` is
        free, or is uncertain though off counts measure it.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> from xprofile import SkyBins
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> binned = maps.profile.bin(SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4))
    >>> toys = binned.profile.simulate(n_toys=200, rng=1)
    >>> dict(toys["counts"].sizes)
    {'toy': 200, 'energy': 11, 'projected_distance': 4}
    >>> profiles = toys.profile.estimate(selection_optional=["ul"])
    >>> dict(profiles.profile.expected_limits().sizes)
    {'band': 5, 'projected_distance': 4, 'energy': 1}
    """
    check_binned(binned)
    if TOY in binned.dims:
        raise InvalidDataError("the data have toys already; choose one, such as isel(toy=0)")
    if not (isinstance(n_toys, Integral) and n_toys >= 1):
        raise InvalidOptionError(f"n_toys must be a whole number from 1 on, found {n_toys!r}")
    width = _width(background, measured="counts_off" in binned)
    model = spectral_model or power_law()
    per_norm = _used(binned, predicted_signal(binned, model))
    norms = broadcast(norm, per_norm).where(per_norm > 0, 0)
    if not np.isfinite(norms).all():
        raise InvalidOptionError("norm must be finite in every bin that has exposure")
    generator = np.random.default_rng(rng)
    if "counts_off" in binned:
        drawn = _on_off(binned, norms, per_norm, n_toys, generator)
    else:
        drawn = {"counts": _known(binned, norms * per_norm, n_toys, generator, width)}
    step = (
        f"simulate norm: {_text(norm)}; n_toys: {n_toys}; rng: {_text(rng)}; "
        f"spectral_model: {describe('spectral_model', model)}; background: {background}"
    )
    dims = (TOY, *binned["counts"].dims)
    toys = {name: xr.Variable(dims, n, binned[name].attrs) for name, n in drawn.items()}
    return extend_history(binned.assign(toys), binned, step)


def _width(background: str | float, *, measured: bool) -> float:
    """Relative uncertainty of the background that is drawn, 0 if it is fixed."""
    width = background_width(background)
    if width is None:
        return 0
    if measured:
        raise InvalidOptionError(
            "on-off data measure their background in every fine bin; leave background='fixed'"
        )
    if np.isinf(width):
        raise InvalidOptionError(
            "background='free' does not say how far the background may be off; give 'fixed', or "
            "its relative systematic uncertainty such as 0.05"
        )
    return width


def _used(binned: xr.Dataset, values: xr.DataArray, unused: float = 0) -> xr.DataArray:
    """Values of fine bins with the dims of the counts, and a fill value in those not used."""
    counts = binned["counts"]
    filled = values.where(binned["coverage"] > 0, unused)
    return filled.broadcast_like(counts).transpose(*counts.dims)


def broadcast(norm: float | xr.DataArray, like: xr.DataArray) -> xr.DataArray:
    """Return norms with the dims and coordinates of an array."""
    try:
        given = xr.DataArray(norm).astype(float).reset_coords(drop=True)
        aligned, _ = xr.align(given, like, join="exact")
    except (TypeError, ValueError):
        aligned = None
    if aligned is None or not set(aligned.dims) <= set(like.dims):
        found = f"dims {dict(norm.sizes)}" if isinstance(norm, xr.DataArray) else repr(norm)
        raise InvalidOptionError(
            f"norm must be a number, or a DataArray on the same bins with dims of "
            f"{dict(like.sizes)} and no others; found {found}"
        )
    return aligned.broadcast_like(like).transpose(*like.dims)


def _text(value: object) -> str:
    if isinstance(value, xr.DataArray) and value.ndim:
        return f"of each {', '.join(map(str, value.dims))}"
    return "a generator" if isinstance(value, np.random.Generator) else str(value)


def _known(
    binned: xr.Dataset, signal: xr.DataArray, size: int, rng: np.random.Generator, width: float
) -> NDArray[np.int64]:
    """Counts on a background that is known, or has a norm of its own in each toy and bin."""
    background = _used(binned, binned["background"])
    shape = (size, *background.shape)
    if not width:
        return _poisson(rng, signal.to_numpy() + background.to_numpy(), shape)
    alike = [1 if dim == ENERGY else length for dim, length in background.sizes.items()]
    scale = np.maximum(rng.normal(1, width, (size, *alike)), 0)
    return _poisson(rng, signal.to_numpy() + scale * background.to_numpy(), shape)


def _on_off(
    binned: xr.Dataset,
    norms: xr.DataArray,
    per_norm: xr.DataArray,
    size: int,
    rng: np.random.Generator,
) -> dict[str, NDArray[np.int64]]:
    """On and off counts, with the off rates that fit the measured ones best."""
    ratio = _used(binned, binned["acceptance"] / binned["acceptance_off"], 1)
    measured = [_used(binned, binned[name]) for name in ("counts", "counts_off")]
    n, m, x, s, alpha = (
        np.asarray(v, dtype=float).ravel() for v in (*measured, norms, per_norm, ratio)
    )
    # each fine bin as a problem of its own
    on = WStat(n[:, None], s[:, None], m[:, None], alpha[:, None]).background(x)
    expected = {"counts": x * s + on, "counts_off": on / alpha}
    return {
        name: _poisson(rng, rate.reshape(ratio.shape), (size, *ratio.shape))
        for name, rate in expected.items()
    }


def _poisson(
    rng: np.random.Generator, expected: Float, shape: tuple[int, ...]
) -> NDArray[np.int64]:
    expected = np.maximum(expected, 0)
    most = expected.max(initial=0)
    if not most <= _MOST:
        raise InvalidDataError(
            f"counts of toys cannot be drawn: up to {most:.3g} are expected in a fine bin, at most "
            f"{_MOST:.0e} can be; see to the norm, the exposure and the background"
        )
    return rng.poisson(expected, shape)
