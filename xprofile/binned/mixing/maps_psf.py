"""The point spread function of maps: its table, and the position of each pixel or bin in it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ...exceptions import DataWarning, InvalidDataError, MissingVariableError
from ...maps.grid import AnyGrid
from ...schema.axes import ascending_values
from ...schema.names import ENERGY, ENERGY_TRUE, LAT_PSF, LON_PSF, PSF, RAD
from ...schema.variables import COORDS, MAPS
from ...schema.warning_place import user_stacklevel
from ...schema.written_units.parsing import as_unit, conversion_factor
from ..edisp import center_positions, nearest_positions
from ..psf.point_spread import PointSpread

__all__ = ["MapsPsf"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Difference of the integral of a PSF from 1 that warns. Tables of real instruments are within 1 %;
# ten times larger, a wrong unit such as deg-2 at a few energies would pass, and ten times smaller,
# tables that end where 99 % of the photons are contained would warn.
_OFF = 0.05

# Integral of a PSF below which it is none, as of energies without events: HAWC's PSF has 0.002
# there. Those of tables that end too early are above it; at a tenth, photons of energies that have
# no PSF would be lost, at one, those of all tables that miss their tails would be replaced.
_NONE = 0.5


@dataclass(frozen=True, eq=False)
class MapsPsf:
    """Point spread functions of maps.

    Parameters
    ----------
    spread : PointSpread
        Its profiles, (nposition, nenergy, nrad).
    dim : {"energy_true", "energy"}
        Its energies.
    continued : int
        Number of energies without a PSF, which have that of the nearest energy.
    on_grid : bool
        Whether it depends on the position.
    """

    spread: PointSpread
    dim: str
    continued: int
    on_grid: bool

    @classmethod
    def from_maps(cls, maps: xr.Dataset) -> MapsPsf:
        """Read the PSF of maps.

        Raises
        ------
        MissingVariableError
            If the maps have no PSF, or no angles of it.
        InvalidDataError
            If its angles or values are impossible.

        Warns
        -----
        DataWarning
            If its integral is off by more than 5 % at some energies and positions.
        """
        values, rad, dim = _table(maps)
        known = PointSpread.from_table(rad, values).integral > _NONE
        filled, continued = _continued(values, known)
        spread = PointSpread.from_table(rad, filled)
        _warn_of_integrals(spread.integral)
        on_grid = bool({LAT_PSF, LON_PSF} & set(maps[PSF].dims))
        return cls(spread, dim, continued, on_grid)

    def pixel_positions(
        self, maps: xr.Dataset, grid: AnyGrid, like: xr.Variable
    ) -> xr.Variable | None:
        """Flat index of the nearest position to each pixel, (lat, lon); None for a single PSF."""
        return nearest_positions(maps, grid, like, PSF) if self.on_grid else None

    def center_positions(self, maps: xr.Dataset, centers: SkyCoord) -> Int | None:
        """Flat index of the nearest position to the centre of each bin; None for a single PSF."""
        return center_positions(maps, centers, PSF) if self.on_grid else None

    @property
    def note(self) -> str:
        """What the history says about it."""
        if not self.continued:
            return ""
        return f", psf continued to {self.continued} energies without one"


def _table(maps: xr.Dataset) -> tuple[Float, Float, str]:
    """Values (nposition, nenergy, nrad) in sr-1, angles in rad, and the dim of the energies."""
    if PSF not in maps:
        raise MissingVariableError(
            "the maps have no psf, so psf=True cannot tell how photons spread: open them with the "
            "file of the PSF, as in xprofile.open_maps(..., psf='psf.fits'), or make them with "
            "xprofile.from_arrays(..., psf=values, rad=angles)"
        )
    psf = maps.variables[PSF]
    angles, order = ascending_values(maps, RAD)
    rad = angles * _factor(maps[RAD].attrs, COORDS[RAD].unit, "rad", RAD)
    if rad.size < 2 or rad[0] < 0:
        raise InvalidDataError(
            f"rad is {angles}, expected two or more angles from 0 on, at which the psf is given"
        )
    dim = ENERGY if ENERGY in psf.dims else ENERGY_TRUE
    for name in {LAT_PSF, LON_PSF} - set(psf.dims):  # one row or column was selected
        psf = psf.set_dims((name, *psf.dims))  # type: ignore[no-untyped-call]
    psf = psf.transpose(LAT_PSF, LON_PSF, dim, RAD)
    factor = _factor(psf.attrs, MAPS[PSF].unit, MAPS[PSF].unit, PSF)
    values = np.asarray(psf.to_numpy(), dtype=float)[..., order] * factor
    if not np.isfinite(values).all():
        raise InvalidDataError(
            "psf is not finite; correct it, or fill NaN with psf.fillna(0) where there are no "
            "photons"
        )
    return np.maximum(values.reshape(-1, *values.shape[2:]), 0), rad, dim


def _factor(attrs: dict[Any, Any], usual: str, wanted: str, name: str) -> float:
    """Factor from the unit of a variable to another one."""
    text = str(attrs.get("units", usual))
    try:
        return conversion_factor(as_unit(text), u.Unit(wanted))
    except (u.UnitConversionError, ValueError, TypeError) as error:
        raise InvalidDataError(f"{name} is in {text!r}, expected {usual!r}: {error}") from error


def _continued(values: Float, known: NDArray[np.bool_]) -> tuple[Float, int]:
    """Give energies without a PSF that of the nearest energy below, or else above.

    Positions without any PSF have that of the nearest position in the order of the grid. Returns
    the values and the number of energies that needed it at some position with a PSF.
    """
    if known.all():
        return values, 0
    some = np.flatnonzero(known.any(axis=1))
    if not some.size:
        raise InvalidDataError(
            "psf has an integral of nearly 0 everywhere, expected 1: the density of photons in "
            "sr-1; check its unit, and that rad reaches far enough"
        )
    energies = np.arange(known.shape[1])
    below = np.maximum.accumulate(np.where(known, energies, -1), axis=1)
    first = np.argmax(known, axis=1)[:, None]
    nearest = np.where(below < 0, first, below)
    filled = np.take_along_axis(values, nearest[..., None], axis=1)
    places = some[np.abs(np.arange(len(known))[:, None] - some).argmin(axis=1)]
    return filled[places], int(np.count_nonzero(~known[some].all(axis=0)))


def _warn_of_integrals(integral: Float) -> None:
    """Warn of integrals that are far from 1."""
    off = np.abs(integral - 1) > _OFF
    if off.any():
        found = f"{integral.min():.4g} to {integral.max():.4g}"
        warnings.warn(
            f"the psf integrates to {found}, more than {_OFF:.0%} from 1 at "
            f"{np.count_nonzero(off)} of {off.size} energies and positions: above 1 it was scaled "
            "to 1, below 1 the missing photons count as lost beyond rad; check its unit, and that "
            "rad reaches far enough",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
