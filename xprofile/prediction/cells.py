"""Counts that a brightness predicts in cells of HEALPix, from the exposure of those round them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..binned.edisp import nearest_to_cells
from ..binned.members.membership import chunk_slices
from ..binned.mixing.maps_psf import MapsPsf
from ..binned.psf.mixing import spread_cells
from ..exceptions import TooLargeError
from ..maps.healpix.grid import HealpixGrid
from ..maps.healpix.library import healpix_library
from ..maps.pixelgrid import PixelGrid
from ..maps.wcs import pixel_grid
from ..schema.names import ENERGY, PSF
from .emission import MOST_PIXELS, Sky
from .nearby import larger_cells_within
from .spectra import Spectrum

__all__ = ["CellRecipe"]

Float = NDArray[np.float64]
Int = NDArray[np.int64]

# Ratio of the angle that photons go to the side of the larger cells that are looked at to find
# those that emit. With ten times more, a PSF of 1 deg needs ten million of them; with a tenth, ten
# times the cells of the map are compared with all others.
_STEPS = 2.0


@dataclass(frozen=True, eq=False)
class CellRecipe:
    """How a brightness becomes counts in the cells of maps.

    Parameters
    ----------
    grid : HealpixGrid
        The cells of the maps.
    sky : Sky
        The brightness.
    spectrum : Spectrum
        Its spectrum, and the energies of the maps.
    psf : MapsPsf or None
        Point spread function, if it is applied.
    places : PixelGrid or None
        Its positions, if there are several.
    """

    grid: HealpixGrid
    sky: Sky
    spectrum: Spectrum
    psf: MapsPsf | None
    places: PixelGrid | None

    @classmethod
    def from_maps(
        cls,
        maps: xr.Dataset,
        grid: HealpixGrid,
        sky: Sky,
        spectrum: Spectrum,
        psf: MapsPsf | None,
    ) -> CellRecipe:
        """Take the PSF of maps."""
        places = pixel_grid(maps, PSF) if psf is not None and psf.on_grid else None
        return cls(grid, sky, spectrum, psf, places)

    def predict(self, exposure: xr.Variable) -> tuple[Any, Float | None]:
        """Predict counts (energy, cell), as a dask array if the exposure (energy_true, cell) is.

        Also the share of each cell in which the brightness is known, (1, cell); None of dask.
        """
        every = slice(0, self.grid.shape[1])
        if not exposure.chunks:
            sources, known = self._sources(every)
            return self.counts(every, sources, exposure.to_numpy()[:, known])
        import dask.array as da
        from dask.delayed import delayed

        recipe = self
        if self.sky.depends_on_all(self.grid):
            recipe = replace(self, sky=self.sky.for_parts_of(self._sources(every)[0]))
        shared, blocks = delayed(recipe, pure=False, traverse=False), []
        predict = delayed(_counts, pure=False)
        nenergy = self.spectrum.axes.edges.size - 1
        for cells in chunk_slices(exposure.chunks[1]):
            if self.psf is None:
                found = predict(shared, cells, exposure.data[:, cells])
            else:
                sources, known = self._sources(cells)
                needed, index = np.unique(known, return_inverse=True)
                found = predict(shared, cells, exposure.data[:, needed], (sources, index))
            shape = nenergy, cells.stop - cells.start
            blocks.append(da.from_delayed(found, shape, float))  # type: ignore[no-untyped-call]
        return da.concatenate(blocks, axis=1), None  # type: ignore[no-untyped-call]

    def counts(
        self, cells: slice, sources: HealpixGrid, exposure: NDArray[np.generic]
    ) -> tuple[Float, Float]:
        """Predict counts (nenergy, ncell) of some cells, and the share that is known, (1, ncell).

        Parameters
        ----------
        cells : slice
            Flat indices of the cells.
        sources : HealpixGrid
            Those whose photons can reach them; they are the first of these.
        exposure : numpy.ndarray
            Exposure of the sources in cm2 s (ntrue, nsource).
        """
        values = self.spectrum.axes.at_nodes(exposure[:, None].astype(np.float64))
        brightness, covered = self.sky.on(sources)
        emitted = brightness * sources.cell_solid_angle * values
        if self.psf is None:
            return self.spectrum.counts(emitted, sources)[:, 0], covered
        target = _some_cells(self.grid, cells)
        emitted = np.where(np.isfinite(emitted), emitted, 0.0)
        return self._spread(emitted, sources, target)[:, 0], covered[:, : target.shape[1]]

    def _spread(self, emitted: Float, sources: HealpixGrid, target: HealpixGrid) -> Float:
        """Counts (nenergy, 1, ncell), from brightness times exposure (ntrue, 1, nsource)."""
        assert self.psf is not None
        reconstructed = self.psf.dim == ENERGY
        if reconstructed:
            emitted = self.spectrum.counts(emitted, sources)
        some = np.flatnonzero((emitted[:, 0] != 0).any(axis=0))
        position = None
        if self.places is not None:
            position = nearest_to_cells(sources, self.places, some[None])[0].astype(np.intp)
        spread = self.psf.spread
        if not reconstructed and spread.nenergy > 1:
            spread = spread.take(self.spectrum.axes.order)
        vectors = sources.pixel_vectors(some)
        seen = spread_cells(target, vectors, emitted[:, 0, some], spread, position=position)
        if not (emitted < 0).any():
            seen = np.maximum(seen, 0.0)  # rounding of transforms
        seen = seen[:, None]
        return seen if reconstructed else self.spectrum.counts(seen, target)

    def _sources(self, cells: slice) -> tuple[HealpixGrid, Int]:
        """Cells whose photons reach some, those first, and flat indices of known exposures.

        Beyond the map, the exposure is that of the nearest cell.
        """
        target, own = _some_cells(self.grid, cells), np.arange(cells.start, cells.stop)
        if self.psf is None or target.whole_sky:
            return target, own
        reach = float(self.psf.spread.reach.max())
        beside = _cells_round(target, reach)
        place = self.grid.find_nested(beside)
        beyond = place < 0
        if beyond.any():
            known = self.grid.pixel_vectors(np.arange(self.grid.shape[1]))
            core = healpix_library().core
            lost = np.stack(core.healpix_to_xyz(beside[beyond], target.nside, order="nested"))
            place[beyond] = cKDTree(known.T).query(lost.T)[1]
        numbers = np.concatenate([target.nested, beside])
        sources = HealpixGrid(target.level, "nested", target.frame, numbers)
        return sources, np.concatenate([own, place])


def _counts(
    recipe: CellRecipe, cells: slice, exposure: Any, reaching: tuple[HealpixGrid, Int] | None = None
) -> Any:
    """Predict the counts of a block, from its exposure, or that of the cells that reach it."""
    values = np.asarray(exposure)
    if reaching is None:
        return recipe.counts(cells, _some_cells(recipe.grid, cells), values)[0]
    return recipe.counts(cells, reaching[0], values[:, reaching[1]])[0]


def _some_cells(grid: HealpixGrid, cells: slice) -> HealpixGrid:
    """Return the grid of some of the cells."""
    if cells.stop - cells.start == grid.shape[1]:
        return grid
    ids = grid.numbers(np.arange(cells.start, cells.stop))
    return HealpixGrid(grid.level, grid.indexing_scheme, grid.frame, ids)


def _cells_round(target: HealpixGrid, reach: float) -> Int:
    """Nested numbers of the cells beside some, up to an angle in rad away.

    Raises
    ------
    TooLargeError
        If there are so many that they do not fit into memory.
    """
    side = np.sqrt(target.cell_solid_angle)
    steps = int(np.clip(np.floor(np.log2(max(reach / _STEPS / side, 1.0))), 0, target.level))
    level, core = target.level - steps, healpix_library().core
    larger = larger_cells_within(np.unique(target.nested >> 2 * steps), level, reach)
    if larger.size * 4**steps > MOST_PIXELS:
        raise TooLargeError(
            f"the PSF carries photons over {np.degrees(reach):.3g} deg, from {larger.size:.3g} x "
            f"{4**steps} cells; make the cells larger with maps.profile.coarsen, or leave the PSF "
            "out by psf=False"
        )
    found = (larger[:, None] * 4**steps + np.arange(4**steps)).ravel()
    found = found[target.find_nested(found) < 0]
    vectors = np.stack(core.healpix_to_xyz(found, target.nside, order="nested")).T
    own = target.pixel_vectors(np.arange(target.shape[1])).T
    near = cKDTree(own).query(vectors, distance_upper_bound=_chord(reach + side))[0]
    return np.asarray(found[np.isfinite(near)], np.int64)


def _chord(angle: float) -> float:
    return float(2 * np.sin(min(angle, np.pi) / 2))
