"""Selection of the bins that hold values or positions, and by their numbers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from ..exceptions import InvalidOptionError, MissingVariableError, NotFoundError
from ..maps.indexing.nearest import select_position
from ..maps.indexing.selecting import select
from ..maps.sphere import fixed_positions
from ..schema.axes import pair_bins
from ..schema.names import REGION, high, low
from ..schema.options import suggests_options
from ..schema.stages import grid_names, is_healpix
from .bin_numbers import numbers_in_range, numbers_of_bins
from .holding_regions import regions_that_hold

__all__ = ["isel", "nearest"]

Data = TypeVar("Data", xr.Dataset, xr.DataArray)
Float = NDArray[np.float64]
Int = NDArray[np.intp]


@suggests_options
def nearest(
    data: Data,
    position: SkyCoord | None = None,
    *,
    tolerance: Any = None,
    drop: bool = False,
    **by_name: Any,
) -> Data:
    """Select the bin that holds a value or a position, by its edges or its region.

    `select` compares centres; here, an energy is in the bin from ``energy_min`` to ``energy_max``.
    A value beyond all bins is an error, unless it is within `tolerance` of one.

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        Maps, binned data, a profile or a fit, or one of their variables.
    position : SkyCoord, optional
        In any frame, one or several (n,). Of bins, the first whose ``region`` holds it is
        selected; of maps, the pixel.
    tolerance : Quantity or float, optional
        Largest distance of a value from a bin, in the unit of the coordinate; or of a position from
        the centre of a bin, in deg. Beyond all bins, the nearest one within it is selected.
    drop : bool
        Whether scalar coordinates are left out.
    **by_name
        Values by the name of a coordinate: Quantities, which are converted to its unit, or numbers
        in this unit, one or several. A bin includes its lower edge, and the last one both. Of
        coordinates without edges, such as ``time``, the nearest value is selected.

    Returns
    -------
    xarray.Dataset or xarray.DataArray
        The selected part, with edges, regions and attributes; of a profile, the same bins are along
        the second dim of its ``covariance``.

    Raises
    ------
    MissingVariableError
        If the data have no such coordinate.
    InvalidOptionError
        If nothing is given to select, or a Quantity is of another kind than the coordinate.
    NotFoundError
        If no bin holds a value or position.

    See Also
    --------
    xprofile.select : Select by centres and by ranges, as `xarray.Dataset.sel`.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> profile = maps.profile.estimate(rings, energy_edges=[10, 100, 2000] * u.GeV)
    >>> one = xprofile.nearest(profile, projected_distance=50 * u.arcmin, energy=300 * u.GeV)
    >>> one.projected_distance_min.item(), one.energy_min.item()
    (0.5, 0.1)
    >>> profile.profile.nearest(SkyCoord("17h45m40s", "-29d00m28s")).projected_distance.item()
    0.25
    """
    if position is None and not by_name:
        raise InvalidOptionError(
            "nothing was given to select by; give a position=SkyCoord(...), or a value such as "
            "projected_distance=0.5 * u.deg"
        )
    if position is not None:
        data = _select_by_position(data, position, tolerance if not by_name else None, drop)
    for name, value in by_name.items():
        data = _select_by_value(data, name, value, tolerance, drop)
    return pair_bins(data)


def _select_by_position(data: Data, position: SkyCoord, tolerance: Any, drop: bool) -> Data:
    """Select the bins whose regions hold positions; of maps the pixels."""
    on_map = is_healpix(data) or set(grid_names(data)) & set(data.coords)
    usable = isinstance(position, SkyCoord) and position.ndim < 2
    if on_map or not usable or REGION not in data.coords:
        return select_position(data, position, tolerance, drop)
    dim = str(data[REGION].dims[0]) if data[REGION].ndim else None
    if dim is None:
        raise MissingVariableError("the data have a single bin and no dim of bins; leave it as is")
    places = fixed_positions(position.reshape(-1), "position")
    numbers = regions_that_hold(data[REGION].to_numpy(), places)
    if tolerance is not None and np.any(numbers < 0):
        return select_position(data, position, tolerance, drop)
    if np.any(numbers < 0):
        one = places[numbers < 0][0].to_string("decimal")
        raise NotFoundError(
            f"no bin holds the position {one} ({places.frame.name}); select another one, or the "
            "bin with the nearest centre within tolerance=..., such as 1 * u.deg"
        )
    return data.isel({dim: int(numbers[0]) if position.isscalar else numbers}, drop=drop)


def _select_by_value(data: Data, name: str, value: Any, tolerance: Any, drop: bool) -> Data:
    """Select the bins that hold values of a coordinate."""
    if isinstance(value, slice):
        raise InvalidOptionError(
            f"{name}={value!r} is a range; select it with sel, or give values to nearest"
        )
    if name not in data.coords:
        raise MissingVariableError(
            f"the data have no coordinate {name!r}; they have {list(data.coords)}"
        )
    if not {low(name), high(name)} <= set(data.coords):
        return select(data, {name: value}, method="nearest", tolerance=tolerance, drop=drop)
    numbers = numbers_of_bins(data, name, value, tolerance)
    if not data[low(name)].ndim:  # one bin was selected before, and it is the one
        return data
    dim = str(data[low(name)].dims[0])
    return data.isel({dim: numbers if numbers.ndim else int(numbers)}, drop=drop)


@suggests_options
def isel(
    data: Data,
    indexers: Mapping[Hashable, Any] | None = None,
    *,
    drop: bool = False,
    **by_name: Any,
) -> Data:
    """Select by number, as `xarray.Dataset.isel`; a Quantity stands for the bin that holds it.

    Parameters
    ----------
    data : xarray.Dataset or xarray.DataArray
        Maps, binned data, a profile or a fit, or one of their variables.
    indexers : dict, optional
        By the name of a dim: numbers, slices of them, or anything that `xarray.Dataset.isel` takes;
        or a Quantity with the values of `nearest`. A slice of Quantities selects the bins that
        overlap with the range; one of position angles from 350 to 10 deg goes through 0.
    drop : bool
        Whether scalar coordinates are left out.
    **by_name
        The same as `indexers`, as keyword arguments.

    Returns
    -------
    xarray.Dataset or xarray.DataArray
        The selected part, with edges, regions and attributes; of a profile, the same bins are along
        the second dim of its ``covariance``.

    Raises
    ------
    MissingVariableError
        If a Quantity is given for a dim without the edges of its bins.
    InvalidOptionError
        If a Quantity is of another kind than the coordinate, or one end of a slice is a number.
    NotFoundError
        If no bin holds a Quantity, or none overlaps with a range.

    See Also
    --------
    xprofile.nearest : Select the bin that holds a value or a position.
    xprofile.select : Select by centres, as `xarray.Dataset.sel`.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> binned = maps.profile.bin(rings)
    >>> inner = binned.profile.isel(projected_distance=slice(0 * u.deg, 1 * u.deg), energy=-1)
    >>> inner.projected_distance.values
    array([0.25, 0.75])
    """
    wanted = dict(indexers or {}) | dict[Hashable, Any](by_name)
    numbers = {name: _as_numbers(data, name, value) for name, value in wanted.items()}
    return pair_bins(data.isel(numbers, drop=drop))


def _as_numbers(data: xr.Dataset | xr.DataArray, name: Hashable, value: Any) -> Any:
    """Numbers of the bins that hold Quantities; other values as they are."""
    ends = [value.start, value.stop] if isinstance(value, slice) else [value]
    if not any(isinstance(end, u.Quantity) for end in ends):
        return value
    edges = [low(str(name)), high(str(name))]
    if not {*edges} <= set(data.coords) or not data[edges[0]].ndim:
        raise MissingVariableError(
            f"the bins of {name} have no edges {edges[0]} and {edges[1]}, so it is not known which "
            f"one holds {value!r}; give its number, or use sel"
        )
    if not isinstance(value, slice):
        found = numbers_of_bins(data, str(name), value)
        return found if found.ndim else int(found)
    return numbers_in_range(data, str(name), value)
