"""Texts that describe a Dataset or a variable in a few lines, which the accessor prints."""

from __future__ import annotations

import xarray as xr

from ..estimation.settings import setting_text
from ..exceptions import InvalidOptionError
from ..schema.axes import bin_dim
from ..schema.names import (
    ENERGY,
    SED_TYPE,
    SPECTRAL_MODEL,
    THRESHOLD,
    high,
    low,
)
from ..schema.stages import find_stage, is_map_image
from ..spectrum.model_json import model_from_json

__all__ = ["describe_array", "describe_dataset"]


def describe_dataset(data: xr.Dataset) -> str:
    """Describe maps, binned data or a profile: axes, settings, and variables with their units."""
    title, rows = _title(data), _axes(data)
    if SED_TYPE in data.attrs:
        rows |= _settings(data)
    names = {str(name): variable for name, variable in data.data_vars.items()}
    listed = [(name, _unit(v), str(v.attrs.get("long_name", ""))) for name, v in names.items()]
    wide, units = (max((len(row[i]) for row in listed), default=0) for i in (0, 1))
    quantities = [f"  {n:{wide}}  {unit:{units}}  {text}".rstrip() for n, unit, text in listed]
    heads = [f"  {name:{max(map(len, rows), default=0)}} : {text}" for name, text in rows.items()]
    return "\n".join([title, "-" * len(title), *heads, "", *quantities])


def _title(data: xr.Dataset) -> str:
    if SED_TYPE in data.attrs:
        return f"Flux profile, {data.attrs[SED_TYPE]}"
    titles = {
        "maps": "Maps", "binned": "Binned data", "templates": "Fit of templates",
        "shape": "Fit of a shape", "spectra": "Fit of spectra",
    }  # fmt: skip
    return titles.get(str(find_stage(data)), "Dataset")


def _unit(values: xr.DataArray) -> str:
    return str(values.attrs.get("units", ""))


def _axes(data: xr.Dataset) -> dict[str, str]:
    """Size and range of each dim, and of the axes from which one value was selected."""
    single = [dim for dim in (bin_dim(data), ENERGY) if dim in data.coords]
    names = dict.fromkeys([*map(str, data.dims), *single])
    return {name: f"{data.sizes.get(name, 1)}{_range(data, name)}" for name in names}


def _range(data: xr.Dataset, dim: str) -> str:
    """Text of the range of an axis; empty without numbers."""
    ends = [name if name in data.coords else dim for name in (low(dim), high(dim))]
    if dim not in data.coords or data[dim].dtype.kind not in "iuf" or not data[dim].size:
        return ""
    lowest, highest = float(data[ends[0]].min()), float(data[ends[1]].max())
    return f", from {lowest:.4g} to {highest:.4g} {_unit(data[dim])}".rstrip()


def _settings(profile: xr.Dataset) -> dict[str, str]:
    """Settings with which a profile was estimated."""
    names = ("n_sigma", "cl", "n_sigma_ul", "cl_ul", "n_sigma_sensitivity", THRESHOLD)
    found = {name: f"{profile.attrs[name]:g}" for name in names if name in profile.attrs}
    methods = ["ul_method", "ul_construction", "interval_method", "interval_construction"]
    methods += ["prior", "toys", "rng"]
    found |= {name: str(profile.attrs[name]) for name in methods if name in profile.attrs}
    used = [n for n in ("smoothness", "exposure_systematic") if profile.attrs.get(n)]
    found |= {name: f"{profile.attrs[name]:g}" for name in used}
    return {SPECTRAL_MODEL: _model(profile.attrs.get(SPECTRAL_MODEL)), **found}


def _model(text: str | None) -> str:
    """Text of the spectral model in the attrs."""
    if text is None:
        return "not known"
    try:
        return setting_text("spectral_model", model_from_json(text))
    except InvalidOptionError:  # the name of a callable
        return text


def describe_array(array: xr.DataArray) -> str:
    """Describe one variable: its name, axes and unit."""
    kind = "Map image" if is_map_image(array) else "DataArray"
    data = array.to_dataset(name="value") if array.name in (None, *array.coords) else None
    rows = _axes(array.to_dataset() if data is None else data)
    title = " ".join(filter(None, [f"{kind}:", str(array.name or "without name"), _unit(array)]))
    heads = [f"  {name:{max(map(len, rows), default=0)}} : {text}" for name, text in rows.items()]
    return "\n".join([title, "-" * len(title), *heads])
