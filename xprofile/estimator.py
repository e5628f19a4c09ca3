"""Binned data to a flux profile."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from . import spectrum
from .exceptions import InvalidDataError, InvalidOptionError
from .groups import EnergyGroups, group_energies
from .likelihood import Problems
from .response import predicted_signal
from .schema import (
    COORDS,
    DISTANCE,
    ENERGY,
    ENERGY_UNIT,
    NORM_SCAN,
    PROFILE,
    SED_TYPE,
    SPECTRAL_MODEL,
    THRESHOLD,
    axis_coords,
    bin_dim,
    check_binned,
    data_array,
    edges,
    extend_history,
    reference_variable,
    sed_variable,
)
from .sed import upper_limits
from .solve import Wanted, solve
from .spectrum import SpectralModel, power_law
from .status import status_flags

__all__ = ["ProfileEstimator", "estimate"]

Float = NDArray[np.float64]

_SELECTIONS = ("errn-errp", "ul", "scan")
_SUMS = {"counts", "npred_background", "_signal", "_pulling", "_kinked"}  # known without a fit


@dataclass(frozen=True, eq=False, repr=False)
class ProfileEstimator:
    """The settings with which profiles are estimated, as a value.

    Parameters
    ----------
    spectral_model : astropy.modeling.Model or callable
        Shape of the spectrum, from an energy Quantity to dN/dE; a power law of index 2 by default.
    energy_edges : Quantity, optional
        Edges of the profile's energy bins; each moves to the nearest edge of the data in log
        energy. One bin of all energies by default.
    n_sigma : float
        Significance of `norm_err`, `norm_errn` and `norm_errp`.
    n_sigma_ul : float
        Significance of the upper limit.
    selection_optional : collection of {"errn-errp", "ul", "scan"} or "all"
        What else to compute.
    norm_values : array_like, optional
        Norms of the scan; 11 from 0.2 to 5, equally spaced in log, by default.
    sum_over_energy_groups : bool
        Sum the fine energy bins of a group before the fit, instead of fitting them jointly.
    sqrt_ts_threshold_ul : float
        Below this significance a bin is marked ``is_ul``.
    min_coverage : float
        Bins of which a smaller share was seen get NaN, and a status that says so.

    Raises
    ------
    InvalidOptionError
        If an option is out of its range.

    Examples
    --------
    >>> import astropy.units as u
    >>> from xprofile import ProfileEstimator
    >>> print(ProfileEstimator(energy_edges=[10, 2000] * u.GeV, selection_optional=["ul"]))
    ProfileEstimator
    ----------------
    spectral_model         : PowerLaw1D(amplitude=1e-12 1 / (TeV s cm2), x_0=1.0 TeV, alpha=2.0)
    energy_edges           : [  10. 2000.] GeV
    n_sigma                : 1
    n_sigma_ul             : 2
    selection_optional     : ul
    norm_values            : 11 values from 0.2 to 5
    sum_over_energy_groups : False
    sqrt_ts_threshold_ul   : 2
    min_coverage           : 0
    """

    spectral_model: SpectralModel | None = None
    energy_edges: u.Quantity | None = None
    n_sigma: float = 1
    n_sigma_ul: float = 2
    selection_optional: Collection[str] | str | None = None
    norm_values: ArrayLike | None = None
    sum_over_energy_groups: bool = False
    sqrt_ts_threshold_ul: float = 2
    min_coverage: float = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "spectral_model", self.spectral_model or power_law())
        object.__setattr__(self, "selection_optional", _selection(self.selection_optional))
        object.__setattr__(self, "norm_values", _norms(self.norm_values))
        for name in ("n_sigma", "n_sigma_ul"):
            value = getattr(self, name)
            if not (isinstance(value, Real) and 0 < float(value) < np.inf):
                raise InvalidOptionError(f"{name} must be a positive number, found {value!r}")
        if not (isinstance(self.min_coverage, Real) and 0 <= float(self.min_coverage) <= 1):
            raise InvalidOptionError(
                f"min_coverage must be a share from 0 to 1, found {self.min_coverage!r}"
            )

    def __repr__(self) -> str:
        rows = [f"{f.name:22} : {_describe(f.name, getattr(self, f.name))}" for f in fields(self)]
        title = type(self).__name__
        return "\n".join([title, "-" * len(title), *rows])

    def run(self, binned: xr.Dataset) -> xr.Dataset:
        """Estimate the profile of binned data.

        Parameters
        ----------
        binned : xarray.Dataset
            From `bin_maps`.

        Returns
        -------
        xarray.Dataset
            As `estimate` describes it.
        """
        check_binned(binned)
        if binned.sizes[bin_dim(binned)] == 0:
            raise InvalidDataError("the binned data have no bin; give one region or more")
        unit = str(binned[ENERGY].attrs.get("units", ENERGY_UNIT))
        groups = group_energies(edges(binned, ENERGY), self.energy_edges, unit)
        problems, shape = self._problems(binned, groups)
        wanted = Wanted(
            self.n_sigma, self.n_sigma_ul, self.selection_optional or (), _norms(self.norm_values)
        )
        solved = solve(problems, wanted)
        values = {name: array.reshape(*shape, *array.shape[1:]) for name, array in solved.items()}
        profile = self._profile(binned, groups, values)
        coords = _coords(binned, groups, unit, wanted if "stat_scan" in values else None)
        profile = profile.assign_coords(coords).assign_attrs(self._attrs())
        profile = profile.assign(self._references(groups, unit))
        profile = profile.assign(is_ul=upper_limits(profile))
        return extend_history(profile, binned, f"estimate {self._summary()}")

    def _problems(
        self, binned: xr.Dataset, groups: EnergyGroups
    ) -> tuple[Problems, tuple[int, ...]]:
        """Arrays (nproblem, nfine) for the likelihood, and the shape of (bins, energy groups)."""
        signal = predicted_signal(binned, self.spectral_model or power_law())
        used, order = binned["coverage"] > 0, (bin_dim(binned), ENERGY)
        cubes = (binned["counts"], signal, binned["background"])
        fine = [cube.where(used, 0).transpose(*order).to_numpy().astype(float) for cube in cubes]
        padded = [groups.padded(array) for array in fine]
        if self.sum_over_energy_groups:
            padded = [array.sum(axis=-1, keepdims=True) for array in padded]
        n, s, b = (array.reshape(-1, array.shape[-1]) for array in padded)
        return Problems(n, s, b), padded[0].shape[:2]

    def _profile(
        self, binned: xr.Dataset, groups: EnergyGroups, values: dict[str, Float]
    ) -> xr.Dataset:
        """Put arrays (nbin, ngroup, ...) into a Dataset without coordinates."""
        dim = bin_dim(binned)
        fine = binned["coverage"].transpose(dim, ENERGY).to_numpy()
        size = groups.stop - groups.first
        coverage = groups.padded(fine).sum(axis=-1) / np.maximum(size, 1)
        solid_angle = binned["solid_angle"].to_numpy()
        scarce = (coverage > 0) & (coverage < self.min_coverage)
        for name in values.keys() - _SUMS:
            values[name][scarce] = np.nan
        variables = {name: _variable(name, v) for name, v in values.items() if name[0] != "_"}
        if np.issubdtype(binned["counts"].dtype, np.integer):
            variables["counts"] = variables["counts"].astype(np.int64)
        profile = xr.Dataset(
            {
                **variables,
                "success": data_array("success", np.isfinite(values["norm"]), PROFILE),
                "status": status_flags(values, coverage, solid_angle, size == 0, scarce),
                "solid_angle": data_array("solid_angle", solid_angle, PROFILE),
                "coverage": data_array("coverage", coverage, PROFILE),
            }
        )
        return profile if dim == DISTANCE else profile.rename_dims({DISTANCE: dim})

    def _references(self, groups: EnergyGroups, unit: str) -> dict[str, xr.Variable]:
        """Reference fluxes of the model in the profile's energy bins."""
        scale = u.Unit(unit).to(ENERGY_UNIT)
        model = self.spectral_model or power_law()
        found = spectrum.reference_fluxes(model, groups.lower * scale, groups.upper * scale)
        return {f"ref_{name}": reference_variable(name, value) for name, value in found.items()}

    def _attrs(self) -> dict[str, Any]:
        return {
            SED_TYPE: "likelihood",
            SPECTRAL_MODEL: spectrum.to_json(self.spectral_model or power_law()),
            "n_sigma": float(self.n_sigma),
            "n_sigma_ul": float(self.n_sigma_ul),
            THRESHOLD: float(self.sqrt_ts_threshold_ul),
        }

    def _summary(self) -> str:
        shown = ((f.name, _describe(f.name, getattr(self, f.name))) for f in fields(self))
        return "; ".join(f"{name}: {text}" for name, text in shown)


