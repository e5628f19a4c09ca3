"""Maps of ctools: weights beside the counts, background rates, and cubes of PSF and migration.

Format: each cube is an image without a unit that GammaLib writes with the name IMAGE. Beside it is
a table ENERGIES with nodes of energy, or EBOUNDS with bins in older files, and for the responses a
table of the nodes of the other axis, DELTAS or MIGRAS.
"""

from __future__ import annotations

import warnings

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from ...exceptions import DataWarning, FileFormatError
from ...maps.axes import Axis, nodes_axis, same_axis
from ...schema.names import ENERGY_TRUE, ENERGY_UNIT, RAD
from ...schema.warning_place import user_stacklevel
from ...schema.written_units.parsing import without_events
from ..fits.arrays import image_values
from ..fits.bands_tables import MIGRA
from ..fits.cubes import Cube
from ..fits.derived_cubes import scaled_cube
from ..fits.files import FitsFile
from ..fits.image_axes import axis_from_ebounds, axis_from_energies
from ..fits.rate_cubes import IntegratedRateCube
from ..fits.skymap import SkyMap, read_wcs
from ..fits.table_columns import column_in_unit
from ..fits.units import parse_unit, unit_factor
from .responses import Response

__all__ = [
    "RATE_UNIT",
    "WEIGHTS",
    "counts_of_rate",
    "has_edispcube",
    "has_psfcube",
    "is_background_rate",
    "is_ctbkgcube",
    "read_edispcube",
    "read_psfcube",
]

Float = NDArray[np.float64]
WEIGHTS = "WEIGHTS"  # image beside the counts: selected share of each pixel
RATE_UNIT = "s-1 MeV-1 sr-1"  # of ctbkgcube, which does not write a unit
_DELTAS, _MIGRAS = "DELTAS", "MIGRAS"
_IMAGE = "IMAGE"  # name that GammaLib gives an image without another name


def is_ctbkgcube(file: FitsFile, image: SkyMap) -> bool:
    """Whether ctbkgcube wrote an image: rates at nodes, or in older files in bins of EBOUNDS.

    Cubes of counts, of ctbin, ctmodel and the Fermi tools, also have EBOUNDS. They have another
    name, and good time intervals beside them.
    """
    if image.unit is not None:
        return False
    counts = any(name in file for name in ("GTI", "COUNTS", WEIGHTS))
    return is_background_rate(image) or (_is_bare(image) and "EBOUNDS" in file and not counts)


def _is_bare(image: SkyMap) -> bool:
    return image.hdu == _IMAGE and not image.has_bands


def is_background_rate(image: SkyMap) -> bool:
    """Whether a background is a rate, as ctbkgcube writes it, and not a number of counts.

    A rate has the unit of a rate. Without a unit, it has values at nodes of energy.
    """
    if image.has_no_unit:
        return bool(image.axes) and image.axes[0].at_nodes and not image.has_bands
    return bool(without_events(parse_unit(image.unit, image.label)).is_equivalent(RATE_UNIT))


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
    axis, bins = image.axes[0], counts.axes[0]
    whole_bins = _is_bare(image) and not axis.at_nodes and same_axis(axis.edges, bins.edges)
    nodes = None if whole_bins else axis.centres
    return IntegratedRateCube(rate, nodes, bins.edges, counts.wcs, livetime)


def has_psfcube(file: FitsFile) -> bool:
    """Whether ctpsfcube wrote the file."""
    return _DELTAS in file


def read_psfcube(file: FitsFile) -> Response:
    """Read a PSF of ctpsfcube, in sr-1: angles in deg in a table DELTAS.

    Raises
    ------
    FileFormatError
        If a table or column is missing, or the shape of the image differs from them.
    """
    values, energy, rad, label, wcs = _read_cube(file, _DELTAS, RAD, "deg")
    file.notes.append(f"{label} in sr-1")
    return Response(values, (energy, rad), "sr-1", label, wcs)


def has_edispcube(file: FitsFile) -> bool:
    """Whether ctedispcube wrote the file."""
    return _MIGRAS in file


def read_edispcube(file: FitsFile) -> Response:
    """Read an energy dispersion of ctedispcube: values at nodes of migra in a table MIGRAS.

    The values are taken as relative ones, and normalised at each energy and position: GammaLib
    normalises the response from which it makes the cube, and the factor depends on its version.

    Raises
    ------
    FileFormatError
        If a table or column is missing, the shape of the image differs from them, or values are
        not finite.

    Warns
    -----
    DataWarning
        If values are missing at some energies.
    """
    values, energy, migra, label, wcs = _read_cube(file, _MIGRAS, MIGRA, "")
    if not np.isfinite(values).all():
        raise FileFormatError(
            f"{label} has values that are not finite, expected numbers >= 0; make it again with "
            "ctedispcube"
        )
    values = np.maximum(values, 0)
    width = np.diff(migra.edges)[:, None, None]
    total = (values * width).sum(axis=1, keepdims=True)
    density = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    _warn_of_empty_energies(density, energy, label)
    file.notes.append(f"{label} normalised over migra")
    return Response(density, (energy, migra), None, label, wcs)


def _warn_of_empty_energies(density: Float, energy: Axis, label: str) -> None:
    empty = ~density.any(axis=(1, 2, 3))
    if empty.any():
        low, high = energy.centres[empty][[0, -1]]
        warnings.warn(
            f"{label} has no values at {empty.sum()} of {empty.size} true energies, from {low:.3g} "
            f"to {high:.3g} TeV, so these predict no signal; expected values at all energies: make "
            "it again with ctedispcube, or do without it by edisp=None",
            DataWarning,
            stacklevel=user_stacklevel(),
        )


def _read_cube(
    file: FitsFile, table: str, name: str, unit: str
) -> tuple[Float, Axis, Axis, str, WCS]:
    """Read values (nnode, n, ny, nx), the axes of energy and of a table, the label and the WCS."""
    hdu = next((one for one in file.hdus if one.is_image and one.header["NAXIS"] > 2), file.hdus[0])
    label = f"{hdu.name} of {file.label}"
    wcs, pixels = read_wcs(hdu)
    energy = _read_energies(file, label)
    columns = getattr(file[table], "columns", None)
    column = columns.names[0] if columns is not None and len(columns) else "Value"
    nodes = column_in_unit(file[table], column, unit, unit, file.notes)
    axis = nodes_axis(name, nodes, unit, f"{table} of {file.label}", log=False)
    shape = (energy.size, axis.size, *pixels)
    planes = hdu.shape[:-2]
    if planes not in (shape[:2], (shape[0] * shape[1],)) or 0 in pixels:
        raise FileFormatError(
            f"{label} has the shape {hdu.shape}, expected {shape} from its energies, the table "
            f"{table} and two axes of positions"
        )
    values = image_values(hdu).reshape(shape).astype(np.float64)
    return values, energy, axis, label, wcs


def _read_energies(file: FitsFile, label: str) -> Axis:
    """Read true energies as nodes: a table ENERGIES, or the centres of the bins of EBOUNDS."""
    if "ENERGIES" in file:
        nodes = axis_from_energies(file["ENERGIES"], file.notes).centres
    elif "EBOUNDS" in file:
        nodes = axis_from_ebounds(file["EBOUNDS"], file.energy_unit).centres
    else:
        raise FileFormatError(
            f"{label} has no energies: HDUs ENERGIES and EBOUNDS are missing; found "
            f"{file.hdu_names}"
        )
    return nodes_axis(ENERGY_TRUE, nodes, ENERGY_UNIT, f"energies of {file.label}")
