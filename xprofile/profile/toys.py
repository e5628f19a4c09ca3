"""Toys: counts that are drawn from a known model."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..estimation.settings import background_width, check_model, setting_text
from ..exceptions import InvalidDataError, InvalidOptionError
from ..likelihood import WStat
from ..schema.arguments.generators import random_generator
from ..schema.axes import bin_dim, match_bins
from ..schema.checks import check_background, check_binned
from ..schema.history import extend_history
from ..schema.names import ENERGY, PSF_MIXING, TOY, true_dim
from ..schema.number_checks import check_number_of_values, check_positive_integer
from ..schema.options import suggests_options
from ..spectrum.mixing import mixed_variable
from ..spectrum.models import SpectralModel, power_law
from ..spectrum.response import predicted_signal

__all__ = ["broadcast_norm", "simulate"]

Float = NDArray[np.float64]

# Most expected counts of a fine bin. numpy draws 64-bit integers, up to 9.2e18, and refuses an
# expectation of 1e19 with a message that does not name the data.
_MAX_EXPECTED = 1e18


@suggests_options
def simulate(
    binned: xr.Dataset,
    *,
    norm: float | xr.DataArray = 0.0,
    n_toys: int = 1000,
    rng: int | np.random.Generator | None = None,
    spectral_model: SpectralModel | None = None,
    background: str | float = "fixed",
) -> xr.Dataset:
    r"""Draw toys of binned data: counts as expected for a known signal.

    Parameters
    ----------
    binned : xarray.Dataset
        From `bin_maps`. A dim ``dataset`` stays: each data set gets its own counts.
    norm : float or xarray.DataArray
        True norm of the signal, 0 for no signal. An array has dims of the counts, such as the bins
        and the fine energies. In data with ``psf_mixing``, photons leave their bins as it says;
        ``binned.drop_vars("psf_mixing")`` keeps them there.
    n_toys : int
        Number of toys.
    rng : int or numpy.random.Generator, optional
        Seed or generator; without it each call draws other toys.
    spectral_model : astropy.modeling.Model or callable
        Shape of the spectrum at norm 1; a power law of index 2 by default, as in `estimate`.
    background : {"fixed"} or float
        Relative systematic uncertainty of the background, such as 0.05. Each toy and bin (and
        data set) then has another background norm :math:`\beta`, the same at all energies.

    Returns
    -------
    xarray.Dataset
        `binned` with toys in the place of the measured counts. `estimate` fits each toy like
        separate data.

        - ``counts`` (toy, energy, projected_distance), int: drawn counts; 0 in fine bins that are
          not used (``coverage`` 0).
        - ``counts_off`` (toy, energy, projected_distance), int: drawn off counts of on-off data.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If `binned` is not binned data, has no background, has toys already, or more than 1e18
        counts are expected in a fine bin.
    InvalidOptionError
        If the norm is not finite or does not broadcast, `n_toys` is below 1, or `background` is
        ``"free"``, or is uncertain although off counts measure it.

    See Also
    --------
    xprofile.expected_limits : Median and spread of the limits of toys.
    xprofile.p_value : Compare a test statistic with toys without signal.
    xprofile.interval_coverage : Share of toys whose intervals hold the true norm.

    Notes
    -----
    The counts are

    .. math:: n \sim \mathrm{Poisson}(\max(x S + \beta b, 0)), \qquad
        \beta = 1 \text{ or } \max(\mathrm{Normal}(1, w), 0)

    for the norm x, the signal S at norm 1, the background b and its uncertainty w. On-off data
    have b :math:`= \alpha o` for the ratio :math:`\alpha` of acceptances and the off rates o that
    fit the measured counts best at this norm; their off counts are from Poisson(o).

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> toys = xprofile.simulate(maps.profile.bin(rings), n_toys=200, rng=1)
    >>> dict(toys.counts.sizes)
    {'toy': 200, 'energy': 11, 'projected_distance': 4}
    """
    check_binned(binned)
    check_background(binned)
    if TOY in binned.dims:
        raise InvalidDataError("the data have toys already; select one, such as isel(toy=0)")
    check_positive_integer("n_toys", n_toys, InvalidOptionError)
    number = int(n_toys) * int(binned["counts"].size)
    check_number_of_values(f"n_toys={n_toys}", number, "draw them in several calls")
    width = _drawn_width(background, measured="counts_off" in binned)
    model = power_law() if spectral_model is None else spectral_model
    check_model(model)
    per_norm = _fill_unused(binned, predicted_signal(binned, model))
    norms = broadcast_norm(norm, per_norm)
    if not np.isfinite(norms.where(per_norm > 0, 0)).all():
        raise InvalidOptionError("norm must be finite in every bin that has exposure")
    signal = _expected_signal(binned, norms, per_norm, model)
    generator = random_generator(rng)
    if "counts_off" in binned:
        drawn = _draw_on_off(binned, signal, n_toys, generator)
    else:
        drawn = {"counts": _draw_counts(binned, signal, n_toys, generator, width)}
    step = (
        f"simulate norm: {_describe(norm)}; n_toys: {n_toys}; rng: {_describe(rng)}; "
        f"spectral_model: {setting_text('spectral_model', model)}; background: {background}"
    )
    dims = (TOY, *binned["counts"].dims)
    toys = {name: xr.Variable(dims, n, binned[name].attrs) for name, n in drawn.items()}
    return extend_history(binned.assign(toys), binned, step)


def _expected_signal(
    binned: xr.Dataset, norms: xr.DataArray, per_norm: xr.DataArray, model: SpectralModel
) -> xr.DataArray:
    """Signal counts of norms; with a mixing, those that arrive from all bins."""
    if PSF_MIXING not in binned:
        return norms.where(per_norm > 0, 0) * per_norm
    dim = bin_dim(binned)
    source = true_dim(dim)
    found = match_bins(binned, dim, source)
    mixed = mixed_variable(binned, model).isel({source: found[found >= 0]})
    known = norms.isel({dim: found >= 0}).fillna(0).variable  # NaN: without exposure
    emitted = xr.Variable([source if d == dim else d for d in known.dims], known.data)
    seen = (mixed * emitted).sum(source).transpose(*per_norm.dims)
    return _fill_unused(binned, per_norm.copy(data=seen.data))


def _drawn_width(background: str | float, *, measured: bool) -> float:
    """Relative uncertainty with which background norms are drawn; 0 if they are fixed."""
    width = background_width(background)
    if width is None:
        return 0
    if measured:
        raise InvalidOptionError(
            "on-off data measure their background in every fine bin; leave background='fixed'"
        )
    if np.isinf(width):
        raise InvalidOptionError(
            "background='free' has no uncertainty to draw from; give 'fixed', or the relative "
            "systematic uncertainty such as 0.05"
        )
    return width


def _fill_unused(binned: xr.Dataset, values: xr.DataArray, unused: float = 0) -> xr.DataArray:
    """Values with the dims of the counts, and a fill value in fine bins that are not used."""
    counts = binned["counts"]
    filled = values.where(binned["coverage"] > 0, unused)
    return filled.broadcast_like(counts).transpose(*counts.dims)


def broadcast_norm(norm: float | xr.DataArray, like: xr.DataArray) -> xr.DataArray:
    """Return norms with the dims and coordinates of an array.

    Raises
    ------
    InvalidOptionError
        If the norms have other dims or coordinates.
    """
    try:
        if isinstance(norm, str | bool):
            raise TypeError
        given = xr.DataArray(norm).astype(float).reset_coords(drop=True)
        aligned, _ = xr.align(given, like, join="exact")
    except (TypeError, ValueError):
        aligned = None
    if aligned is None or not set(aligned.dims) <= set(like.dims):
        found = f"dims {dict(norm.sizes)}" if isinstance(norm, xr.DataArray) else repr(norm)
        raise InvalidOptionError(
            f"norm must be a number, or a DataArray on the same bins with some of the dims "
            f"{dict(like.sizes)}; found {found}"
        )
    return aligned.broadcast_like(like).transpose(*like.dims)


def _describe(value: object) -> str:
    """Text of a norm or of a seed for the history."""
    if isinstance(value, xr.DataArray) and value.ndim:
        return f"of each {', '.join(map(str, value.dims))}"
    return "a generator" if isinstance(value, np.random.Generator) else str(value)


def _draw_counts(
    binned: xr.Dataset, signal: xr.DataArray, size: int, rng: np.random.Generator, width: float
) -> NDArray[np.int64]:
    """Draw counts on a known background, or with another background norm in each toy and bin."""
    background = _fill_unused(binned, binned["background"])
    shape = (size, *background.shape)
    if not width:
        return _poisson(rng, signal.to_numpy() + background.to_numpy(), shape)
    alike = [1 if dim == ENERGY else length for dim, length in background.sizes.items()]
    scale = np.maximum(rng.normal(1, width, (size, *alike)), 0)
    return _poisson(rng, signal.to_numpy() + scale * background.to_numpy(), shape)


def _draw_on_off(
    binned: xr.Dataset, signal: xr.DataArray, size: int, rng: np.random.Generator
) -> dict[str, NDArray[np.int64]]:
    """Draw on and off counts, with the off rates that fit the measured counts best."""
    ratio = _fill_unused(binned, binned["acceptance"] / binned["acceptance_off"], 1)
    measured = [_fill_unused(binned, binned[name]) for name in ("counts", "counts_off")]
    n, m, s, alpha = (np.asarray(v, dtype=float).ravel() for v in (*measured, signal, ratio))
    # each fine bin is a separate problem
    rows = (n[:, None], np.abs(s)[:, None], m[:, None], alpha[:, None])
    on = WStat(*rows).npred_background(np.where(s < 0, -1.0, 1.0))
    expected = {"counts": s + on, "counts_off": on / alpha}
    return {
        name: _poisson(rng, rate.reshape(ratio.shape), (size, *ratio.shape))
        for name, rate in expected.items()
    }


def _poisson(
    rng: np.random.Generator, expected: Float, shape: tuple[int, ...]
) -> NDArray[np.int64]:
    """Draw counts, after a check that they are not too many; negative expectations count as 0."""
    expected = np.maximum(expected, 0)
    most = expected.max(initial=0)
    if not most <= _MAX_EXPECTED:
        raise InvalidDataError(
            f"counts of toys cannot be drawn: up to {most:.3g} are expected in a fine bin, and at "
            f"most {_MAX_EXPECTED:.0e} are allowed; check the norm, the exposure and the background"
        )
    return rng.poisson(expected, shape)
