"""Binned data to a flux profile."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from . import likelihood, spectrum
from .exceptions import InvalidDataError, InvalidOptionError
from .groups import EnergyGroups, group_energies
from .schema import (
    COORDS,
    DISTANCE,
    ENERGY,
    ENERGY_TRUE,
    ENERGY_UNIT,
    NORM_SCAN,
    PROFILE,
    SED_TYPE,
    SED_TYPES,
    SPECTRAL_MODEL,
    STATUS_ATTRS,
    STATUS_FLAGS,
    THRESHOLD,
    axis_coords,
    check_binned,
    data_array,
    edges,
    extend_history,
    sed_variable,
)
from .sed import upper_limits
from .spectrum import SpectralModel, power_law

__all__ = ["ProfileEstimator", "estimate"]

Float = NDArray[np.float64]

_SELECTIONS = ("errn-errp", "ul", "scan")
_BLOCK = 4096  # problems that are solved at once, so that they stay in cache


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
    """

    spectral_model: SpectralModel | None = None
    energy_edges: u.Quantity | None = None
    n_sigma: float = 1
    n_sigma_ul: float = 2
    selection_optional: Collection[str] | str | None = None
    norm_values: ArrayLike | None = None
    sum_over_energy_groups: bool = False
    sqrt_ts_threshold_ul: float = 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "spectral_model", self.spectral_model or power_law())
        object.__setattr__(self, "selection_optional", _selection(self.selection_optional))
        object.__setattr__(self, "norm_values", _norms(self.norm_values))
        for name in ("n_sigma", "n_sigma_ul"):
            value = getattr(self, name)
            if not (np.isscalar(value) and np.isfinite(value) and value > 0):
                raise InvalidOptionError(f"{name} must be a positive number, found {value!r}")

    def __repr__(self) -> str:
        rows = [f"{f.name:22} : {_describe(f.name, getattr(self, f.name))}" for f in fields(self)]
        title = type(self).__name__
        return "\n".join([title, "-" * len(title), *rows])

    def run(self, binned: xr.Dataset) -> xr.Dataset:
        """Estimate the profile of binned data; see `estimate`."""
        check_binned(binned)
        if binned.sizes[DISTANCE] == 0:
            raise InvalidDataError("the binned data have no bin; give one region or more")
        unit = str(binned[ENERGY].attrs.get("units", ENERGY_UNIT))
        groups = group_energies(edges(binned, ENERGY), self.energy_edges, unit)
        signal = predicted_signal(binned, self.spectral_model or power_law())
        problems, shape = self._problems(binned, signal, groups)
        values = self._solve(problems)
        reshaped = {k: v.reshape(*shape, *v.shape[1:]) for k, v in values.items()}
        return self._dataset(binned, groups, reshaped, unit)

    def _problems(
        self, binned: xr.Dataset, signal: xr.DataArray, groups: EnergyGroups
    ) -> tuple[likelihood.Problems, tuple[int, ...]]:
        """Arrays (nproblem, nfine) for the likelihood, and the shape of (bins, energies)."""
        used = binned["coverage"] > 0
        cubes = [binned["counts"], signal, binned["background"]]
        arrays = [
            cube.where(used, 0).transpose(DISTANCE, ENERGY).to_numpy().astype(float)
            for cube in cubes
        ]
        padded = [groups.padded(array) for array in arrays]
        if self.sum_over_energy_groups:
            padded = [array.sum(axis=-1, keepdims=True) for array in padded]
        shape = padded[0].shape[:2]
        n, s, b = (array.reshape(-1, array.shape[-1]) for array in padded)
        return likelihood.Problems(n, s, b), shape

    def _solve(self, problems: likelihood.Problems) -> dict[str, Float]:
        """Everything that the statistics give, a block of problems at a time."""
        count = len(problems.n)
        blocks = [
            self._solve_block(problems.take(slice(start, start + _BLOCK)))
            for start in range(0, count, _BLOCK)
        ]
        return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}

    def _solve_block(self, p: likelihood.Problems) -> dict[str, Float]:
        norm, kinked = likelihood.best_fit(p)
        known = np.isfinite(norm)
        x = np.where(known, norm, 0)
        one = self.n_sigma**2
        error = self.n_sigma * likelihood.hesse_error(x, p)
        flat = known & ~np.isfinite(error)
        error[flat] = likelihood.step_up(x[flat], p.take(flat), one)  # one-sided: no curvature
        ts = likelihood.rise(x, -x, p)
        values = {
            "norm": norm,
            "norm_err": error,
            "ts": ts,
            "sqrt_ts": np.where(x > 0, 1, -1) * np.sqrt(np.maximum(ts, 0)),
            "stat": likelihood.cash(x, p),
            "stat_null": likelihood.cash(np.zeros_like(x), p),
            "npred": np.maximum(x[:, None] * p.s + p.b, 0).sum(axis=1),
            "npred_excess": x * p.s.sum(axis=1),
        }
        options = self.selection_optional or ()
        if "errn-errp" in options:
            values["norm_errn"] = likelihood.step_down(x, p, one)
            values["norm_errp"] = likelihood.step_up(x, p, one)
        if "ul" in options:
            values["norm_ul"] = x + likelihood.step_up(x, p, self.n_sigma_ul**2)
        if "scan" in options:
            scan = [likelihood.cash(np.full_like(x, v), p) for v in np.asarray(self.norm_values)]
            values["stat_scan"] = np.stack(scan, axis=-1)
        for array in values.values():
            array[~known] = np.nan
        return {
            **values,
            "counts": p.n.sum(axis=1),
            "npred_background": p.b.sum(axis=1),
            "kinked": kinked.astype(float),
            "signal": p.s.sum(axis=1),
        }

    def _dataset(
        self, binned: xr.Dataset, groups: EnergyGroups, values: dict[str, Float], unit: str
    ) -> xr.Dataset:
        """Put the results into a Dataset with coordinates and attributes."""
        kinked, signal = values.pop("kinked") > 0, values.pop("signal")
        coords = axis_coords(
            ENERGY, np.sqrt(groups.lower * groups.upper), groups.lower, groups.upper
        )
        for coord in coords.values():
            coord.attrs["units"] = unit
        coords |= {
            str(name): coord.variable
            for name, coord in binned.coords.items()
            if coord.dims in ((DISTANCE,), ())
        }
        if "stat_scan" in values:
            coords[NORM_SCAN] = data_array(NORM_SCAN, self.norm_values, COORDS)
        profile = xr.Dataset(coords=coords)
        for name, value in values.items():
            profile[name] = _variable(name, value)
        if np.issubdtype(binned["counts"].dtype, np.integer):
            profile["counts"] = profile["counts"].astype(np.int64, keep_attrs=True)
        profile["success"] = data_array("success", np.isfinite(values["norm"]), PROFILE)
        profile["status"] = _status(binned, groups, values, kinked, signal)
        profile["solid_angle"] = binned["solid_angle"].variable
        profile["coverage"] = _coverage(binned, groups)
        profile = profile.assign(self._references(groups, unit)).assign_attrs(self._attrs())
        profile = profile.assign(is_ul=upper_limits(profile))
        return extend_history(profile, binned, f"estimate {self._summary()}")

    def _references(self, groups: EnergyGroups, unit: str) -> dict[str, xr.Variable]:
        """Reference fluxes of the model in the profile's energy bins."""
        scale = u.Unit(unit).to(ENERGY_UNIT)
        model = self.spectral_model or power_law()
        found = spectrum.reference_fluxes(model, groups.lower * scale, groups.upper * scale)
        return {
            f"ref_{name}": xr.Variable(
                (ENERGY,),
                value,
                {
                    "long_name": f"reference {SED_TYPES[name].long_name}",
                    "units": SED_TYPES[name].unit,
                },
            )
            for name, value in found.items()
        }

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


