"""Profiles in one call: the settings of an estimator as options of a function."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..schema.options import suggests_options
from ..spectrum.models import SpectralModel
from .confidence import Prior
from .data_sets import Binned
from .energy_groups import EnergyEdges
from .estimator import ProfileEstimator

__all__ = ["estimate"]


@suggests_options
def estimate(
    binned: Binned,
    *,
    spectral_model: SpectralModel | None = None,
    energy_edges: EnergyEdges = None,
    n_sigma: float | None = None,
    n_sigma_ul: float | None = None,
    n_sigma_sensitivity: float = 5,
    selection_optional: Collection[str] | str | None = None,
    norm_values: ArrayLike | None = None,
    scan_n_sigma: float | None = None,
    scan_n_values: int = 11,
    norm_min: float | None = None,
    background: str | float = "fixed",
    sum_over_energy_groups: bool = False,
    sqrt_ts_threshold_ul: float = 2,
    min_coverage: float = 0,
    strict_energies: bool = False,
    cl: float | None = None,
    cl_ul: float | None = None,
    ul_method: str = "likelihood",
    interval_method: str | None = None,
    prior: Prior | None = None,
    toys: int | str | None = None,
    fc_lengthen: bool = True,
    rng: int | np.random.Generator | None = None,
    progress: bool = False,
    parallel: bool = False,
) -> xr.Dataset:
    r"""Estimate a flux profile: a norm of the spectral model in every bin and energy group.

    Parameters
    ----------
    binned : xarray.Dataset, list or dict of xarray.Dataset
        Binned data, from `bin_maps`. A list, a dict by name, or a Dataset with a dim
        ``dataset``, is fitted jointly: one norm for all data sets, by the sum of their statistics.
        Names become the coordinate ``dataset``. Energies of data sets may differ, but must agree
        at the edges of the profile's energy bins. On-off data may be among them.
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
    progress : bool
        Show a progress bar that counts the fits of bins, energies and toys. It needs tqdm. With
        `parallel` it is dask's own bar.
    parallel : bool
        Fit thousands of bins at a time by dask, with the scheduler that it is set to: threads of
        one machine, or a cluster. The results are the same.

    Returns
    -------
    xarray.Dataset
        Profile with the dims (projected_distance, energy), unless other dims are given here.
        Further dims of the data, such as ``toy``, ``time`` or ``zenith``, come before these, and
        results are those of one value after the other.

        - ``norm``, ``norm_err``: best fit and symmetric error. NaN only where no used pixel, no
          exposure or no energy constrains the norm; ``status`` says which.
        - ``norm_errn``, ``norm_errp``, ``norm_ul``, ``norm_sensitivity``: by choice.
        - ``norm_lo``, ``norm_hi``: by choice, lower and upper end of the interval. The lower end of
          ``"likelihood"`` is NaN where the data set none.
        - ``norm_ul_expected`` (band, ...): by choice, median and bands of the limits without a
          signal, as `expected_limits` has them.
        - ``ts``, ``sqrt_ts``: test statistic against norm 0, and its signed root.
        - ``stat``, ``stat_null``: fit statistic at the best fit and at norm 0.
        - ``stat_scan`` (..., norm_scan): by choice, the statistic at the norms ``norm_scan``, or
          at ``norm_scan_values`` (..., norm_scan) where they differ from bin to bin.
        - ``counts``, ``npred``, ``npred_excess``, ``npred_background``: in a joint fit with the
          dim ``dataset`` first.
        - ``success``, ``is_ul`` (bool), ``status`` (CF flags), ``coverage``.
        - ``ref_dnde`` in cm-2 s-1 TeV-1, ``ref_flux`` in cm-2 s-1, ``ref_eflux`` and
          ``ref_e2dnde`` in erg cm-2 s-1 (energy): values at norm 1.
        - ``solid_angle`` (projected_distance) in sr.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If `binned` is not binned data or has no background, or the data sets of a joint fit have
        different bins.
    InvalidEnergyError, InvalidOptionError
        If a setting is wrong, no energies of the data are in an energy bin, or the energies of the
        data sets do not fit together.

    Warns
    -----
    DataWarning
        If energy edges inside the data move, once with all of them; if upper limits are negative;
        or if a significance is below 1, like a confidence level.

    See Also
    --------
    xprofile.ProfileEstimator : The same settings as a value that can be kept and printed.
    xprofile.to_sed_type : Convert the norms to fluxes.
    xprofile.recompute_ul : Limits of another confidence level from a scan.
    xprofile.simulate : Draw toys, which are estimated like data.

    Notes
    -----
    A significance n has the two-sided confidence level :math:`2 \Phi(n) - 1` and the one-sided one
    :math:`\Phi(n)`, for the distribution function :math:`\Phi` of the normal distribution. So
    ``cl_ul=0.95`` is ``n_sigma_ul=1.645``, and 2 sigma are a limit of 97.7 %.

    Upper limits of ``"likelihood"`` are where the statistic has risen by the square of
    ``n_sigma_ul`` above the best fit. They can be negative; all others are 0 or more:

    - ``"bounded"``: the rise counts from the best fit with a norm of 0 or more.
    - ``"cls"``: CLs = 1 - ``cl_ul``, asymptotically with the test statistic
      :math:`\tilde q_\mu` (Cowan et al. 2011, EPJC 71, 1554), or by toys.
    - ``"feldman-cousins"``: upper end of the unified interval (Feldman & Cousins 1998, PRD 57,
      3873) of the level ``cl_ul``: exact sums for one fine bin with a known background, else
      10,000 toys by default.
    - ``"bayes"``: quantile of the posterior. Unknown backgrounds are integrated over. As an
      interval it is the shortest one.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> binned = maps.profile.bin(xprofile.SkyBins.annuli(center, edges=[0, 0.5, 1] * u.deg))
    >>> profile = xprofile.estimate(binned, selection_optional=["ul"])
    >>> dict(profile.norm_ul.sizes)
    {'projected_distance': 2, 'energy': 1}
    """
    estimator = ProfileEstimator(
        spectral_model=spectral_model,
        energy_edges=energy_edges,
        n_sigma=n_sigma,
        n_sigma_ul=n_sigma_ul,
        n_sigma_sensitivity=n_sigma_sensitivity,
        selection_optional=selection_optional,
        norm_values=norm_values,
        scan_n_sigma=scan_n_sigma,
        scan_n_values=scan_n_values,
        norm_min=norm_min,
        background=background,
        sum_over_energy_groups=sum_over_energy_groups,
        sqrt_ts_threshold_ul=sqrt_ts_threshold_ul,
        min_coverage=min_coverage,
        strict_energies=strict_energies,
        cl=cl,
        cl_ul=cl_ul,
        ul_method=ul_method,
        interval_method=interval_method,
        prior=prior,
        toys=toys,
        fc_lengthen=fc_lengthen,
        rng=rng,
    )
    return estimator.run(binned, progress=progress, parallel=parallel)
