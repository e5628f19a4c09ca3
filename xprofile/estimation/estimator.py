"""Binned data to a flux profile."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Any

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..exceptions import InvalidOptionError
from ..schema.arguments.progress import dask_progress, progress_iterator
from ..schema.axes import energy_unit
from ..schema.history import history_attrs
from ..schema.names import ENERGY_UNIT, SED_TYPE, SPECTRAL_MODEL, THRESHOLD
from ..schema.number_checks import check_bool, check_number, check_positive_integer
from ..schema.options import suggests_options
from ..spectrum.model_json import model_to_json
from ..spectrum.models import SpectralModel, power_law
from ..spectrum.references import reference_variables
from .confidence import (
    ANY_SIGMA,
    Levels,
    Prior,
    check_interval_options,
    check_number_of_toys,
    check_sigma,
)
from .data_sets import Binned, as_datasets, common_groups, is_joint, with_history
from .energy_groups import EnergyEdges
from .intervals import construction_attrs, interval_methods, method_attrs
from .problems import make_problems
from .results import make_profile
from .settings import (
    OwnModel,
    ShownSettings,
    asks_for_limits,
    background_width,
    check_model,
    check_number_of_norms,
    checked_energy_edges,
    checked_norm_values,
    optional_quantities,
)
from .solve import FitOptions, solve_problems

__all__ = ["ProfileEstimator"]


@dataclass(frozen=True, eq=False, repr=False)
class ProfileEstimator(ShownSettings):
    """The settings with which profiles are estimated, as a value.

    Parameters
    ----------
    spectral_model : astropy.modeling.Model or callable, optional
        Shape of the spectrum, from an energy Quantity to dN/dE; by default a power law of index 2.
    energy_edges : Quantity, "fine" or int, optional
        Edges of the profile's energy bins. Each moves to the nearest edge of the data in log
        energy, with a warning if by more than 10 % of the energy bin around it. Outermost edges
        beyond the data stand for their end. ``"fine"`` gives each energy bin of the data, a number
        so many bins of as equal numbers of these as possible. The default is one bin of all.
    n_sigma : float, optional
        Significance of errors and of the interval; 1 by default.
    n_sigma_ul : float, optional
        Significance of the upper limit; 2 by default.
    n_sigma_sensitivity : float
        Significance that the expected counts of the sensitivity have.
    selection_optional : collection of str
        Optional quantities to compute: "errn-errp", "ul", "scan", "sensitivity", or "all" of these;
        and "ul-expected". Options of limits other than the defaults select "ul" without either.
    norm_values : array_like, optional
        Norms of the scan. The default is 11 values from 0.2 to 5, equally spaced in log.
    scan_n_sigma : float, optional
        Scan around each best fit instead, from so many errors below it to as many above.
    scan_n_values : int
        Number of values of a scan around the best fit.
    norm_min : float, optional
        Smallest norm allowed, such as 0 for signals that cannot be negative. Errors and limits are
        then measured from the best fit above it. By default only negative npred is excluded.
    background : {"fixed", "free"} or float
        Whether the background is known, or has a norm in each bin and energy group (and data set)
        that is fitted: freely, or with a relative systematic uncertainty such as 0.05.
    sum_over_energy_groups : bool
        Sum the fine energy bins of a group before the fit, instead of fitting them jointly.
    sqrt_ts_threshold_ul : float
        Bins with a smaller significance are marked ``is_ul``.
    min_coverage : float
        Bins with a smaller used share get NaN, and a status that says so.
    strict_energies : bool
        Refuse energy edges that are not edges of the data, or beyond its end.
    cl : float, optional
        Two-sided confidence level instead of `n_sigma`, such as 0.9.
    cl_ul : float, optional
        One-sided confidence level instead of `n_sigma_ul`, such as 0.95.
    ul_method : {"likelihood", "bounded", "cls", "feldman-cousins", "bayes"}
        Method of upper limits.
    interval_method : {"likelihood", "bounded", "feldman-cousins", "bayes"}, optional
        Method of ``norm_lo`` and ``norm_hi``, which are left out by default.
    prior : callable, optional
        Density of the norm for ``"bayes"``, as a function of an array.
    toys : int or "exact", optional
        Number of toys for CLs, which is asymptotic without it, and ``"feldman-cousins"``. Single
        fine bins with a known background have exact sums; with ``"exact"`` others are an error.
    fc_lengthen : bool
        Whether limits of ``"feldman-cousins"`` by exact sums never rise with the background.
    rng : int or numpy.random.Generator, optional
        Seed of toys; without it each run draws other ones.

    Raises
    ------
    InvalidOptionError
        If an option is unknown, or out of its range.

    See Also
    --------
    xprofile.estimate : The same in one call.

    Examples
    --------
    >>> import astropy.units as u
    >>> from xprofile import ProfileEstimator
    >>> print(ProfileEstimator(energy_edges=[10, 2000] * u.GeV, selection_optional=["ul"]))
    ProfileEstimator
    ----------------
    spectral_model         : PowerLaw1D(amplitude=1e-12 cm-2 s-1 TeV-1, x_0=1.0 TeV, alpha=2.0)
    ...
    """

    spectral_model: SpectralModel | None = OwnModel()  # type: ignore[assignment] # noqa: RUF009
    energy_edges: EnergyEdges = None
    n_sigma: float | None = None
    n_sigma_ul: float | None = None
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
    strict_energies: bool = False
    cl: float | None = None
    cl_ul: float | None = None
    ul_method: str = "likelihood"
    interval_method: str | None = None
    prior: Prior | None = None
    toys: int | str | None = None
    fc_lengthen: bool = True
    rng: int | np.random.Generator | None = None

    def __post_init__(self) -> None:
        if self._model is None:
            object.__setattr__(self, "spectral_model", power_law())
        check_model(self._model)
        object.__setattr__(self, "energy_edges", checked_energy_edges(self.energy_edges))
        object.__setattr__(self, "norm_values", checked_norm_values(self.norm_values))
        levels = self.n_sigma, self.n_sigma_ul, self.cl, self.cl_ul
        object.__setattr__(self, "_levels", Levels.from_options(*levels))
        limits = asks_for_limits(self.n_sigma_ul, self.cl_ul, self.ul_method)
        selection = optional_quantities(self.selection_optional, limits=limits)
        object.__setattr__(self, "selection_optional", selection)
        for name, level, default in (("n_sigma", "cl", 1), ("n_sigma_ul", "cl_ul", 2)):
            if getattr(self, name) is None and getattr(self, level) is None:
                object.__setattr__(self, name, default)
        check_sigma("n_sigma_sensitivity", self.n_sigma_sensitivity, kind=ANY_SIGMA)
        check_interval_options(self)
        check_positive_integer("scan_n_values", self.scan_n_values, InvalidOptionError, least=2)
        check_number_of_norms("scan_n_values", self.scan_n_values)
        check_number("min_coverage", self.min_coverage, "a share from 0 to 1")
        for name, kind in (("scan_n_sigma", ANY_SIGMA), ("norm_min", "a finite number")):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), kind)
        check_number("sqrt_ts_threshold_ul", self.sqrt_ts_threshold_ul, "a finite number")
        for name in ("sum_over_energy_groups", "strict_energies"):
            check_bool(name, getattr(self, name))
        background_width(self.background)

    @suggests_options
    def run(
        self,
        binned: Binned,
        *,
        progress: bool = False,
        parallel: bool = False,
    ) -> xr.Dataset:
        """Estimate the profile of binned data.

        Parameters
        ----------
        binned : xarray.Dataset, list or dict of xarray.Dataset
            Binned data, as for `estimate`.
        progress : bool
            Show a progress bar of the fits; that of dask with `parallel`.
        parallel : bool
            Fit thousands of bins at a time by dask, with the scheduler that it is set to.

        Returns
        -------
        xarray.Dataset
            As `estimate` describes it.

        Raises
        ------
        MissingVariableError, InvalidDataError, InvalidEnergyError
            As `estimate` describes them.

        See Also
        --------
        xprofile.estimate : Settings and data in one call.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.coordinates import SkyCoord
        >>> import xprofile
        >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
        >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
        >>> binned = maps.profile.bin(xprofile.SkyBins.annuli(center, edges=[0, 1] * u.deg))
        >>> xprofile.ProfileEstimator(n_sigma=2).run(binned).norm_err.dims
        ('projected_distance', 'energy')
        """
        datasets = as_datasets(binned)
        groups = common_groups(datasets, self.energy_edges, strict=self.strict_energies)
        problems = make_problems(
            datasets,
            groups,
            self._model,
            summed=self.sum_over_energy_groups,
            width=background_width(self.background),
        )
        check_number_of_toys(self.toys, problems.nfine)
        size, shown = problems.size, progress and not parallel
        bar = progress_iterator("estimate", shown=shown, total=size, unit=" fits")
        options, scale = self._fit_options(), problems.scales()
        with dask_progress(shown=progress and parallel):
            solution = solve_problems(
                problems.statistics, size, options, bar, scale=scale, parallel=parallel
            )
        made = construction_attrs(self, problems.statistics, problems.size)
        scanned = "stat_scan" in solution.values and self.scan_n_sigma is None
        source = with_history(binned, datasets)
        scale = u.Unit(energy_unit(datasets[0])).to(ENERGY_UNIT)
        edges = groups[0].lower * scale, groups[0].upper * scale
        return make_profile(
            datasets,
            groups,
            problems,
            solution,
            joint=is_joint(binned),
            min_coverage=self.min_coverage,
            # the fine bins of the signal have been warned of already
            references=reference_variables(self._model, *edges, warn=False),
            norm_scan=checked_norm_values(self.norm_values) if scanned else None,
            attrs=history_attrs(self._attrs() | made, source, f"estimate {self._summary()}"),
        )

    @property
    def _model(self) -> SpectralModel:
        """The model itself, which no fit changes."""
        return vars(self)["_spectral_model"]  # type: ignore[no-any-return]

    def _fit_options(self) -> FitOptions:
        levels: Levels = vars(self)["_levels"]
        values = checked_norm_values(self.norm_values)
        if self.scan_n_sigma is not None:
            steps = np.linspace(-self.scan_n_sigma, self.scan_n_sigma, self.scan_n_values)
            values = steps / levels.n_sigma
        upper, two_sided = interval_methods(self)
        return FitOptions(
            levels.n_sigma,
            levels.n_sigma_ul,
            self.n_sigma_sensitivity,
            self.selection_optional or (),
            values,
            around_best_fit=self.scan_n_sigma is not None,
            norm_min=self.norm_min,
            upper=upper,
            two_sided=two_sided,
        )

    def _attrs(self) -> dict[Hashable, Any]:
        return {
            SED_TYPE: "likelihood",
            SPECTRAL_MODEL: model_to_json(self._model),
            **vars(self)["_levels"].attrs(),
            **method_attrs(self),
            "n_sigma_sensitivity": float(self.n_sigma_sensitivity),
            THRESHOLD: float(self.sqrt_ts_threshold_ul),
        }


ProfileEstimator.__init__ = suggests_options(ProfileEstimator.__init__)  # type: ignore[method-assign]
