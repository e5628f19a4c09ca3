"""Maps made from arrays and a WCS."""

from __future__ import annotations

import warnings
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning, WcsError
from numpy.typing import NDArray

from ..exceptions import InvalidDataError, InvalidEnergyError, InvalidOptionError
from ..schema.checks import check_maps
from ..schema.history import extend_history
from ..schema.names import ENERGY, ENERGY_TRUE, ENERGY_UNIT, RAD
from ..schema.units import energy_unit_name
from ..schema.variables import COORDS, MAPS, data_array
from .arrays import cube, exposure_array, plain_array, shaped
from .axes import Axis, add_axis, nodes_axis
from .values import warn_of_values
from .wcs import grid_coords

__all__ = ["from_arrays"]

Float = NDArray[np.float64]

OFF_VARIABLES = ("counts_off", "acceptance", "acceptance_off")

_ON_OFF = "counts_off, acceptance and acceptance_off"


def from_arrays(
    counts: Any,
    *,
    wcs: WCS | fits.Header,
    energy_edges: u.Quantity,
    exposure: Any,
    background: Any = None,
    mask: Any = None,
    edisp: Any = None,
    psf: Any = None,
    rad: u.Quantity | None = None,
    energy_true_edges: u.Quantity | None = None,
    energy_true: u.Quantity | None = None,
    counts_off: Any = None,
    acceptance: Any = None,
    acceptance_off: Any = None,
    exposure_unit: str | u.UnitBase | None = None,
    energy_unit: str = ENERGY_UNIT,
) -> xr.Dataset:
    """Make maps of arrays.

    Parameters
    ----------
    counts : array_like
        Counts (energy, lat, lon), numpy or dask; an image (lat, lon) where there is one energy.
    wcs : astropy.wcs.WCS or astropy.io.fits.Header
        Place of the pixels; of more than two axes the celestial ones are used. The last axis of
        the arrays is the first of the WCS.
    energy_edges : Quantity
        Edges of the counts' energy bins, (nenergy + 1,).
    exposure : Quantity or array_like
        Exposure (energy_true, lat, lon), an image (lat, lon), one value for each energy, or one.
        What has no unit needs `exposure_unit`.
    background : array_like, optional
        Predicted background counts (energy, lat, lon), one value in all pixels for each energy, or
        one in all. Needed without `counts_off`.
    mask : array_like, optional
        True where pixels are used, (energy, lat, lon), (lat, lon) or (energy,).
    edisp : array_like, optional
        Fraction of each true-energy bin in each energy bin, (energy_true, energy).
    psf : array_like, optional
        Point spread function (energy_true, rad), or (rad,) at all energies; in sr-1 if it has no
        unit.
    rad : Quantity, optional
        Angles that the psf is given at.
    energy_true_edges : Quantity, optional
        Edges of the true-energy bins, (ntrue + 1,). The default is `energy_edges`.
    energy_true : Quantity, optional
        Nodes of the exposure, (ntrue,), instead of edges; those are half-way in log energy.
    counts_off, acceptance, acceptance_off : array_like, optional
        On-off data, shaped as `background`; acceptances may be images too.
    exposure_unit : str or Unit, optional
        Unit of an `exposure` without one, such as a dask array.
    energy_unit : str
        Unit of both energy axes.

    Returns
    -------
    xarray.Dataset
        Maps, as `open_maps` gives them. Arrays of full shape are not copied.

    Raises
    ------
    InvalidEnergyError
        If energies have no unit of energy, are too few, or do not ascend.
    InvalidDataError
        If an array has another shape or unit than it should, or the WCS is not one of the sky.
    InvalidOptionError
        If arrays or units that are needed are not given, or exclude each other.

    Warns
    -----
    DataWarning
        If values in memory are not what such maps have, as for `open_maps`.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from astropy.wcs import WCS
    >>> import xprofile
    >>> wcs = WCS(naxis=2)
    >>> wcs.wcs.ctype = ["GLON-CAR", "GLAT-CAR"]
    >>> wcs.wcs.cdelt = [-0.1, 0.1]
    >>> counts = np.ones((3, 20, 40), int)
    >>> maps = xprofile.from_arrays(
    ...     counts,
    ...     wcs=wcs,
    ...     energy_edges=[10, 30, 100, 300] * u.GeV,
    ...     background=0.8,
    ...     exposure=1e11 * u.Unit("cm2 s"),
    ... )
    >>> dict(maps.counts.sizes)
    {'energy': 3, 'lat': 20, 'lon': 40}
    """
    given = {
        "counts": counts,
        "background": background,
        "mask": mask,
        "counts_off": counts_off,
        "acceptance": acceptance,
        "acceptance_off": acceptance_off,
    }
    arrays = {name: plain_array(name, v) for name, v in given.items() if v is not None}
    _check_given(arrays, exposure)
    unit = energy_unit_name(energy_unit)
    axis = _bins(energy_edges, "energy_edges", ENERGY, unit)
    true = _true_axis(axis, energy_true_edges, energy_true, unit)
    sky = _celestial(wcs)
    shape = _image_shape(sky, arrays["counts"])
    maps = xr.Dataset(coords=grid_coords(sky, shape))
    for energies in (axis, true):
        maps = add_axis(maps, energies, energies.name, unit)
    for name, values in arrays.items():
        maps[name] = cube(name, values, (axis.size, *shape))
    maps["exposure"] = cube(
        "exposure", exposure_array(exposure, exposure_unit), (true.size, *shape)
    )
    if "mask" in maps:
        maps["mask"] = maps["mask"].astype(bool)
    maps = _add_responses(maps, edisp, psf, rad)
    check_maps(maps)
    if not any(variable.chunks for variable in maps.variables.values()):
        warn_of_values(maps)
    return extend_history(maps, maps, "from_arrays")


