"""Responses of ctools: cubes of the PSF and of the energy dispersion.

Format: each cube is an image without a unit that GammaLib writes with the name IMAGE. Beside it is
a table ENERGIES with nodes of energy, or EBOUNDS with bins in older files, and a table of the nodes
of the other axis, DELTAS or MIGRAS.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from astropy.wcs import WCS
from numpy.typing import NDArray

from ....exceptions import DataWarning, FileFormatError
from ....maps.axes import Axis, nodes_axis
from ....schema.names import ENERGY_TRUE, ENERGY_UNIT, RAD
from ....schema.warning_place import user_stacklevel
from ...fits.arrays import image_values
from ...fits.bands_tables import MIGRA
from ...fits.files import FitsFile
from ...fits.image_axes import axis_from_ebounds, axis_from_energies
from ...fits.reading.skymaps import read_wcs
from ...fits.table_columns import column_in_unit
from ..responses import Hdu, Response

__all__ = ["has_edispcube", "has_psfcube", "read_edispcube", "read_psfcube"]

Float = NDArray[np.float64]
_DELTAS, _MIGRAS = "DELTAS", "MIGRAS"

# Mean ratio of reconstructed to true energy, or its inverse, from which a migration is doubted.
# Telescopes reach 2 just above their threshold. Ten times larger, energies that are wrong by any
# factor that a cube can hold would pass.
_BIAS = 3


def has_psfcube(file: FitsFile, hdu: Hdu | None = None) -> bool:
    """Whether ctpsfcube wrote the file, and the HDU if one is named."""
    return _DELTAS in file and _may_be_cube(hdu)


def _may_be_cube(hdu: Hdu | None) -> bool:
    return hdu is None or bool(hdu.is_image and "BANDSHDU" not in hdu.header)


def read_psfcube(file: FitsFile, hdu: Hdu | None = None) -> Response:
    """Read a PSF of ctpsfcube, in sr-1: angles in deg in a table DELTAS.

    Raises
    ------
    FileFormatError
        If a table or column is missing, or the shape of the image differs from them.
    """
    values, energy, rad, label, wcs = _read_cube(file, hdu, _DELTAS, RAD, "deg")
    file.notes.append(f"{label} in sr-1")
    return Response(values, (energy, rad), "sr-1", label, wcs)


def has_edispcube(file: FitsFile, hdu: Hdu | None = None) -> bool:
    """Whether ctedispcube wrote the file, and the HDU if one is named."""
    return _MIGRAS in file and _may_be_cube(hdu)


def read_edispcube(file: FitsFile, hdu: Hdu | None = None) -> Response:
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
        If values are missing at some energies, or the mean migra is far from 1.
    """
    values, energy, migra, label, wcs = _read_cube(file, hdu, _MIGRAS, MIGRA, "")
    if not np.isfinite(values).all():
        raise FileFormatError(
            f"{label} has values that are not finite, expected numbers >= 0; make it again with "
            "ctedispcube"
        )
    values = np.maximum(values, 0)
    width = np.diff(migra.edges)[:, None, None]
    total = (values * width).sum(axis=1, keepdims=True)
    density = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    for text in _odd_migrations(density, energy, migra):
        warnings.warn(
            f"{label} {text}: make it again with ctedispcube, or do without it by edisp=None",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
    file.notes.append(f"{label} normalised over migra")
    return Response(density, (energy, migra), None, label, wcs)


def _odd_migrations(density: Float, energy: Axis, migra: Axis) -> Iterator[str]:
    """Warn of true energies without values, or with a mean migra far from 1."""
    total = density.sum(axis=(1, 2, 3))
    if not total.all():
        low, high = energy.centres[total == 0][[0, -1]]
        yield (
            f"has no values at {np.count_nonzero(total == 0)} of {total.size} true energies, from "
            f"{low:.3g} to {high:.3g} TeV, so these predict no signal; expected values at all "
            "energies"
        )
    weighted = (density * migra.centres[:, None, None]).sum(axis=(1, 2, 3))
    mean = weighted[total > 0] / total[total > 0]
    if mean.size and not 1 / _BIAS < mean.min() <= mean.max() < _BIAS:
        yield (
            "has mean ratios of reconstructed to true energy between "
            f"{mean.min():.2g} and {mean.max():.2g}, so signal is predicted at energies that are "
            "wrong by as much; expected about 1"
        )


def _read_cube(
    file: FitsFile, hdu: Hdu | None, table: str, name: str, unit: str
) -> tuple[Float, Axis, Axis, str, WCS]:
    """Read values (nnode, n, ny, nx), the axes of energy and of a table, the label and the WCS.

    Unless an HDU is named, it is the first image with the most axes.
    """
    if hdu is None:
        hdu = max(file.hdus, key=lambda one: one.header["NAXIS"] if one.is_image else 0)
    label = file.label_of(hdu)
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
        nodes = axis_from_energies(file["ENERGIES"], file).centres
    elif "EBOUNDS" in file:
        nodes = axis_from_ebounds(file["EBOUNDS"], file).centres
    else:
        raise FileFormatError(
            f"{label} has no energies: HDUs ENERGIES and EBOUNDS are missing; found "
            f"{file.hdu_names}"
        )
    return nodes_axis(ENERGY_TRUE, nodes, ENERGY_UNIT, f"energies of {file.label}")
