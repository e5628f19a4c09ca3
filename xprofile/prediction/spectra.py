"""Energies of a prediction: the spectra of a map of the sky, and how they become counts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..binned.edisp import edisp_table, find_nearest, nearest_to_cells, varies
from ..maps.grid import AnyGrid
from ..maps.healpix.grid import HealpixGrid
from ..maps.pixelgrid import PixelGrid
from ..maps.wcs import pixel_grid
from ..schema.axes import axis_edges, energy_unit
from ..schema.names import EDISP, ENERGY, ENERGY_TRUE, ENERGY_UNIT
from ..spectrum.loglog import interpolate_log_log, node_below
from ..spectrum.models import SpectralModel, integral
from ..spectrum.pixel_folding import folded_pixels
from ..spectrum.response import exposure_nodes
from ..spectrum.table_models import ProductModel, TableModel

__all__ = ["EnergyAxes", "Spectrum", "split_cube"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EnergyAxes:
    """Energies of maps in TeV, and their energy dispersion.

    Parameters
    ----------
    edges : numpy.ndarray
        Edges of the reconstructed energy bins, (nenergy + 1,).
    known : numpy.ndarray
        True energies of the exposure in ascending order, (ntrue,).
    order : numpy.ndarray of int
        Indices of the true energies in this order, (ntrue,).
    nodes : numpy.ndarray
        Energies at which brightness and exposure are multiplied: those of the exposure, and perhaps
        more, (nnode,).
    edges_true : numpy.ndarray
        Edges of the true energy bins, (ntrue + 1,); empty without an energy dispersion.
    edisp : numpy.ndarray
        Energy dispersion (nposition, ntrue, nenergy); empty if there is none.
    places : PixelGrid or None
        Positions of `edisp`, if there are several.
    """

    edges: Float
    known: Float
    order: NDArray[np.intp]
    nodes: Float
    edges_true: Float
    edisp: Float
    places: PixelGrid | None

    @classmethod
    def from_maps(cls, maps: xr.Dataset) -> EnergyAxes:
        """Read the energies of maps."""
        scale = u.Unit(energy_unit(maps)).to(ENERGY_UNIT)
        edges, (known, order) = axis_edges(maps, ENERGY) * scale, exposure_nodes(maps, scale)
        if EDISP not in maps:
            return cls(edges, known, order, known, np.empty(0), np.empty(0), None)
        table = edisp_table(maps)
        table = table.reshape(-1, *table.shape[-2:])
        places = pixel_grid(maps, EDISP) if varies(maps) else None
        edges_true = axis_edges(maps, ENERGY_TRUE) * scale
        return cls(edges, known, order, known, edges_true, table, places)

    @property
    def disperses(self) -> bool:
        """Whether there is an energy dispersion."""
        return bool(self.edisp.size)

    def with_nodes(self, energies: Float) -> EnergyAxes:
        """Return these axes with more nodes, as far as they are in the energy range."""
        inside = energies[(energies > self.edges[0]) & (energies < self.edges[-1])]
        return replace(self, nodes=np.union1d(self.known, inside))

    def at_nodes(self, exposure: Float) -> Float:
        """Exposure (nnode, ny, nx) at the nodes, from that at all true energies of the maps."""
        exposure = exposure[self.order]
        if self.nodes is self.known:
            return exposure
        left, position = node_below(self.known, self.nodes)
        right = np.minimum(left + 1, self.known.size - 1)
        return interpolate_log_log(exposure[left], exposure[right], position[:, None, None])

    def ends(self) -> tuple[float, float]:
        """Lowest and highest energy of the photons."""
        edges = self.edges_true if self.disperses else self.edges
        return float(edges[0]), float(edges[-1])

    def disperse(self, arrived: Float, grid: AnyGrid) -> Float:
        """Counts (nenergy, ny, nx) from photons (ntrue, ny, nx) in the pixels of a grid."""
        flat = arrived.reshape(arrived.shape[0], -1)
        if self.places is None:
            return np.asarray(self.edisp[0].T @ flat).reshape(-1, *grid.shape)
        places = self.places.subgrid(self.places.x, self.places.y)
        if isinstance(grid, HealpixGrid):
            position = nearest_to_cells(grid, places, np.arange(grid.shape[1])[None]).ravel()
        else:
            position = find_nearest(grid, places, grid.y[:, None], grid.x[None]).ravel()
        counts = np.zeros((self.edges.size - 1, flat.shape[1]))
        for place in np.unique(position).tolist():
            here = position == place
            counts[:, here] = self.edisp[place].T @ flat[:, here]
        return counts.reshape(-1, *grid.shape)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The part of the spectra that is the same in all pixels.

    Parameters
    ----------
    axes : EnergyAxes
        Energies of the maps.
    model : SpectralModel
        Differential flux.
    flux : numpy.ndarray
        Its integrals over the true energy bins, (ntrue,), if there is an energy dispersion.
    """

    axes: EnergyAxes
    model: SpectralModel
    flux: Float

    @classmethod
    def from_model(cls, axes: EnergyAxes, model: SpectralModel) -> Spectrum:
        """Integrate a model."""
        flux = integral(model, axes.edges_true) if axes.disperses else np.empty(0)
        return cls(axes, model, flux)

    def counts(self, response: Float, grid: AnyGrid) -> Float:
        """Counts (nenergy, ny, nx) from brightness times exposure (ntrue, ny, nx)."""
        if self.axes.disperses:
            return self.axes.disperse(self.flux[:, None, None] * response, grid)
        flat = response.reshape(response.shape[0], -1)
        known = np.isfinite(flat).all(axis=0)
        counts = np.full((self.axes.edges.size - 1, flat.shape[1]), np.nan)
        axes = self.axes
        counts[:, known] = folded_pixels(self.model, axes.edges, axes.nodes, flat[:, known])
        return counts.reshape(-1, *grid.shape)


