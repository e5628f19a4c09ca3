"""Variables of binned data that tell how the PSF spreads the photons of bins."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import TooLargeError
from ...maps.grid import AnyGrid
from ...schema.names import ENERGY, EXPOSURE_TRUE, PSF_MIXING, PSF_SHARE
from ...schema.variables import BINNED, data_array
from ..members.membership import Int, Membership
from ..psf.emission import Light
from ..psf.mixing import mix
from ..psf.point_source import psf_share
from ..psf.point_spread import PointSpread
from ..sums.pixel_pairs import PixelPairs
from .maps_psf import MapsPsf

__all__ = ["check_mixing_size", "psf_variables"]

Float = NDArray[np.float64]
Call: TypeAlias = tuple[PointSpread, NDArray[np.bool_], NDArray[np.intp], Int]

# Most values of psf_mixing: 4 GB. Ten times more would fill the memory of a large computer; ten
# times fewer would refuse 500 bins with 20 true energies and a mask for each energy.
_MOST_VALUES = 500_000_000

# Share of photons below which there are none. Rounding of transforms gives shares of 1e-17 of
# either sign, which would make the norm of a bin without counts spoil the errors of all others. It
# is far below what the PSF's tail is cut at, 1e-5; ten times more or less changes nothing.
_NOISE = 1e-12


def check_mixing_size(ntrue: int, nbin: int, nmask: int) -> None:
    """Raise if the shares of all pairs of bins would not fit into memory.

    Raises
    ------
    TooLargeError
        If they take more than 4 GB.
    """
    number = ntrue * nbin**2 * max(nmask, 1)
    if number > _MOST_VALUES:
        masks = f" x {nmask} energies with different masks" if nmask > 1 else ""
        raise TooLargeError(
            f"psf_mixing of {nbin} x {nbin} bins x {ntrue} true energies{masks} would have "
            f"{number:.3g} values ({number * 8 / 1e9:.3g} GB), more than {_MOST_VALUES:.0e}; take "
            "fewer bins, or bin parts of the sky one after the other, each with margin="
        )


def psf_variables(
    pairs: PixelPairs,
    solid_angle: Float,
    psf: MapsPsf,
    grid: AnyGrid,
    position: NDArray[np.intp] | None,
    origin: tuple[Float, int],
    light: Light | None,
) -> tuple[dict[str, xr.Variable], Float]:
    """Compute how the bins share photons, and how they get those of other sources.

    Parameters
    ----------
    pairs : PixelPairs
        All pixels of the bins.
    solid_angle : numpy.ndarray
        Solid angle of the whole bins in sr, (nbin,).
    psf : MapsPsf
        The point spread functions.
    grid : PixelGrid or HealpixGrid
        The pixels of the map.
    position : numpy.ndarray of int or None
        Position of the PSF of each pair, (npair,); None for a single PSF.
    origin : tuple
        Unit vector of the place of the point source in the frame of the grid, and the position of
        the PSF there.
    light : Light or None
        Other sources, if there are some.

    Returns
    -------
    variables : dict of xarray.Variable
        - ``psf_mixing`` (energy_true, projected_distance_true, projected_distance[, energy])
        - ``exposure_true`` (energy_true, projected_distance_true) in cm2 s
        - ``psf_share`` (energy_true, projected_distance[, energy])
    shares : numpy.ndarray
        Shares of the photons of the other sources, (ntrue, nsource, nbin, nenergy), with 1 energy
        if the variables have no dim ``energy``.

    Raises
    ------
    TooLargeError
        If ``psf_mixing`` would take more than 4 GB.
    """
    index, ntrue, nbin = pairs.mask_index, len(pairs.exposure), solid_angle.size
    alike = psf.dim != ENERGY and len(pairs.used) == 1 and bool((index >= 0).all())
    check_mixing_size(ntrue, nbin, 1 if alike else index.size)
    members = pairs.members(np.zeros(nbin))
    number, nsource = 1 if alike else index.size, nbin + (0 if light is None else light.number)
    mixing, share = np.zeros((ntrue, nsource, nbin, number)), np.zeros((ntrue, nbin, number))
    for spread, used, energies, masks in _spread_calls(psf, pairs):
        mixed = mix(
            grid, members, members, used, pairs.exposure, spread, position=position, light=light
        )
        seen = psf_share(grid, origin[0], members, used, spread, position=origin[1])
        if alike or np.array_equal(masks, np.arange(number)):
            mixing, share = mixed, seen  # no copies, which may be large
        else:
            mixing[..., energies], share[..., energies] = mixed[..., masks], seen[..., masks]
    for values in (mixing, share):
        values[values <= _NOISE] = 0.0
    found = {PSF_MIXING: mixing[:, :nbin], PSF_SHARE: share}
    exposure = _exposure(pairs, members, solid_angle)
    variables = {name: _variable(name, values, alike=alike) for name, values in found.items()}
    variables[EXPOSURE_TRUE] = data_array(EXPOSURE_TRUE, exposure, BINNED)
    return variables, mixing[:, nbin:]


def _spread_calls(psf: MapsPsf, pairs: PixelPairs) -> list[Call]:
    """Return the point spread functions, masks, energies and masks of these, to calculate with.

    Each is what one call of `mix` needs: the energies in the result whose masks are some of those
    that the call gets.
    """
    index = pairs.mask_index
    known, zero = (index >= 0).nonzero()[0], np.zeros(1, np.intp)
    if psf.dim != ENERGY:  # one call for all masks
        return [(psf.spread, pairs.used, known, index[known])]
    return [
        (psf.spread.take(known[n : n + 1]), pairs.used[index[k]][None], known[n : n + 1], zero)
        for n, k in enumerate(known)
    ]


def _exposure(pairs: PixelPairs, members: Membership, solid_angle: Float) -> Float:
    """Mean exposure of whole bins, with 0 beyond the map, (ntrue, nbin)."""
    total = members.integral(pairs.exposure)
    return np.divide(total, solid_angle, out=np.zeros_like(total), where=solid_angle > 0)


def _variable(name: str, values: Float, *, alike: bool) -> xr.Variable:
    """Make a variable of values (..., nenergy), or (..., 1) that are the same at all energies."""
    entry = BINNED[name]
    if alike:
        return xr.Variable(entry.dims, values[..., 0], entry.attrs)
    return xr.Variable((*entry.dims, ENERGY), values, entry.attrs)