def _check_given(arrays: dict[str, Any], exposure: Any) -> None:
    if "counts" not in arrays or exposure is None:
        raise InvalidOptionError("counts or exposure is None: maps need both")
    off = [name for name in OFF_VARIABLES if name in arrays]
    if off and len(off) < len(OFF_VARIABLES):
        raise InvalidOptionError(f"on-off data need {_ON_OFF}; found {off}")
    if not off and "background" not in arrays:
        raise InvalidOptionError(
            "no background is given: give background=, the predicted counts (0 for none), or for "
            f"on-off data {_ON_OFF}"
        )


def _energies(values: Any, name: str, unit: str, fewest: int) -> Float:
    hint = "give ascending energies with a unit, such as [10, 30, 100] * u.GeV"
    try:
        energies = np.atleast_1d(u.Quantity(values).to_value(unit)).astype(float)
    except (u.UnitConversionError, TypeError):
        raise InvalidEnergyError(
            f"{name} has no unit of energy: found {values!r}; {hint}"
        ) from None
    if energies.ndim != 1 or energies.size < fewest:
        raise InvalidEnergyError(f"{name} needs {fewest} values or more: found {values!r}; {hint}")
    fine = np.isfinite(energies).all() and energies[0] > 0 and np.all(np.diff(energies) > 0)
    if not fine:
        raise InvalidEnergyError(f"{name} must be positive and ascend: found {values!r}; {hint}")
    return energies


def _bins(values: Any, name: str, dim: str, unit: str) -> Axis:
    edges = _energies(values, name, unit, 2)
    return Axis(dim, np.sqrt(edges[1:] * edges[:-1]), edges)


def _true_axis(axis: Axis, edges: Any, nodes: Any, unit: str) -> Axis:
    if edges is not None and nodes is not None:
        raise InvalidOptionError("give energy_true_edges or energy_true, not both")
    if edges is not None:
        return _bins(edges, "energy_true_edges", ENERGY_TRUE, unit)
    if nodes is not None:
        centres = _energies(nodes, "energy_true", unit, 1)
        return nodes_axis(ENERGY_TRUE, centres, "energy_true")
    return Axis(ENERGY_TRUE, axis.centres, axis.edges)


def _celestial(wcs: Any) -> WCS:
    """Celestial part of a WCS or of that of a FITS header."""
    if isinstance(wcs, fits.Header):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FITSFixedWarning)  # dates
            try:
                wcs = WCS(wcs)
            except (WcsError, ValueError) as error:
                raise InvalidDataError(f"the header has no valid WCS: {error}") from error
    if not isinstance(wcs, WCS):
        raise InvalidOptionError(
            f"wcs must be an astropy WCS or a FITS header, found {type(wcs).__name__}"
        )
    if not wcs.has_celestial:
        raise InvalidDataError(
            f"wcs has no celestial axes: ctype is {list(wcs.wcs.ctype)}; give the WCS of the maps, "
            "such as WCS(header)"
        )
    return wcs.celestial


def _image_shape(wcs: WCS, counts: Any) -> tuple[int, int]:
    """Rows and columns: those that the WCS knows, else those of the counts."""
    if counts.ndim not in (2, 3):
        raise InvalidDataError(
            f"counts have the shape {counts.shape}, expected three axes (energy, lat, lon)"
        )
    known = wcs.array_shape
    return tuple(counts.shape[-2:]) if not known or 0 in known else tuple(known)


def _add_responses(maps: xr.Dataset, edisp: Any, psf: Any, rad: Any) -> xr.Dataset:
    ntrue = maps.sizes[ENERGY_TRUE]
    if edisp is not None:
        values = shaped("edisp", plain_array("edisp", edisp), (ntrue, maps.sizes[ENERGY]))
        maps = maps.assign(edisp=data_array("edisp", values, MAPS))
    if psf is None and rad is None:
        return maps
    if psf is None or rad is None:
        raise InvalidOptionError("psf and rad, the angles that it is given at, need each other")
    angles = _angles(rad)
    values = plain_array("psf", psf, MAPS["psf"].unit)
    if values.shape == angles.shape:
        values = np.tile(values, (ntrue, 1))
    values = shaped("psf", values, (ntrue, angles.size))
    maps = maps.assign_coords({RAD: data_array(RAD, angles, COORDS)})
    return maps.assign(psf=data_array("psf", values, MAPS))


def _angles(rad: Any) -> Float:
    hint = "give ascending angles with a unit, such as [0, 0.1, 0.2] * u.deg"
    if not isinstance(rad, u.Quantity):
        raise InvalidOptionError(f"rad has no unit of angle: found {rad!r}; {hint}")
    angles = np.atleast_1d(plain_array(RAD, rad, COORDS[RAD].unit)).astype(float)
    if angles.ndim != 1 or not np.all(np.diff(angles) > 0):
        raise InvalidDataError(f"rad is not one row of ascending angles: {rad!r}; {hint}")
    return angles