def estimate(binned: xr.Dataset, **settings: Any) -> xr.Dataset:
    """Estimate a flux profile: a norm of the spectral model in every bin and energy group.

    Parameters
    ----------
    binned : xarray.Dataset
        From `bin_maps`.
    **settings
        Parameters of `ProfileEstimator`.

    Returns
    -------
    xarray.Dataset
        Dims (projected_distance, energy): ``norm`` and ``norm_err``, ``ts`` against norm 0 and
        its signed root ``sqrt_ts``, ``stat``, ``stat_null``, ``counts``, ``npred``,
        ``npred_excess``, ``npred_background``, ``success``, ``is_ul``, ``coverage``, and ``status``
        with CF flags; by choice ``norm_errn`` and ``norm_errp``, ``norm_ul``, and ``stat_scan``
        (..., norm_scan). Also ``ref_dnde``, ``ref_flux``, ``ref_eflux``, ``ref_e2dnde`` (energy),
        and ``solid_angle`` (projected_distance). The norm is NaN only where no used pixel, no
        exposure or no energy constrains it; ``status`` says which.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If `binned` is not binned data.
    InvalidEnergyError, InvalidOptionError
        If a setting is wrong.
    """
    return ProfileEstimator(**settings).run(binned)


def _coords(
    binned: xr.Dataset, groups: EnergyGroups, unit: str, scanned: Wanted | None
) -> dict[str, xr.Variable]:
    """Coordinates of a profile: those of the bins, the energy groups, the norms of a scan."""
    centre = np.sqrt(groups.lower * groups.upper)
    coords = axis_coords(ENERGY, centre, groups.lower, groups.upper)
    for coord in coords.values():
        coord.attrs["units"] = unit
    dims = ((bin_dim(binned),), ())
    kept = {name: coord.variable for name, coord in binned.coords.items() if coord.dims in dims}
    if scanned is not None:
        coords[NORM_SCAN] = data_array(NORM_SCAN, scanned.norm_values, COORDS)
    return {**coords, **{str(name): coord for name, coord in kept.items()}}


