"""Maps of ctools: weights beside the counts, and background rates at nodes of energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from ...exceptions import FileFormatError
from ...maps.pixelgrid import PixelGrid, pixel_numbers
from ..fits.cubes import Array, Cube, Key
from ..fits.derived_cubes import EnergyInterpolatedCube, scaled_cube
from ..fits.skymap import SkyMap
from ..fits.units import parse_unit, unit_factor

__all__ = ["WEIGHTS", "IntegratedRateCube", "counts_of_rate", "is_background_rate"]

Float = NDArray[np.float64]
WEIGHTS = "WEIGHTS"  # image beside the counts: selected share of each pixel
RATE_UNIT = "s-1 MeV-1 sr-1"  # of ctbkgcube, which does not write a unit


def is_background_rate(image: SkyMap) -> bool:
    """Whether a background is a rate, as ctbkgcube writes it, and not a number of counts.

    A rate has the unit of a rate. Without a unit, it has values at nodes of energy.
    """
    if image.has_no_unit:
        return image.axes[0].at_nodes and not image.has_bands
    return bool(parse_unit(image.unit, image.label).is_equivalent(RATE_UNIT))


def counts_of_rate(cube: Cube, image: SkyMap, counts: SkyMap, livetime: float | None) -> Cube:
    """Return the background counts of a rate.

    Parameters
    ----------
    cube : Cube
        Rate at the nodes of `image`, on the pixels of the counts.
    image : SkyMap
        Map of the rate, which gives energies and unit.
    counts : SkyMap
        Map of the counts, which gives bins and pixels.
    livetime : float or None
        Live time in s.

    Raises
    ------
    FileFormatError
        If the live time is not known.
    """
    if livetime is None:
        raise FileFormatError(
            f"{image.label} is a background rate, and no header has a LIVETIME for it; give an "
            "exposure of ctexpcube, which has one, or livetime=..., a Quantity of time"
        )
    factor = unit_factor(image.unit or RATE_UNIT, "s-1 TeV-1 sr-1", image.label)
    rate = scaled_cube(cube, factor, np.dtype(float))
    nodes, edges = image.axes[0].centres, counts.axes[0].edges
    return IntegratedRateCube(rate, nodes, edges, counts.wcs, livetime)


@dataclass(frozen=True, eq=False)
class IntegratedRateCube(Cube):
    """Counts of a rate at nodes of energy, integrated over energy bins, solid angle and time.

    Between the nodes the rate is a power law; next to a node with the value 0 it is linear.

    Parameters
    ----------
    rate : Cube
        Rate in s-1 TeV-1 sr-1, (nnode, ny, nx).
    nodes, edges : numpy.ndarray
        Energies of the planes, (nnode,), and edges of the bins, (nenergy + 1,), in TeV.
    wcs : astropy.wcs.WCS
        Celestial WCS.
    livetime : float
        Live time in s.
    """

    rate: Cube
    nodes: Float
    edges: Float
    wcs: WCS
    livetime: float

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape with the axis of bins."""
        return (self.edges.size - 1, *self.rate.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """Type of the counts."""
        return np.dtype(float)

    def read_block(self, key: Key) -> Array:
        """Return the counts for a slice or an array of indices along each axis."""
        inner = self.nodes[(self.nodes > self.edges[0]) & (self.nodes < self.edges[-1])]
        ends = np.union1d(self.edges, inner)
        at_ends = EnergyInterpolatedCube(self.rate, self.nodes, ends)
        values = at_ends.read_block((slice(None), *key[1:])).astype(float)
        first = np.searchsorted(ends, self.edges[:-1])
        per_angle = np.add.reduceat(_segment_integrals(ends, values), first, axis=0)
        y, x = (pixel_numbers(n)[k] for n, k in zip(self.shape[1:], key[1:], strict=True))
        area = PixelGrid(self.wcs, x, y).solid_angle(x, y[:, None])
        return np.asarray(per_angle[key[0]] * area * self.livetime)


def _segment_integrals(energy: Float, values: Float) -> Float:
    """Integrate between neighbouring energies: power laws, or straight lines next to a 0."""
    low, high = values[:-1], values[1:]
    step = np.diff(energy)[:, None, None]
    log = np.log(energy[1:] / energy[:-1])[:, None, None]
    positive = (low > 0) & (high > 0)
    with np.errstate(invalid="ignore"):
        ratio = np.divide(high, low, out=np.ones_like(low), where=positive)
    power = np.log(ratio) + log  # (index + 1) times the logarithm of the ratio of energies
    growth = np.divide(np.expm1(power), power, out=np.ones_like(power), where=power != 0)
    power_law = low * energy[:-1, None, None] * log * growth
    return np.where(positive, power_law, (low + high) / 2 * step)
