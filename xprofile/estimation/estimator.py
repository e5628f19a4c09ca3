"""Binned data to a flux profile."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..schema.axes import energy_unit
from ..schema.history import history_attrs
from ..schema.names import DATASET, ENERGY_UNIT, SED_TYPE, SPECTRAL_MODEL, THRESHOLD
from ..spectrum.model_json import to_json
from ..spectrum.models import SpectralModel, power_law
from ..spectrum.references import references
from . import progress as bars
from .problems import as_datasets, common_groups, make_problems
from .results import make_profile
from .settings import background_width, check_number, describe, norms, selection
from .solve import Wanted, solve

__all__ = ["ProfileEstimator", "estimate"]


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
    n_sigma_sensitivity : float
        Significance of the sensitivity: of the smallest norm whose expected counts have it.
    selection_optional : collection of {"errn-errp", "ul", "scan", "sensitivity"} or "all"
        What else to compute.
    norm_values : array_like, optional
        Norms of the scan; 11 from 0.2 to 5, equally spaced in log, by default.
    scan_n_sigma : float, optional
        Scan round each best fit instead, from so many errors below to as many above.
    scan_n_values : int
        Number of values of such a scan.
    norm_min : float, optional
        Smallest norm allowed, 0 for signals that cannot be negative: errors and limits are measured
        from the best fit above it. By default only npred is kept from being negative.
    background : {"fixed", "free"} or float
        Whether the background is known, or has a norm in each bin and energy group (and data set)
        that is fitted: freely, or with a relative systematic uncertainty such as 0.05.
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
    spectral_model         : PowerLaw1D(amplitude=1e-12 cm-2 s-1 TeV-1, x_0=1.0 TeV, alpha=2.0)
    energy_edges           : [  10. 2000.] GeV
    n_sigma                : 1
    n_sigma_ul             : 2
    n_sigma_sensitivity    : 5
    selection_optional     : ul
    norm_values            : 11 values from 0.2 to 5
    scan_n_sigma           : the same norm_values in every bin
    scan_n_values          : 11
    norm_min               : where npred reaches 0
    background             : fixed
    sum_over_energy_groups : False
    sqrt_ts_threshold_ul   : 2
    min_coverage           : 0
    """

    spectral_model: SpectralModel | None = None
    energy_edges: u.Quantity | None = None
    n_sigma: float = 1
    n_sigma_ul: float = 2
    n_sigma_sensitivity: float = 5
    selection_optional: Collection[str] | str | None = None
    norm_values: ArrayLike | None = None
    scan_n_sigma: float | None = None
    scan_n_values: int = 11
    norm_min: float | None = None
    background: str | float = "fixed"
    sum_over_energy_groups: bool = False
    sqrt_ts_threshold_ul: float = 2
    min_coverage: float = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "spectral_model", self.spectral_model or power_law())
        object.__setattr__(self, "selection_optional", selection(self.selection_optional))
        object.__setattr__(self, "norm_values", norms(self.norm_values))
        for name in ("n_sigma", "n_sigma_ul", "n_sigma_sensitivity"):
            check_number(name, getattr(self, name), "a positive number")
        check_number("scan_n_values", self.scan_n_values, "a whole number from 2 on")
        check_number("min_coverage", self.min_coverage, "a share from 0 to 1")
        if self.scan_n_sigma is not None:
            check_number("scan_n_sigma", self.scan_n_sigma, "a positive number")
        if self.norm_min is not None:
            check_number("norm_min", self.norm_min, "a finite number")
        background_width(self.background)

    def __repr__(self) -> str:
        rows = [f"{f.name:22} : {describe(f.name, getattr(self, f.name))}" for f in fields(self)]
        title = type(self).__name__
        return "\n".join([title, "-" * len(title), *rows])

    def run(
        self,
        binned: xr.Dataset | Sequence[xr.Dataset],
        *,
        progress: bool = False,
        parallel: bool = False,
    ) -> xr.Dataset:
        """Estimate the profile of binned data.

        Parameters
        ----------
        binned : xarray.Dataset or list of them
            From `bin_maps`; several for a joint fit, as does a ``dataset`` dim.
        progress : bool
            Show a progress bar.
        parallel : bool
            Fit thousands of bins at a time by dask, with the scheduler that it is set to.

        Returns
        -------
        xarray.Dataset
            As `estimate` describes it.
        """
        datasets = as_datasets(binned)
        groups = common_groups(datasets, self.energy_edges)
        problems = make_problems(
            datasets,
            groups,
            self._model,
            summed=self.sum_over_energy_groups,
            width=background_width(self.background),
        )
        over = bars.over("estimate", shown=progress)
        solved = solve(problems.take, problems.size, self._wanted(), over, parallel=parallel)
        joint = not isinstance(binned, xr.Dataset) or DATASET in binned.dims
        scanned = "stat_scan" in solved and self.scan_n_sigma is None
        source = binned if isinstance(binned, xr.Dataset) else datasets[0]
        scale = u.Unit(energy_unit(datasets[0])).to(ENERGY_UNIT)
        return make_profile(
            datasets,
            groups,
            problems,
            solved,
            joint=joint,
            min_coverage=self.min_coverage,
            references=references(self._model, groups[0].lower * scale, groups[0].upper * scale),
            norm_scan=norms(self.norm_values) if scanned else None,
            attrs=history_attrs(self._attrs(), source, f"estimate {self._summary()}"),
        )

    @property
    def _model(self) -> SpectralModel:
        return self.spectral_model or power_law()

    def _wanted(self) -> Wanted:
        values = norms(self.norm_values)
        if self.scan_n_sigma is not None:
            steps = np.linspace(-self.scan_n_sigma, self.scan_n_sigma, self.scan_n_values)
            values = steps / self.n_sigma
        return Wanted(
            self.n_sigma,
            self.n_sigma_ul,
            self.n_sigma_sensitivity,
            self.selection_optional or (),
            values,
            round_best_fit=self.scan_n_sigma is not None,
            norm_min=self.norm_min,
        )

    def _attrs(self) -> dict[Hashable, Any]:
        return {
            SED_TYPE: "likelihood",
            SPECTRAL_MODEL: to_json(self._model),
            "n_sigma": float(self.n_sigma),
            "n_sigma_ul": float(self.n_sigma_ul),
            "n_sigma_sensitivity": float(self.n_sigma_sensitivity),
            THRESHOLD: float(self.sqrt_ts_threshold_ul),
        }

    def _summary(self) -> str:
        shown = ((f.name, describe(f.name, getattr(self, f.name))) for f in fields(self))
        return "; ".join(f"{name}: {text}" for name, text in shown)


