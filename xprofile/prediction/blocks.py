"""Predictions of chunked maps, one block of pixels after the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from ..binned.members.membership import chunk_slices
from .recipes import Recipe

__all__ = ["lazy_counts"]


def lazy_counts(recipe: Recipe, exposure: xr.Variable) -> Any:
    """Predict counts (energy, lat, lon) as a dask array, with the chunks of the exposure.

    A block needs the exposure of its pixels alone or, with a PSF, of those round it.

    Parameters
    ----------
    recipe : Recipe
        How a brightness becomes counts.
    exposure : xarray.Variable
        Chunked exposure in cm2 s (energy_true, lat, lon).
    """
    import dask.array as da
    from dask.delayed import delayed

    nenergy, chunks = recipe.spectrum.axes.edges.size - 1, exposure.chunks or ()
    if recipe.sky.depends_on_all(recipe.grid):
        whole = recipe.sources(recipe.grid.subgrid(recipe.grid.x, recipe.grid.y))
        recipe = replace(recipe, sky=recipe.sky.for_parts_of(whole))
    shared = delayed(recipe, pure=False, traverse=False)
    predict = delayed(_counts, pure=False)
    blocks: list[list[Any]] = []
    for rows in chunk_slices(chunks[1]):
        blocks.append([])
        for columns in chunk_slices(chunks[2]):
            grid = recipe.grid
            target = grid.subgrid(grid.x[columns], grid.y[rows])
            y, x = recipe.needed(recipe.sources(target))
            found = predict(shared, rows, columns, exposure.data[:, y, x])
            shape = (nenergy, *target.shape)
            block = da.from_delayed(found, shape, float)  # type: ignore[no-untyped-call]
            blocks[-1].append(block)
    return da.block(blocks)  # type: ignore[no-untyped-call]


def _counts(recipe: Recipe, rows: slice, columns: slice, exposure: Any) -> Any:
    return recipe.counts(rows, columns, np.asarray(exposure))[0]