def _variable(name: str, value: Float) -> xr.Variable:
    if name in PROFILE:
        return data_array(name, value, PROFILE)
    entry = sed_variable("norm", name.removeprefix("norm"))
    return xr.Variable(entry.dims, value, entry.attrs)


def _selection(wanted: Collection[str] | str | None) -> tuple[str, ...]:
    names = (wanted,) if isinstance(wanted, str) else tuple(wanted or ())
    if "all" in names:
        return _SELECTIONS
    unknown = [name for name in names if name not in _SELECTIONS]
    if unknown:
        raise InvalidOptionError(
            f"selection_optional has {unknown}; there are {[*_SELECTIONS, 'all']}"
        )
    return names


def _norms(values: ArrayLike | None) -> Float:
    norms = np.geomspace(0.2, 5, 11) if values is None else np.asarray(values, dtype=float)
    if norms.ndim != 1 or not norms.size or not np.all(np.isfinite(norms)):
        raise InvalidOptionError(f"norm_values must be a list of finite numbers, found {values!r}")
    return norms


def _describe(name: str, value: Any) -> str:
    """Write a setting on one line."""
    if name == "spectral_model":
        return _describe_model(value)
    if name == "energy_edges" and value is None:
        return "one bin of all energies"
    if name == "selection_optional":
        return ", ".join(value) or "none"
    if name == "norm_values":
        return f"{value.size} values from {value.min():.4g} to {value.max():.4g}"
    return str(value)


def _describe_model(model: SpectralModel) -> str:
    if not hasattr(model, "param_names"):
        return str(getattr(model, "__name__", model))
    found = (getattr(model, name) for name in model.param_names)
    values = (f"{p.name}={p.quantity if p.unit is not None else p.value}" for p in found)
    return f"{type(model).__name__}({', '.join(values)})"
