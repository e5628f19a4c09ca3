"""Profiles of the true brightness of each bin, in one call."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...schema.arguments.one_by_one import FINE_BINS, over_further_dims
from ...schema.arguments.progress import progress_counter
from ...schema.axes import bin_dim, energy_unit
from ...schema.history import history_attrs
from ...schema.names import ENERGY_UNIT, MARGIN, second_dim
from ...schema.options import suggests_options
from ...spectrum.models import SpectralModel
from ...spectrum.references import reference_variables
from ..data_sets import Binned, as_datasets, common_groups, is_joint, with_history
from ..energy_groups import EnergyEdges, EnergyGroups
from ..results import make_profile
from .conditioning import check_condition
from .information import expected_information
from .matrices import matrix_variables
from .settings import UnfoldSettings
from .smoothing import check_strength, penalty_of_fitted, penalty_of_margin, smoothness_penalty
from .solve import UnfoldSolution, solve_systems
from .systems import Systems, make_systems

__all__ = ["unfold"]


@suggests_options
@over_further_dims(FINE_BINS)
def unfold(
    binned: Binned,
    *,
    spectral_model: SpectralModel | None = None,
    energy_edges: EnergyEdges = None,
    n_sigma: float | None = None,
    n_sigma_ul: float | None = None,
    selection_optional: Collection[str] | str | None = None,
    norm_min: float | None = None,
    background: str | float = "fixed",
    background_correlated: bool = False,
    exposure_systematic: float = 0,
    smoothness: float = 0,
    sum_over_energy_groups: bool = False,
    sqrt_ts_threshold_ul: float = 2,
    min_coverage: float = 0,
    strict_energies: bool = False,
    cl: float | None = None,
    cl_ul: float | None = None,
    ul_method: Literal["likelihood", "bounded", "cls"] = "likelihood",
    interval_method: Literal["likelihood", "bounded"] | None = None,
    progress: bool = False,
) -> xr.Dataset:
    r"""Estimate a profile without the smearing of the PSF: the norms of all bins together.

    The PSF carries photons from one bin to another. `estimate` counts them where they arrive,
    `unfold` as signal of the bin that they come from, by the ``psf_mixing`` of the binned data. The
    norms of an energy group are fitted together, and their errors are correlated.

    Parameters
    ----------
    binned : xarray.Dataset, list or dict of xarray.Dataset
        Binned data with ``psf_mixing``, from ``bin_maps(maps, bins, psf=True)``. A list, a dict by
        name, or a Dataset with a dim ``dataset``, is fitted jointly, as by `estimate`.
    spectral_model : astropy.modeling.Model or callable, optional
        Shape of the spectrum, from an energy Quantity to dN/dE. The default is a power law of
        index 2.
    energy_edges : Quantity, "fine" or int, optional
        Edges of the profile's energy bins, as in `estimate`.
    n_sigma : float, optional
        Significance of ``norm_err``, ``norm_errn`` and ``norm_errp``; 1 by default,
        from 1e-6 to 1e5.
    n_sigma_ul : float, optional
        Significance of the upper limit; 2 by default, from 1e-6 to 1e5.
    selection_optional : collection of {"errn-errp", "ul", "ul-expected"} or "all"
        Optional quantities to compute. All other norms are fitted again at each step. The limits
        to expect without signal, ``"ul-expected"``, need ``ul_method="cls"``; ``"all"`` leaves
        them out.
    norm_min : float, optional
        Smallest norm allowed, such as 0 for signals that cannot be negative.
    background : {"fixed", "free"} or float
        Whether the background is known, or has a norm in each bin and energy group (and data set)
        that is fitted: freely, or with a relative systematic uncertainty such as 0.05.
    background_correlated : bool
        Fit one norm of the background for all bins of an energy group (and data set) instead.
    exposure_systematic : float
        Relative systematic uncertainty of the exposure, common to all bins and energies, such as
        0.1. Best fits stay; errors, limits and the covariance grow.
    smoothness : float
        Strength of a penalty on profiles that are not smooth, for bins much finer than the PSF: the
        statistic is higher by the sum of the squares of the second differences of the norms of
        neighbouring bins, times this number. So it is about 1 / d\ :sup:`2` for second differences
        that are expected to be d. It brings a bias, which ``norm_bias`` states. Bins must be in a
        row; those of a margin are not in it, and have a weak penalty instead.
    sum_over_energy_groups : bool
        Sum the fine energy bins of a group before the fit, instead of fitting them jointly.
    sqrt_ts_threshold_ul : float
        Bins with a smaller significance are marked ``is_ul``.
    min_coverage : float
        Bins with a smaller used share get NaN, and a status that says so. They are fitted with the
        others.
    strict_energies : bool
        Refuse energy edges that are not edges of the data, instead of moving them.
    cl, cl_ul : float, optional
        Two-sided confidence level of errors instead of `n_sigma`, and one-sided confidence level of
        upper limits instead of `n_sigma_ul`, as in `estimate`.
    ul_method : {"likelihood", "bounded", "cls"}
        Method of upper limits: from the best fit, where they can be negative; from the best fit of
        norms of 0 or more in all bins; or by asymptotic CLs, where the norm of the bin is 0 or
        more, and all others are fitted at each norm, from `norm_min` on.
    interval_method : {"likelihood", "bounded"}, optional
        Method of ``norm_lo`` and ``norm_hi``.
    progress : bool
        Show a progress bar of norms, which counts each once for its best fit, test statistic, and
        each error and limit. It needs tqdm.

    Returns
    -------
    xarray.Dataset
        Profile with the variables of `estimate`, and some more. A dim ``toy`` of the counts comes
        before these dims. Bins that ``bin(..., margin=...)`` added are left out.

        - ``norm``, ``norm_err`` (projected_distance, energy): best fit, and error from the
          covariance. NaN where no used pixel, no exposure or no energy constrains the norm.
        - ``norm_errn``, ``norm_errp``, ``norm_ul``, ``norm_lo``, ``norm_hi``: by choice.
        - ``norm_ul_expected`` (band, projected_distance, energy): by choice, as in `estimate`.
        - ``norm_bias``: with `smoothness`, the bias (R - 1) x that it brings, for the best fits x
          and the resolution matrix R. NaN for norms at `norm_min`, and for those of bins without
          counts that only the penalty limits.
        - ``covariance``, ``correlation`` (energy, projected_distance, projected_distance_2): of the
          norms, for 1 sigma. Rows and columns of norms without an estimate are NaN.
        - ``ts``, ``sqrt_ts``: test statistic against norm 0 of the bin, with all others fitted.
          Norm 0 counts also if `norm_min` is above it; ``ts`` is then negative where 0 fits better.
        - ``stat``, ``stat_null``: fit statistic of the counts of each bin, and this plus ``ts``.
        - ``stat_total`` (energy): fit statistic of all bins together, with all penalties.
        - ``counts``, ``npred``, ``npred_excess``, ``npred_background``: counts that are seen in
          the bin, wherever they come from. In a joint fit with the dim ``dataset`` first.
        - ``success``, ``is_ul`` (bool), ``status`` (CF flags), ``coverage``, ``solid_angle``.
        - ``ref_dnde``, ``ref_flux``, ``ref_eflux``, ``ref_e2dnde`` (energy): values at norm 1.

        The attrs have the settings, among them ``smoothness`` and ``exposure_systematic``.

    Raises
    ------
    MissingVariableError
        If `binned` has no ``psf_mixing``, no background, or is not binned data.
    InvalidDataError
        If the bins are too fine for the PSF; the message says how wide they should be. Also if the
        data sets of a joint fit have different bins.
    InvalidEnergyError, InvalidOptionError
        If a setting is wrong, no energies of the data are in an energy bin, or the bins of a smooth
        profile are not in a row.

    Warns
    -----
    DataWarning
        If energy edges inside the data move, or bins without used pixels, which are not fitted,
        give photons to others. Also if bins are so fine for the PSF that errors are more than 10
        times those of a plain profile, if upper limits are negative, or if a significance is below
        1, like a confidence level.

    See Also
    --------
    xprofile.estimate : Fit each bin by itself.
    xprofile.bin_maps : Bin maps; ``psf=True`` adds the sharing of photons.

    Notes
    -----
    The counts of bin i at energy k are

    .. math:: \mu_{ik} = \max\Big(\sum_j x_j \sum_e F_e\, E_{ej}\, M_{eji}\, D_{ek} + b_{ik}, 0\Big)

    for the norms :math:`x_j` of all bins, the flux F, the exposure E (``exposure_true``), the
    sharing M (``psf_mixing``), the energy dispersion D and the background b. Signal from outside
    of the bins is not known. What the PSF carries into them counts as theirs; ``margin=`` of
    `bin_maps` adds bins that take it up. The same holds for bins without used pixels.

    Errors, limits and ``ts`` follow from the statistic with all other norms fitted. With a
    penalty of `smoothness`, they are those of the penalised statistic.

    Where other norms can replace one, its interval has no end, and the status says
    ``unbounded_interval``. If they have to fall below minus 10 times all counts for it, the
    interval ends where it does without such norms.

    ``norm_err`` follows from the curvature at the best fit, as in `estimate`. An empty fine bin
    whose predicted counts reach 0 holds the norms by a jump of the slope, which has no curvature;
    its bin has the status ``best_fit_at_boundary``. There ``norm_err`` can be much larger than
    ``norm_errn`` and ``norm_errp``, which are right.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, edges=[0, 0.25, 0.5, 1, 2] * u.deg)
    >>> binned = maps.profile.bin(rings, psf=True)
    >>> profile = xprofile.unfold(binned, spectral_model=xprofile.power_law(2.3))
    >>> dict(profile.covariance.sizes)
    {'energy': 1, 'projected_distance': 4, 'projected_distance_2': 4}
    """
    settings = UnfoldSettings.from_options(
        spectral_model=spectral_model,
        energy_edges=energy_edges,
        n_sigma=n_sigma,
        n_sigma_ul=n_sigma_ul,
        selection_optional=selection_optional,
        norm_min=norm_min,
        background=background,
        background_correlated=background_correlated,
        exposure_systematic=exposure_systematic,
        smoothness=smoothness,
        sum_over_energy_groups=sum_over_energy_groups,
        sqrt_ts_threshold_ul=sqrt_ts_threshold_ul,
        min_coverage=min_coverage,
        strict_energies=strict_energies,
        cl=cl,
        cl_ul=cl_ul,
        ul_method=ul_method,
        interval_method=interval_method,
    )
    counted = progress_counter("unfold", shown=progress, unit=" norms")
    datasets = as_datasets(binned)
    groups = common_groups(datasets, settings.energy_edges, strict=settings.strict_energies)
    model, summed = settings.spectral_model, settings.sum_over_energy_groups
    systems = make_systems(datasets, groups, model, summed=summed, width=settings.width)
    wanted = _wanted(datasets[0], bin_dim(datasets[0]))
    penalty = smoothness_penalty(datasets[0], settings.smoothness, wanted)
    penalties = penalty_of_fitted(penalty, systems.fitted())
    information = expected_information(systems)
    if settings.smoothness:
        check_strength(information, penalties, settings.smoothness)
        penalties = penalties + penalty_of_margin(information, wanted)
    check_condition(datasets[0], model, systems, groups[0], information, penalties, wanted)
    nwanted = int(wanted.max(initial=-1)) + 1
    solution = solve_systems(systems, settings, penalties, nwanted, counted)
    joint = is_joint(binned)
    source = with_history(binned, datasets)
    profile = _profile(datasets, groups, systems, solution, settings, joint=joint, source=source)
    return _without_margin(profile, bin_dim(datasets[0]))


def _profile(
    datasets: Sequence[xr.Dataset],
    groups: Sequence[EnergyGroups],
    systems: Systems,
    solution: UnfoldSolution,
    settings: UnfoldSettings,
    *,
    joint: bool,
    source: xr.Dataset,
) -> xr.Dataset:
    """Make the profile of all bins, those of the margin too."""
    scale = u.Unit(energy_unit(datasets[0])).to(ENERGY_UNIT)
    lower, upper = groups[0].lower * scale, groups[0].upper * scale
    attrs = history_attrs(settings.attrs(), source, f"unfold {settings.summary()}")
    first, dim, extra = datasets[0], bin_dim(datasets[0]), systems.extra_dims
    axis = first.variables[dim] if dim in first.coords else None

    def further(norm: xr.Variable) -> dict[str, xr.Variable]:
        made = matrix_variables(norm, solution.covariance, dim, extra, axis)
        return {**made, "stat_total": solution.total(extra)}

    return make_profile(
        datasets,
        groups,
        systems,
        solution.bins,
        joint=joint,
        min_coverage=settings.min_coverage,
        references=reference_variables(settings.spectral_model, lower, upper, warn=False),
        norm_scan=None,
        attrs=attrs,
        further=further,
    )


def _without_margin(profile: xr.Dataset, dim: str) -> xr.Dataset:
    """Leave out the bins that were added round the others."""
    if MARGIN not in profile.coords:
        return profile
    kept = _wanted(profile, dim)
    return profile.isel({dim: kept, second_dim(dim): kept}).drop_vars(MARGIN)


def _wanted(data: xr.Dataset, dim: str) -> NDArray[np.intp]:
    """Return the numbers of the bins that are not in a margin, which usually comes last."""
    if MARGIN not in data.coords:
        return np.arange(data.sizes[dim])
    return np.flatnonzero(~data[MARGIN].to_numpy().astype(bool))
