"""How light at each distance is seen in the bins of a data set."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...bins.distances import sky_between
from ...exceptions import InvalidDataError, MissingVariableError
from ...schema.axes import bin_dim
from ...schema.names import (
    AXIS_SIZE,
    DISTANCE,
    DISTANCE_UNIT,
    EDISP,
    ENERGY,
    ENERGY_TRUE,
    EXPOSURE_TRUE,
    GEOMETRY,
    PART,
    PART_DISTANCE,
    PART_SHARE,
    PSF_MIXING,
    SOLID_ANGLE_UNIT,
    SOURCE_DISTANCE,
    SOURCE_EXPOSURE,
    SOURCE_MIXING,
    high,
    low,
    true_dim,
)
from ...schema.units import values_in_unit
from ...spectrum.mixing import mixed_signal
from ...spectrum.models import SpectralModel
from ...spectrum.response import signal_variable
from .brightness import Places
from .edges import by_edges, guessed_geometry, warn_of_rough_bins
from .interpolation import integration, resolved

__all__ = ["Light", "SpreadLight", "find_light"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Light(ABC):
    """Light at some distances, and the counts that it gives.

    Parameters
    ----------
    places : Places
        The distances.
    solid_angle : numpy.ndarray
        Solid angle in sr that each place stands for, (nplace,).
    geometry, size : str, float
        Kind of the axis of distances; see `DistanceAxis`.
    """

    places: Places
    solid_angle: Float
    geometry: str
    size: float

    @abstractmethod
    def counts(self, brightness: Float) -> Float:
        """Signal counts (nbin, nenergy) for a brightness (nplace,) in reference spectra per sr."""

    @property
    def has_point(self) -> bool:
        """Whether a source that is much narrower than the PSF is known to be at distance 0."""
        return False


@dataclass(frozen=True, eq=False)
class SharpLight(Light):
    """Light that is seen in the bin that it comes from.

    Parameters
    ----------
    share : numpy.ndarray
        Share of the signal of a bin at each of its places, (nbin, npart) or (nbin, npart, nenergy).
    signal : numpy.ndarray
        Signal counts of each bin for a brightness of 1 per sr, (nbin, nenergy).
    """

    share: Float
    signal: Float

    def counts(self, brightness: Float) -> Float:
        """Signal counts (nbin, nenergy) for a brightness (nplace,)."""
        values = brightness.reshape(self.share.shape[:2])
        with np.errstate(invalid="ignore"):  # parts without a share may have any brightness
            if self.share.ndim == 2:
                mean = np.where(self.share > 0, self.share * values, 0).sum(axis=1)[:, None]
            else:
                lit = np.where(self.share > 0, self.share * values[..., None], 0)
                mean = lit.sum(axis=1)
        return np.asarray(self.signal * mean)


@dataclass(frozen=True, eq=False)
class SpreadLight(Light):
    """Light that the PSF spreads.

    Parameters
    ----------
    response : numpy.ndarray
        Signal counts (nplace, nbin, nenergy) for a brightness of 1 per sr at a place.
    from_zero : bool
        Whether distance 0 is the centre of round bins.
    lost : numpy.ndarray
        Signal counts (nplace,) that are seen beyond all bins, for a brightness of 1 per sr, beside
        those that are lost everywhere.
    """

    response: Float
    from_zero: bool
    lost: Float

    def counts(self, brightness: Float) -> Float:
        """Signal counts (nbin, nenergy) for a brightness (nplace,)."""
        with np.errstate(invalid="ignore", over="ignore"):  # far from the best parameters
            return np.asarray((brightness @ self._flat).reshape(self.response.shape[1:]))

    @cached_property
    def _flat(self) -> Float:
        return np.ascontiguousarray(self.response.reshape(len(self.response), -1))

    @property
    def has_point(self) -> bool:
        """Whether a source that is much narrower than the PSF is known to be at distance 0."""
        return self.from_zero


def find_light(data: xr.Dataset, model: SpectralModel) -> Light:
    """Find how light at each distance is seen in the bins.

    Parameters
    ----------
    data : xarray.Dataset
        Binned data.
    model : SpectralModel
        The reference spectrum.

    Raises
    ------
    MissingVariableError
        If the bins have no edges along their dim.
    InvalidDataError
        If their dim is not a distance.

    Warns
    -----
    DataWarning
        If bins of a few pixels have only their edges.
    """
    dim = bin_dim(data)
    if dim != DISTANCE:
        raise InvalidDataError(
            f"fit_shape needs bins with a distance, but these have the dim {dim}; take annuli, or "
            "bins along a line or path"
        )
    if SOURCE_MIXING in data and SOURCE_DISTANCE in data.coords:
        return _spread_light(data, model)
    if PSF_MIXING in data:
        raise MissingVariableError(
            f"the binned data have {PSF_MIXING}, but no {SOURCE_MIXING}, so it is not known how "
            "the PSF spreads light within the bins, as after merging them or for regions without "
            "an axis. Bin the maps again with psf=True, or leave the PSF out with "
            f"binned.drop_dims({true_dim(dim)!r})"
        )
    return _sharp_light(data, model)


def _sharp_light(data: xr.Dataset, model: SpectralModel) -> SharpLight:
    known = PART_SHARE in data and PART_DISTANCE in data
    lower, upper = (_edges(data, side) for side in (low, high))
    signal = signal_variable(data, model)
    area = values_in_unit(data["solid_angle"], "solid_angle", SOLID_ANGLE_UNIT)
    counts = signal.transpose(DISTANCE, ENERGY).to_numpy() * area[:, None]
    if known:
        at = data[PART_DISTANCE].transpose(DISTANCE, PART)
        share = data[PART_SHARE].transpose(DISTANCE, PART, ...).to_numpy()
        geometry, size = str(at.attrs[GEOMETRY]), float(at.attrs[AXIS_SIZE])
        distance = at.to_numpy()
        half = np.abs(np.gradient(distance, axis=1)) / 2
    else:
        geometry, size = guessed_geometry(data)
        distance, half, share = by_edges(lower, upper, geometry)
        warn_of_rough_bins(data, sky_between(geometry, size, lower, upper), geometry)
    mean = share if share.ndim == 2 else share.mean(axis=2)
    places = Places(*(v.ravel() for v in (distance, distance - half, distance + half)))
    return SharpLight(places, (mean * area[:, None]).ravel(), geometry, size, share, counts)


def _edges(data: xr.Dataset, side: object) -> Float:
    name = side(DISTANCE)  # type: ignore[operator]
    if name not in data.coords:
        raise MissingVariableError(
            f"the binned data have no {name}, so it is not known where their bins end; make them "
            "with maps.profile.bin(bins), of annuli or bins along a line"
        )
    values = values_in_unit(data[name], name, DISTANCE_UNIT)
    if not np.isfinite(values).all():
        raise InvalidDataError(f"{name} is not finite, so the bins have no distance")
    return np.asarray(values, dtype=float)


def _spread_light(data: xr.Dataset, model: SpectralModel) -> SpreadLight:
    coordinate = data[SOURCE_DISTANCE]
    geometry, size = str(coordinate.attrs[GEOMETRY]), float(coordinate.attrs[AXIS_SIZE])
    nodes, lower, upper = (
        np.asarray(values_in_unit(data[n], n, DISTANCE_UNIT), dtype=float)
        for n in (SOURCE_DISTANCE, low(SOURCE_DISTANCE), high(SOURCE_DISTANCE))
    )
    signal = _signal_of_sources(data, model)  # (nsource, nbin, nenergy)
    from_zero = geometry == "radial" and nodes[0] == 0
    places, area = integration(lower, upper, geometry, size)
    seen = resolved((nodes, lower, upper), signal, places, area, mirrored=from_zero)
    response = seen * area[:, None, None]
    share = (
        data[SOURCE_MIXING]
        .sum(DISTANCE)
        .mean([d for d in (ENERGY_TRUE, ENERGY) if d in data[SOURCE_MIXING].dims])
        .to_numpy()
    )
    there = np.interp(places.at, nodes, share)
    rate = np.divide(there.max() - there, there, out=np.zeros_like(there), where=there > 0)
    lost = rate * response.sum(axis=(1, 2))
    return SpreadLight(places, area, geometry, size, response, from_zero, lost)


def _signal_of_sources(data: xr.Dataset, model: SpectralModel) -> Float:
    """Signal counts of light at each distance, for a flux of 1, (nsource, nbin, nenergy)."""
    source, dim = true_dim(DISTANCE), DISTANCE
    names = {SOURCE_DISTANCE: source}
    mixing, exposure = (
        xr.Variable([names.get(str(d), d) for d in v.dims], v.data, v.attrs)
        for v in (data.variables[SOURCE_MIXING], data.variables[SOURCE_EXPOSURE])
    )
    light = data.drop_dims([d for d in (source, SOURCE_DISTANCE) if d in data.dims])
    light = light.assign({PSF_MIXING: mixing, EXPOSURE_TRUE: exposure})
    if EDISP in data and dim in data[EDISP].dims:
        at = _bin_of_sources(data)
        edisp = data.variables[EDISP].isel({dim: at})
        light[EDISP] = xr.Variable([source if d == dim else d for d in edisp.dims], edisp.data)
    signal = mixed_signal(light, model).transpose(source, dim, ENERGY)
    return np.asarray(signal.to_numpy(), dtype=float)


def _bin_of_sources(data: xr.Dataset) -> NDArray[np.intp]:
    """Number of the bin that is nearest to each distance."""
    middle = ((_edges(data, low) + _edges(data, high)) / 2)[:, None]
    return np.asarray(np.abs(middle - data[SOURCE_DISTANCE].to_numpy()).argmin(axis=0))
