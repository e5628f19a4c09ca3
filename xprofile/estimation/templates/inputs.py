"""Predicted counts of templates: checks that they are those of the binned data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...binned.image_binning import BIN_IMAGE
from ...bins.same_regions import same_regions
from ...exceptions import InvalidDataError, InvalidOptionError, MissingVariableError
from ...schema.axes import bin_dim, energy_unit
from ...schema.names import DATASET, ENERGY, LAT, LON, MARGIN, high, low

__all__ = ["Templates", "template_counts"]

Float = NDArray[np.float64]
Templates = Mapping[str, xr.DataArray | Sequence[xr.DataArray]]

# Relative difference up to which two edges are the same; for edges of bins also the difference in
# deg. As for the bins of joint data sets: it covers edges that are rounded to five digits. At 1e-3,
# bins 3 arcsec apart would count as the same. At 1e-5, rounded edges would be refused.
_EDGE_TOLERANCE = 1e-4

# Share of the largest predicted counts of a template down to which negative ones count as 0. A
# convolution with a PSF by FFT leaves 1e-16 of the largest pixel in double precision, 1e-7 in
# single. Ten times larger, wrong signs of weak bins would pass; ten times smaller, convolved maps
# in single precision would be refused.
_ROUNDING = 1e-6

# Largest predicted counts of a template in a fine bin. Far beyond, norms or their squares are too
# large or small for double precision: at 1e-120 fits fail. Ten times nearer changes nothing.
_SMALLEST, _LARGEST = 1e-100, 1e100


def template_counts(
    templates: Templates, datasets: Sequence[xr.Dataset]
) -> tuple[list[str], list[Float]]:
    """Return the names of templates, and their counts in each data set.

    Parameters
    ----------
    templates : dict
        Name of each template to its predicted counts (energy, DIM) in the bins of the data. For
        several data sets, a list with one array for each, or an array with the dim ``dataset``.
    datasets : sequence of xarray.Dataset
        Binned data, from `as_datasets`.

    Returns
    -------
    names : list of str
    counts : list of numpy.ndarray
        One for each data set, (ntemplate, nbin, nenergy). They are 0 in fine bins that are not
        used.

    Raises
    ------
    InvalidOptionError
        If there are no templates, or a name is not a string.
    InvalidDataError
        If predicted counts are on other bins or energies, or are negative or not finite.
    """
    if not isinstance(templates, Mapping) or not templates:
        raise InvalidOptionError(
            "templates must be a dict of names and predicted counts, such as "
            f"{{'HI': predicted.profile.bin(bins)}}, found {type(templates).__name__}"
        )
    names = list(templates)
    wrong = [name for name in names if not isinstance(name, str) or not name]
    if wrong:
        raise InvalidOptionError(f"names of templates must be texts, found {wrong}")
    counts = [_one_of_each(name, templates[name], len(datasets)) for name in names]
    return names, [
        np.stack(
            [_checked(name, given[i], data) for name, given in zip(names, counts, strict=True)]
        )
        for i, data in enumerate(datasets)
    ]


def _one_of_each(name: str, given: Any, number: int) -> list[xr.DataArray]:
    """Predicted counts of one template in each data set."""
    if isinstance(given, xr.DataArray):
        split = DATASET in given.dims
        parts = (
            [given.isel({DATASET: i}) for i in range(given.sizes[DATASET])] if split else [given]
        )
    else:
        parts = list(given) if isinstance(given, list | tuple) else [given]
    wrong = [type(part).__name__ for part in parts if not isinstance(part, xr.DataArray)]
    if wrong:
        raise InvalidDataError(
            f"the template {name!r} is a {wrong[0]}, expected a DataArray of predicted counts in "
            "the bins, such as maps.profile.predict(...).profile.bin(bins); "
            "maps.profile.fit_templates takes sky maps"
        )
    if len(parts) != number:
        raise InvalidDataError(
            f"the template {name!r} has predicted counts of {len(parts)} data sets, but the binned "
            f"data have {number}; give a list with one array for each data set"
        )
    return parts


def _checked(name: str, template: xr.DataArray, data: xr.Dataset) -> Float:
    """Predicted counts on the bins and energies of a data set, (nbin, nenergy)."""
    dim = bin_dim(data)
    _check_layout(name, template, dim)
    _check_binning(name, template, data)
    placed = _matched_bins(name, template, data, dim)
    _check_energies(name, placed, data)
    used = data.variables["coverage"].transpose(dim, ENERGY).to_numpy() > 0
    values = np.where(used, placed.transpose(dim, ENERGY).to_numpy().astype(float), 0)
    if not np.isfinite(values).all():
        raise InvalidDataError(
            f"the template {name!r} has {np.count_nonzero(~np.isfinite(values))} values in used "
            "bins that are not finite; predict it again with a template and responses that are"
        )
    if values.min(initial=0) < -_ROUNDING * values.max(initial=0):
        raise InvalidDataError(
            f"the template {name!r} predicts negative counts in {np.count_nonzero(values < 0)} "
            f"fine bins, down to {values.min():.3g}, but counts of a template must be 0 or more; "
            "cut the sky map at 0, or change the sign of a template that absorbs"
        )
    largest = float(values.max(initial=0))
    if largest and not _SMALLEST <= largest <= _LARGEST:
        raise InvalidDataError(
            f"the template {name!r} predicts {largest:.3g} counts at most, expected a number from "
            f"{_SMALLEST:g} to {_LARGEST:g}; check the units of its map and its spectrum"
        )
    return np.maximum(values, 0)


def _check_layout(name: str, template: xr.DataArray, dim: str) -> None:
    if {LAT, LON} & set(template.dims):
        raise InvalidDataError(
            f"the template {name!r} is a map of the sky with the dims {template.dims}; sum its "
            "predicted counts over the bins with .profile.bin(bins), or give it to "
            "maps.profile.fit_templates"
        )
    if set(template.dims) != {ENERGY, dim}:
        raise InvalidDataError(
            f"the template {name!r} has the dims {template.dims}, expected {(ENERGY, dim)}: its "
            "predicted counts at each energy of the data and in each bin"
        )
    unit = str(template.attrs.get("units", ""))
    if template.dtype.kind not in "iuf" or unit not in ("", "1", "ct", "count", "counts"):
        raise InvalidDataError(
            f"the template {name!r} has the type {template.dtype} and the unit {unit!r}, expected "
            "predicted counts without a unit; make them with maps.profile.predict"
        )


def _check_binning(name: str, template: xr.DataArray, data: xr.Dataset) -> None:
    """Raise if the history of a template says that it was binned in another way than the data."""
    lines = str(template.attrs.get("history", "")).splitlines()
    step = next((line for line in reversed(lines) if line.startswith(f"{BIN_IMAGE} ")), "")
    binned = str(data.attrs.get("history", "")).splitlines()
    shared = any("subpixels" in line for line in binned if line.startswith("bin "))
    if not step:
        return
    if step.split(", ")[-1 - ("subpixels" in step)] != "sum":
        raise InvalidDataError(
            f"the template {name!r} has means over bins, expected sums of predicted counts; bin it "
            "without how='mean'"
        )
    if shared != ("subpixels" in step):
        given = ("subpixel", "center") if shared else ("center", "subpixel")
        raise InvalidDataError(
            f"the data were binned with overlap={given[0]!r} and the template {name!r} with "
            f"overlap={given[1]!r}, which is right to some per cent only; bin both alike"
        )


def _matched_bins(name: str, template: xr.DataArray, data: xr.Dataset, dim: str) -> xr.DataArray:
    """Select the bins of the data from those of a template."""
    here = data[dim] if dim in data.coords else None
    there = template[dim] if dim in template.coords else None
    if here is None or there is None:
        if template.sizes[dim] == data.sizes[dim]:
            return template
        raise MissingVariableError(
            f"the template {name!r} has {template.sizes[dim]} bins and the data have "
            f"{data.sizes[dim]}, and a coordinate {dim} that tells which is which is missing"
        )
    if here.size == there.size and _alike(template, data, dim, np.arange(here.size)):
        return template
    labels = there.to_numpy()
    if here.dtype.kind == "f":
        away = np.abs(labels[None, :] - here.to_numpy()[:, None])
        found = away.argmin(axis=1) if labels.size else np.zeros(0, int)
    else:
        places = {label: i for i, label in enumerate(labels.tolist())}
        found = np.array([places.get(label, 0) for label in here.to_numpy().tolist()])
    if labels.size and _alike(template, data, dim, found):
        return template.isel({dim: found})
    margin = (
        ", and for those of the margin give the background of maps.assign(background=predicted)"
        ".profile.bin(bins, psf=True, margin=...)"
    )
    raise InvalidDataError(
        f"the template {name!r} has other bins along {dim} than the data, or other regions; bin "
        f"its predicted counts with the same SkyBins{margin if MARGIN in data.coords else ''}"
    )


def _alike(template: xr.DataArray, data: xr.Dataset, dim: str, found: NDArray[np.intp]) -> bool:
    """Whether the selected bins of a template have the coordinates of the data."""
    for label in (dim, low(dim), high(dim)):
        if label not in data.coords or label not in template.coords:
            continue
        here, there = data[label].to_numpy(), template[label].to_numpy()[found]
        if here.dtype.kind == "f" and there.dtype.kind == "f":
            same = np.allclose(here, there, rtol=_EDGE_TOLERANCE, atol=_EDGE_TOLERANCE)
        else:
            same = np.array_equal(here, there)
        if not same:
            return False
    return bool(same_regions(template.isel({dim: found}), data, dim).all())


def _check_energies(name: str, template: xr.DataArray, data: xr.Dataset) -> None:
    """Raise unless a template has the fine energies of the data."""
    labels = [n for n in (ENERGY, low(ENERGY), high(ENERGY)) if n in template.coords]
    same = template.sizes[ENERGY] == data.sizes[ENERGY]
    if same and labels:
        unit = template[labels[0]].attrs.get("units", energy_unit(data))
        scale = u.Unit(unit).to(energy_unit(data))
        pairs = ((template[n].to_numpy() * scale, data[n].to_numpy()) for n in labels)
        same = all(np.allclose(there, here, rtol=_EDGE_TOLERANCE, atol=0) for there, here in pairs)
    if not same:
        raise InvalidDataError(
            f"the template {name!r} has other energies than the data ({template.sizes[ENERGY]} "
            f"against {data.sizes[ENERGY]} fine bins, or other values); predict it from the same "
            "maps, and select energies of both alike"
        )
