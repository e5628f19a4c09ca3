"""All that is needed to predict counts in any pixels of maps, from the exposure round them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..binned.edisp import find_nearest
from ..binned.mixing.maps_psf import MapsPsf
from ..binned.psf.mixing import spread_pixels
from ..maps.pixelgrid import PixelGrid
from ..maps.wcs import pixel_grid
from ..schema.names import ENERGY, PSF
from .emission import Sky, known_pixels, surrounding
from .spectra import Spectrum

__all__ = ["Recipe"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Recipe:
    """How a brightness becomes counts on the pixels of maps.

    Parameters
    ----------
    grid : PixelGrid
        The pixels of the maps.
    everywhere : PixelGrid
        All pixels that photons come from.
    sky : Sky
        The brightness.
    spectrum : Spectrum
        Its spectrum, and the energies of the maps.
    psf : MapsPsf or None
        Point spread function, if it is applied.
    places : PixelGrid or None
        Its positions, if there are several.
    """

    grid: PixelGrid
    everywhere: PixelGrid
    sky: Sky
    spectrum: Spectrum
    psf: MapsPsf | None
    places: PixelGrid | None

    @classmethod
    def from_maps(
        cls,
        maps: xr.Dataset,
        grid: PixelGrid,
        everywhere: PixelGrid,
        sky: Sky,
        spectrum: Spectrum,
        psf: MapsPsf | None,
    ) -> Recipe:
        """Take the PSF of maps, and compute what several threads cannot at the same time."""
        places = pixel_grid(maps, PSF) if psf is not None and psf.on_grid else None
        for one in (grid, everywhere, sky.grid, places, spectrum.axes.places):
            if isinstance(one, PixelGrid):
                one.subgrid(one.x, one.y)  # now the WCS need not be asked again
        return cls(grid, everywhere, sky, spectrum, psf, places)

    def sources(self, target: PixelGrid) -> PixelGrid:
        """Pixels whose photons can reach those of a part of the maps."""
        if self.psf is None:
            return target
        whole = self.everywhere
        if not target.separable and not self.grid.on_sky.all():
            # neighbours may be at the other side of the map
            return whole.subgrid(whole.x, whole.y)
        near = surrounding(target, float(self.psf.spread.reach.max()))
        x, y = (
            one[(one >= all_of_it[0]) & (one <= all_of_it[-1])]
            for one, all_of_it in ((near.x, whole.x), (near.y, whole.y))
        )
        if target.separable and whole.x.size >= target.full_turn / 2:  # columns go round the sky
            x = near.x if target.whole_turn else whole.x
        return near.subgrid(x, y)

    def needed(self, sources: PixelGrid) -> tuple[slice, slice]:
        """Rows and columns of the maps whose exposure is needed."""
        rows, columns = self._known(sources, self.grid)
        return slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)

    def _known(self, sources: PixelGrid, known: PixelGrid) -> tuple[NDArray[np.intp], ...]:
        turn = self.grid.whole_turn
        return known_pixels(sources.y, known.y, 0), known_pixels(sources.x, known.x, turn)

    def counts(
        self, rows: slice, columns: slice, exposure: NDArray[np.generic]
    ) -> tuple[Float, Float]:
        """Predict counts.

        Parameters
        ----------
        rows, columns : slice
            Pixels of the maps.
        exposure : numpy.ndarray
            Exposure in cm2 s (ntrue, ny, nx) of the pixels that are `needed` for them.

        Returns
        -------
        counts : numpy.ndarray
            (nenergy, nrow, ncolumn).
        covered : numpy.ndarray
            Share of each pixel for which the brightness is known, (nrow, ncolumn).
        """
        target = self.grid.subgrid(self.grid.x[columns], self.grid.y[rows])
        sources = self.sources(target)
        y, x = self.needed(sources)
        known = self._known(sources, self.grid.subgrid(self.grid.x[x], self.grid.y[y]))
        values = exposure[:, known[0][:, None], known[1]].astype(np.float64)
        values = self.spectrum.axes.at_nodes(values)
        brightness, covered = self.sky.on(sources)
        area = np.where(sources.on_sky, sources.solid_angle(sources.x, sources.y[:, None]), 0.0)
        emitted = brightness * area * values
        if self.psf is None:
            return self.spectrum.counts(emitted, target), covered
        emitted = np.where(np.isfinite(emitted), emitted, 0.0)
        at = np.searchsorted(sources.y, target.y), self._columns(sources, target)
        return self._spread(emitted, sources, target), covered[at[0][:, None], at[1]]

    def _columns(self, sources: PixelGrid, target: PixelGrid) -> NDArray[np.intp]:
        return known_pixels(target.x, sources.x, self.grid.whole_turn)

    def _spread(self, emitted: Float, sources: PixelGrid, target: PixelGrid) -> Float:
        """Counts in the target pixels, from brightness times exposure (ntrue, ny, nx)."""
        assert self.psf is not None
        reconstructed = self.psf.dim == ENERGY
        if reconstructed:
            emitted = self.spectrum.counts(emitted, sources)
        flat = emitted.reshape(emitted.shape[0], -1)
        some = np.flatnonzero((flat != 0).any(axis=0))
        row, column = np.divmod(some, sources.x.size)
        position = None
        if self.places is not None:
            places = self.places.subgrid(self.places.x, self.places.y)
            nearest = find_nearest(sources, places, sources.y[:, None], sources.x[None])
            position = nearest.ravel()[some]
        spread = self.psf.spread
        if not reconstructed and spread.nenergy > 1:
            spread = spread.take(self.spectrum.axes.order)
        pixels = sources.x[column], sources.y[row]
        seen = spread_pixels(target, pixels, flat[:, some], spread, position=position)
        if not (flat < 0).any():
            seen = np.maximum(seen, 0.0)  # rounding of transforms
        return seen if reconstructed else self.spectrum.counts(seen, target)