def split_cube(
    axes: EnergyAxes, energies: Float, cube: Float, model: SpectralModel
) -> tuple[Float, Spectrum]:
    """Split a cube of brightness into planes and the spectrum that all pixels share.

    With an energy dispersion, planes are integrals over the bins of true energy. Without one, they
    are the ratio to the mean spectrum at the nodes. The ratio is interpolated log-log with the
    exposure: this is exact if the energies of the cube are among the nodes, and otherwise as good
    as the ratio is near to a power law from node to node.

    Parameters
    ----------
    axes : EnergyAxes
        Energies of the maps.
    energies : numpy.ndarray
        Ascending energies in TeV of the cube, (n,).
    cube : numpy.ndarray
        Values (n, ny, nx), finite.
    model : SpectralModel
        Differential flux for the value 1.
    """
    flat = cube.reshape(energies.size, -1)
    if axes.disperses:
        planes = folded_pixels(model, axes.edges_true, energies, flat)
        return planes.reshape(-1, *cube.shape[1:]), Spectrum(axes, model, np.ones(len(planes)))
    mean = TableModel(energies, np.abs(flat).mean(axis=1), u.one)
    at_nodes = [_at(energies, sign * flat, axes.nodes) for sign in (1, -1)]
    usual = mean(axes.nodes * u.Unit(ENERGY_UNIT)).value[:, None]
    difference = at_nodes[0] - at_nodes[1]
    planes = np.divide(difference, usual, out=np.zeros_like(difference), where=usual > 0)
    product = ProductModel((mean, model), u.one, "of the template")
    return planes.reshape(-1, *cube.shape[1:]), Spectrum.from_model(axes, product)


def _at(energies: Float, values: Float, nodes: Float) -> Float:
    """Positive parts of values (n, npixel), log-log at other energies, (nnode, npixel)."""
    left, position = node_below(energies, nodes)
    low, high = (np.maximum(values[left + k], 0.0) for k in (0, 1))  # of two energies or more
    return interpolate_log_log(low, high, position[:, None])