def predicted_signal(binned: xr.Dataset, model: SpectralModel) -> xr.DataArray:
    """Signal counts at norm 1 in each fine bin, dims (energy, projected_distance).

    With ``edisp`` the sum over true energies of flux x exposure x edisp, else the integral of
    dN/dE x exposure over each reconstructed bin, exposure log-log between its nodes.
    """
    exposure = binned["exposure"]
    scale = u.Unit(binned[ENERGY].attrs.get("units", ENERGY_UNIT)).to(ENERGY_UNIT)
    if "edisp" in binned:
        flux = spectrum.integral(model, edges(binned, ENERGY_TRUE) * scale)
        flux_true = xr.DataArray(flux, {ENERGY_TRUE: binned[ENERGY_TRUE]})
        return (flux_true * exposure * binned["edisp"]).sum(ENERGY_TRUE)
    return xr.apply_ufunc(
        lambda values: spectrum.folded(
            model, edges(binned, ENERGY) * scale, binned[ENERGY_TRUE].to_numpy() * scale, values
        ),
        exposure.expand_dims({ENERGY: binned[ENERGY]}) if ENERGY not in exposure.dims else exposure,
        input_core_dims=[[ENERGY, ENERGY_TRUE]],
        output_core_dims=[[ENERGY]],
    )


def _variable(name: str, value: Float) -> xr.Variable:
    if name in PROFILE:
        return data_array(name, value, PROFILE)
    entry = sed_variable("norm", name.removeprefix("norm"))
    return xr.Variable(entry.dims, value, entry.attrs)


def _coverage(binned: xr.Dataset, groups: EnergyGroups) -> xr.Variable:
    """Mean coverage of each group's fine bins, 0 for a group without any."""
    fine = binned["coverage"].transpose(DISTANCE, ENERGY).to_numpy()
    size = np.maximum(groups.stop - groups.first, 1)
    return data_array("coverage", groups.padded(fine).sum(axis=-1) / size, PROFILE)


def _status(
    binned: xr.Dataset,
    groups: EnergyGroups,
    values: dict[str, Float],
    kinked: NDArray[np.bool_],
    signal: Float,
) -> xr.Variable:
    """Flags of what each result rests on; 0 where all is well."""
    empty = (groups.stop == groups.first)[None, :]
    pixels = (binned["solid_angle"].to_numpy() > 0)[:, None]
    covered = _coverage(binned, groups).to_numpy() > 0
    lower_end = values["norm_errn"] if "norm_errn" in values else values["counts"]
    present = {
        "no_energy_bins": empty,
        "no_pixels": ~pixels,
        "masked": pixels & ~covered & ~empty,
        "no_exposure": covered & ~(signal > 0),
        "zero_counts": covered & (values["counts"] == 0),
        "best_fit_at_boundary": kinked,
        "unbounded_interval": (signal > 0) & ((values["counts"] == 0) | np.isnan(lower_end)),
    }
    shape = signal.shape
    flags = sum(
        np.broadcast_to(where, shape) * np.int16(STATUS_FLAGS[name])
        for name, where in present.items()
    )
    status = data_array("status", np.asarray(flags, dtype=np.int16), PROFILE)
    status.attrs |= STATUS_ATTRS
    return status


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
