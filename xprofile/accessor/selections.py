"""Methods that select a part, of the accessors of Datasets and DataArrays."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import xarray as xr

from .delegation import calls

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord

__all__ = ["Selections"]

Data = TypeVar("Data", xr.Dataset, xr.DataArray)


class Selections(Generic[Data]):
    """Methods that select a part of maps, binned data, profiles and fits, and their variables."""

    _obj: Data

    @calls("binned.nearest_bins.isel")
    def isel(
        self, indexers: Mapping[Hashable, Any] | None = None, *, drop: bool = False, **by_name: Any
    ) -> Data:
        """Select by number, or the bins that hold Quantities."""
        from ..binned.nearest_bins import isel

        return isel(self._obj, indexers, drop=drop, **by_name)

    @calls("binned.nearest_bins.nearest")
    def nearest(
        self,
        position: SkyCoord | None = None,
        *,
        tolerance: Any = None,
        drop: bool = False,
        **by_name: Any,
    ) -> Data:
        """Select the bin that holds a value or a position."""
        from ..binned.nearest_bins import nearest

        return nearest(self._obj, position, tolerance=tolerance, drop=drop, **by_name)

    @calls("maps.indexing.selecting.select")
    def sel(
        self,
        indexers: Mapping[Hashable, Any] | None = None,
        *,
        position: SkyCoord | None = None,
        method: str | None = None,
        tolerance: Any = None,
        drop: bool = False,
        **by_name: Any,
    ) -> Data:
        """Select by coordinates with Quantities."""
        from ..maps.indexing.selecting import select

        return select(
            self._obj, indexers, position=position, method=method, tolerance=tolerance, drop=drop,
            **by_name,
        )  # fmt: skip
