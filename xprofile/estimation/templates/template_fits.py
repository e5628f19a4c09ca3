"""Norms of templates that add up to the counts, in one call."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import astropy.units as u
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ...schema.arguments.one_by_one import FINE_BINS, over_further_dims
from ...schema.arguments.progress import progress_iterator
from ...schema.axes import energy_unit
from ...schema.history import history_attrs
from ...schema.names import ENERGY, ENERGY_UNIT
from ...schema.options import suggests_options
from ...spectrum.models import SpectralModel
from ...spectrum.references import reference_variables
from ..data_sets import Binned, as_datasets, common_groups, is_joint, with_history
from ..energy_groups import EnergyEdges
from .goodness import goodness_of_fit, p_values_by_toys
from .inputs import template_counts
from .predicted import fitted_rows, predicted_counts
from .results import Layout, make_result
from .rows import make_rows
from .settings import TemplateSettings
from .solve import solve
from .warned import warn_of_degeneracy, warn_of_overlaps, warn_of_unexplained

__all__ = ["fit_templates"]


@suggests_options
@over_further_dims(FINE_BINS)
def fit_templates(
    binned: Binned,
    templates: Mapping[str, Any],
    *,
    per: Literal["profile", "energy", "bin"] = "profile",
    spectral_model: SpectralModel | None = None,
    free_bins: bool | xr.DataArray | ArrayLike = False,
    energy_edges: EnergyEdges = None,
    n_sigma: float | None = None,
    n_sigma_ul: float | None = None,
    selection_optional: Collection[str] | str | None = None,
    norm_min: float | None = None,
    background: str | float = "fixed",
    background_correlated: bool = False,
    exposure_systematic: float = 0,
    sum_over_energy_groups: bool = False,
    strict_energies: bool = False,
    n_toys: int = 0,
    rng: int | np.random.Generator | None = None,
    cl: float | None = None,
    cl_ul: float | None = None,
    progress: bool = False,
) -> xr.Dataset:
    r"""Fit the norms of several templates at once to the counts of all bins.

    A template is the predicted counts of something that is known up to a factor: gas that shines
    with an unknown emissivity, isotropic emission, a source. Norms of gas are its emissivity, as a
    factor of the one that the template was predicted with.

    Parameters
    ----------
    binned : xarray.Dataset, list or dict of xarray.Dataset
        From `bin_maps`. A list, a dict by name, or a Dataset with a dim ``dataset``, is fitted
        jointly, with the same norms. Its ``background`` (or its off counts) stays; make it 0 if
        templates stand for all of it.
    templates : dict
        Name of each template to its predicted counts in the same bins and fine energies, (energy,
        projected_distance), from ``maps.profile.predict(sky_map).profile.bin(bins)``, of maps with
        the same mask, and with the same ``overlap`` as for the data. For several data sets, a list
        with one array for each, or an array with the dim ``dataset``.
        ``maps.profile.fit_templates`` also takes sky maps, as `predict` does; a pair of a sky map
        (or None for an isotropic brightness) and its spectral model; or predicted counts on the
        pixels of the maps.
    per : {"profile", "energy", "bin"}
        Where a template has the same norm: in all bins and at all energies; in all bins, with a
        norm for each energy bin; or at all energies, with a norm for each bin.
    spectral_model : astropy.modeling.Model or callable, optional
        Spectrum of the norms of bins, from an energy Quantity to dN/dE; a power law of index 2 by
        default. In ``maps.profile.fit_templates`` also that of sky maps without a spectrum.
    free_bins : bool, xarray.DataArray or array-like
        Whether bins have a norm each, which is fitted with those of the templates: what is left
        beyond them, as `estimate` would find it, or `unfold` if the data have ``psf_mixing``. An
        array along the bins, of True and False or 1 and 0, says which; the norms of others are 0,
        and NaN in the result.
    energy_edges : Quantity, "fine" or int, optional
        Edges of the energy bins of the results, as in `estimate`. Energies beyond them are left
        out. The default is each energy bin of the data.
    n_sigma : float, optional
        Significance of ``norm_err``, ``norm_errn`` and ``norm_errp``; 1 by default, from 1e-6 to
        1e5.
    n_sigma_ul : float, optional
        Significance of the upper limit; 2 by default, from 1e-6 to 1e5.
    selection_optional : collection of {"errn-errp", "ul"} or "all"
        Optional quantities to compute. All other norms are fitted again at each step.
    norm_min : float, optional
        Smallest norm allowed, such as 0. By default norms may be negative.
    background : {"fixed", "free"} or float
        Whether the background is known, or has a norm in each bin of a fit (and data set) that is
        fitted: freely, or with a relative systematic uncertainty such as 0.05.
    background_correlated : bool
        Fit one norm of the background for all bins of a fit (and data set) instead.
    exposure_systematic : float
        Relative systematic uncertainty of the exposure, common to all templates, bins and energies,
        such as 0.1. Best fits and ``ts`` stay; errors, limits and covariances of the norms grow.
    sum_over_energy_groups : bool
        Sum the fine energy bins of an energy bin before the fit.
    strict_energies : bool
        Refuse energy edges that are not edges of the data, instead of moving them.
    n_toys : int
        Number of toys of the best fit for the p-value; without, it follows from the moments of the
        deviance.
    rng : int or numpy.random.Generator, optional
        Seed or generator of the toys; without it each call draws other toys.
    cl, cl_ul : float, optional
        Two-sided confidence level of errors instead of `n_sigma`, and one-sided confidence level of
        upper limits instead of `n_sigma_ul`, as in `estimate`.
    progress : bool
        Show a progress bar of the fits of toys, which needs tqdm.

    Returns
    -------
    xarray.Dataset
        Results of each fit: one fit with ``per="profile"``, and one for each energy or bin
        otherwise. So their dims below have no ``energy`` with "profile", and the dim of the bins in
        its place with "bin". A dim ``toy`` of the counts comes before these dims.

        - ``norm``, ``norm_err`` (template, energy): best fit, and error from the covariance. NaN
          where the template predicts no counts, or other templates can replace it.
        - ``norm_errn``, ``norm_errp``, ``norm_ul``: by choice, with all others fitted again.
        - ``ts``, ``sqrt_ts`` (template, energy): test statistic against norm 0.
        - ``covariance``, ``correlation`` (energy, template, template_2): of the norms, for 1 sigma.
        - ``status`` (template, energy): CF flags.
        - ``stat`` (energy): fit statistic at the best fit.
        - ``deviance``, ``dof``, ``p_value`` (energy): goodness of fit.

        Counts of each bin and energy. In a joint fit they have the dim ``dataset`` first.

        - ``npred`` (template, energy, projected_distance): predicted counts of each template.
        - ``counts``, ``npred_background``, ``npred_total`` (energy, projected_distance).
        - ``residual`` (energy, projected_distance): counts minus predicted counts.
        - ``residual_sqrt_ts`` (energy, projected_distance): its significance, the signed root of
          the deviance of the counts. Errors of the norms are not in it.
        - ``solid_angle`` (projected_distance), ``coverage`` (energy, projected_distance).

        With `free_bins`, ``bin_norm``, ``bin_norm_err``, ``bin_ts``, ``bin_status`` and so on
        (projected_distance, energy), ``bin_covariance`` (energy, projected_distance,
        projected_distance_2), ``npred_bins`` (energy, projected_distance), and ``ref_dnde``,
        ``ref_flux`` and so on (energy), the values at norm 1. `bin_profile` makes a profile of
        them.

    Raises
    ------
    MissingVariableError
        If `binned` is not binned data, or has no background.
    InvalidDataError
        If templates have other bins or energies than the data, are means over bins or were binned
        with another ``overlap``, or are negative or not finite.
    InvalidEnergyError, InvalidOptionError
        If a setting is wrong, or no energies of the data are in an energy bin.

    Warns
    -----
    DataWarning
        If the data cannot tell templates apart, bins have counts where none are predicted, bins
        overlap, energy edges move, upper limits are negative, or a significance is below 1.

    See Also
    --------
    xprofile.predict : Predict the counts of a sky map.
    xprofile.bin_profile : Make a profile of the norms of bins.
    xprofile.correlation : Correlate two profiles.
    xprofile.plot.plot_templates : Plot counts, templates and residuals.

    Notes
    -----
    The counts of bin i at energy k are

    .. math:: \mu_{ik} = \max\Big(\sum_t x_t T_{tik} + \sum_j y_j S_{jik} + b_{ik}, 0\Big)

    for the norms x of the templates T, the norms y of the bins with the signal S, and the
    background b. The statistic is that of Cash (1979), or of on and off counts, as in `estimate`.

    The deviance is the difference of the statistic from that of a model that predicts all counts
    exactly. Where fine bins have few counts, it does not follow a :math:`\chi^2` distribution of
    ``dof`` degrees of freedom. So the p-value is that of a gamma distribution with the mean and
    variance that the deviance of Poisson counts has (Kaastra 2017, A&A 605, A51), or the share of
    toys with a deviance as large. With fewer than some twenty counts in a fit, take toys: at eight
    counts, 18 % of right models had a p-value below 0.05 by the moments.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=8)
    >>> binned = maps.profile.bin(rings)
    >>> known = {"background": binned.background}
    >>> alone = binned.assign(background=0 * binned.background)
    >>> fit = xprofile.fit_templates(alone, known, free_bins=binned.projected_distance < 1)
    >>> dict(fit.npred.sizes)
    {'template': 1, 'energy': 11, 'projected_distance': 8}
    """
    settings = TemplateSettings.from_options(
        per=per,
        spectral_model=spectral_model,
        free_bins=free_bins,
        energy_edges=energy_edges,
        n_sigma=n_sigma,
        n_sigma_ul=n_sigma_ul,
        selection_optional=selection_optional,
        norm_min=norm_min,
        background=background,
        background_correlated=background_correlated,
        exposure_systematic=exposure_systematic,
        sum_over_energy_groups=sum_over_energy_groups,
        strict_energies=strict_energies,
        n_toys=n_toys,
        rng=rng,
        cl=cl,
        cl_ul=cl_ul,
    )
    datasets = as_datasets(binned)
    groups = common_groups(datasets, settings.energy_edges, strict=settings.strict_energies)
    names, counts = template_counts(templates, datasets)
    rows = make_rows(datasets, groups, counts, settings)
    warn_of_overlaps(datasets, settings)
    joint = is_joint(binned)
    source = with_history(binned, datasets)
    attrs = history_attrs(settings.attrs(), source, f"fit_templates {settings.summary()}")
    iterate = progress_iterator("fit_templates", shown=progress, unit=" blocks of toys")
    return _fitted(Layout(datasets, groups, names, rows, joint), settings, attrs, iterate)


def _fitted(
    layout: Layout,
    settings: TemplateSettings,
    attrs: dict[Hashable, Any],
    iterate: Callable[[Sequence[int]], Iterable[int]],
) -> xr.Dataset:
    """Fit the rows, and make the result."""
    rows = layout.rows
    problems = rows.problems(settings)
    fit, norms = solve(problems, settings)
    warn_of_degeneracy(layout.names, norms)
    fitted = fitted_rows(problems, fit, rows.ntemplate, norms.not_determined)
    used = rows.arrange([block.used[None].astype(float) for block in rows.blocks])[:, 0] > 0
    used = np.repeat(used, rows.ntoy, axis=0)
    goodness = goodness_of_fit(problems, fit, fitted, used)
    if settings.n_toys:
        shares = p_values_by_toys(
            problems, fit, fitted, goodness.deviance, settings.n_toys, settings.rng, iterate
        )
        goodness = replace(goodness, p_value=shares)
    warn_of_unexplained(problems.n, fitted.total)
    counts = predicted_counts(rows, fitted, norms.values["norm"][:, : rows.ntemplate])
    result = make_result(layout, norms, goodness, counts, attrs)
    return result.assign(_references(layout, settings)) if settings.has_free_bins else result


def _references(layout: Layout, settings: TemplateSettings) -> dict[str, xr.Variable]:
    """Reference fluxes of the norms of bins, in their energy bins, or in one of all energies."""
    groups = layout.groups[0]
    scale = u.Unit(energy_unit(layout.datasets[0])).to(ENERGY_UNIT)
    lower, upper = groups.lower * scale, groups.upper * scale
    each = settings.per == "energy"
    ends = (lower, upper) if each else (lower[:1], upper[-1:])
    found = reference_variables(settings.spectral_model, *ends, warn=False)
    return found if each else {name: v.isel({ENERGY: 0}) for name, v in found.items()}