def estimate(
    binned: xr.Dataset | Sequence[xr.Dataset],
    *,
    progress: bool = False,
    parallel: bool = False,
    **settings: Any,
) -> xr.Dataset:
    """Estimate a flux profile: a norm of the spectral model in every bin and energy group.

    Parameters
    ----------
    binned : xarray.Dataset or list of them
        From `bin_maps`. A list, or a Dataset with a dim ``dataset``, is fitted jointly: one norm
        for all, with the sum of their statistics. Their energies may differ, but must agree at
        the edges of the profile's energy bins; on-off data may be among them.
    progress : bool
        Show a progress bar; it needs tqdm. With `parallel` dask's own shows more.
    parallel : bool
        Fit thousands of bins at a time by dask, with the scheduler that it is set to: threads of
        one machine, or a cluster. The results are the same.
    **settings
        Parameters of `ProfileEstimator`.

    Returns
    -------
    xarray.Dataset
        Dims (projected_distance, energy): ``norm`` and ``norm_err``, ``ts`` against norm 0 and
        its signed root ``sqrt_ts``, ``stat``, ``stat_null``, ``counts``, ``npred``,
        ``npred_excess``, ``npred_background``, ``success``, ``is_ul``, ``coverage``, and ``status``
        with CF flags; by choice ``norm_errn`` and ``norm_errp``, ``norm_ul``,
        ``norm_sensitivity``, and ``stat_scan`` (..., norm_scan), at the norms ``norm_scan``, or at
        ``norm_scan_values`` (..., norm_scan) if they differ from bin to bin. Also ``ref_dnde``,
        ``ref_flux``, ``ref_eflux``, ``ref_e2dnde`` (energy), and ``solid_angle``
        (projected_distance). A dim ``toy`` of the counts stands before these, and in a joint fit
        ``dataset`` before counts and npred. The norm is NaN only where no used pixel, no
        exposure or no energy constrains it; ``status`` says which.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If `binned` is not binned data, or the data sets of a joint fit have different bins.
    InvalidEnergyError, InvalidOptionError
        If a setting is wrong, or the energies of data sets do not fit together.
    """
    return ProfileEstimator(**settings).run(binned, progress=progress, parallel=parallel)
