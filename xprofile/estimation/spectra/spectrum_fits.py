"""Spectra along a profile, in one call."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence

import astropy.units as u
import numpy as np
import xarray as xr

from ...exceptions import DataWarning
from ...schema.arguments.one_by_one import FINE_BINS, over_further_dims
from ...schema.arguments.progress import progress_iterator
from ...schema.axes import axis_edges, bin_dim, energy_unit
from ...schema.history import history_attrs
from ...schema.names import ENERGY, ENERGY_UNIT, MARGIN
from ...schema.number_checks import check_number_of_values
from ...schema.options import suggests_options
from ...schema.warning_place import user_stacklevel
from ...spectrum.models import SpectralModel
from ..data_sets import Binned, as_datasets, common_groups, with_history
from ..energy_groups import EnergyEdges
from ..problems import make_problems
from .fits import Blocks, fit_all
from .folding import check_response, make_fold
from .parameters import make_spectrum
from .results import make_result
from .same import compare_bins
from .settings import SpectrumSettings
from .tables import Tabulated, tabulate

__all__ = ["fit_spectrum"]

# Error of interpolated signals, as a share of the largest of a bin, above which a warning says so.
# It moves best fits of 1e8 counts by a hundredth of their error. At a tenth, models with kinks at a
# free energy would warn; at a hundred times as much, statistics of 1e4 counts are off by 0.01.
_INTERPOLATED = 1e-6


@suggests_options
@over_further_dims(FINE_BINS)
def fit_spectrum(
    binned: Binned,
    spectral_model: SpectralModel,
    *,
    free: Collection[str] | str = ("alpha",),
    energy_edges: EnergyEdges = None,
    n_sigma: float | None = None,
    selection_optional: Collection[str] | str | None = "all",
    background: str | float = "fixed",
    strict_energies: bool = False,
    n_toys: int = 0,
    rng: int | np.random.Generator | None = None,
    cl: float | None = None,
    progress: bool = False,
) -> xr.Dataset:
    r"""Fit a spectrum in each bin: its amplitude, and one or two further parameters.

    Each bin is fitted by itself, from its fine energies, as by `estimate`. The result tells how the
    spectrum changes along the profile, and whether it does.

    Parameters
    ----------
    binned : xarray.Dataset, list or dict of xarray.Dataset
        Binned data, from `bin_maps`. A list, a dict by name, or a Dataset with a dim
        ``dataset``, is fitted jointly, as by `estimate`. Bins that ``bin(..., margin=...)`` added
        are left out.
    spectral_model : astropy.modeling.Model
        Model of dN/dE over an energy Quantity, whose ``amplitude`` scales it. Bounds of the model
        are respected. Parameters that are not in `free` keep their values.
    free : collection of str, or str
        Names of one or two free parameters besides the amplitude, which is always free. Without
        bounds in the model, indices are from -5 to 10, curvatures (``beta``) from -1 to 2, energies
        from a tenth of the lowest energy of the data to ten times the highest, and other numbers
        within 10 of the value of the model; widths of breaks (``delta``) are from 0.01 to 10.
        Bounds of the model, such as ``model.alpha.bounds = (-8, 15)``, narrow or widen a range. The
        value of the model does not matter otherwise.
    energy_edges : Quantity, "fine" or int, optional
        Edges of energy bins, as in `estimate`; energies beyond are left out. The default is one bin
        of all energies. With several, each has a spectrum.
    n_sigma : float, optional
        Significance of the errors; 1 by default, from 1e-6 to 1e5.
    selection_optional : collection of {"errn-errp"} or "all", optional
        Optional quantities to compute; all by default. None saves time.
    background : {"fixed", "free"} or float
        Whether the background is known, or has a norm in each bin (and data set) that is fitted:
        freely, or with a relative systematic uncertainty such as 0.05.
    strict_energies : bool
        Refuse energy edges that are not edges of the data, instead of moving them.
    n_toys : int
        Number of toys for the p-values of the same value in all bins; without, they are those of a
        chi2 distribution.
    rng : int or numpy.random.Generator, optional
        Seed or generator of the toys; without it each call draws other toys.
    cl : float, optional
        Two-sided confidence level of the errors instead of `n_sigma`, as in `estimate`.
    progress : bool
        Show a progress bar, which needs tqdm.

    Returns
    -------
    xarray.Dataset
        With the dim ``energy`` after that of the bins if `energy_edges` makes several energy bins.
        Dims of the counts such as ``toy`` come first. Below, ``alpha`` stands for each name of
        `free`.

        - ``amplitude``, ``alpha`` (projected_distance): best fits, in the units of the model. NaN
          where the counts are the same for all spectra, such as without counts. An amplitude may
          be negative, as a norm of `estimate`.
        - ``amplitude_err``, ``alpha_err`` (projected_distance): symmetric errors from the
          covariance. NaN where the data do not determine a parameter, or it is at an end.
        - ``amplitude_errn``, ``alpha_errn``, ``amplitude_errp``, ``alpha_errp``
          (projected_distance): distances to the ends of the interval, with all others fitted
          again. NaN if the statistic does not rise enough within the range.
        - ``covariance``, ``correlation`` (projected_distance, parameter, parameter_2): for 1 sigma.
        - ``ts`` (projected_distance): test statistic against no signal.
        - ``stat`` (projected_distance): fit statistic at the best fit.
        - ``status`` (projected_distance): CF flags; among them ``best_fit_at_boundary`` at the end
          of a range, ``not_determined``, and ``unbounded_interval``.
        - ``counts``, ``npred``, ``npred_background`` (projected_distance): of all data sets.
        - ``solid_angle`` (projected_distance) in sr, ``coverage`` (projected_distance).
        - ``alpha_mean``, ``alpha_mean_err``: weighted mean over the bins, and its 1 sigma error.
        - ``alpha_chi2``, ``alpha_dof``, ``alpha_p_value``: chi2 of the same value in all bins, its
          degrees of freedom, and the probability of one as large if the value is the same.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If `binned` is not binned data or has no background, its response has other dims than bins
        and energies, or the data sets of a joint fit have different bins.
    InvalidEnergyError, InvalidOptionError
        If a setting is wrong, the model is not one of astropy or has no amplitude, or a name of
        `free` is not a parameter, or fixed, or a parameter is tied.
    TooLargeError
        If so many toys would take more than 400 MB.

    Warns
    -----
    DataWarning
        If energy edges inside the data move, a model changes too fast with its parameters, or a
        significance is below 1.

    See Also
    --------
    xprofile.estimate : Estimate the norm of one spectrum in each bin.
    xprofile.fit_shape : Fit a brightness that depends on the distance.
    xprofile.plot.plot_profile : Plot a parameter over the bins.

    Notes
    -----
    The statistic is that of `estimate`, with the signal counts of the model at each value of its
    parameters. The amplitude is fitted exactly at each of these. All minima that values and slopes
    on a coarse grid of the other parameters tell are followed by Newton's method, and the lowest
    counts, so that no starting values matter. Signals between the grid's points are interpolated by
    polynomials of their logarithms, with relative errors below 1e-8 for smooth models.

    The mean has the weights :math:`w_i = \sigma_i^{-2}` of the symmetric errors, and
    :math:`\chi^2 = \sum_i w_i (\theta_i - \bar\theta)^2`, over the bins that have an error and a
    positive amplitude. Toys have the mean in all these bins, with all other parameters as they fit
    best. With k of N toys as high as the data the p-value is (1 + k) / (1 + N) (Davison & Hinkley
    1997, section 4.3).

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> binned = maps.profile.bin(xprofile.SkyBins.annuli(center, edges=[0, 0.5, 1] * u.deg))
    >>> model = xprofile.power_law(reference=50 * u.GeV)
    >>> fit = xprofile.fit_spectrum(binned, model, free=["alpha"])
    >>> dict(fit.covariance.sizes)
    {'projected_distance': 2, 'parameter': 2, 'parameter_2': 2}
    """
    settings = SpectrumSettings.from_options(
        spectral_model=spectral_model,
        free=free,
        energy_edges=energy_edges,
        n_sigma=n_sigma,
        selection_optional=selection_optional,
        background=background,
        strict_energies=strict_energies,
        n_toys=n_toys,
        rng=rng,
        cl=cl,
    )
    datasets = [_without_margin(data) for data in as_datasets(binned)]
    for data in datasets:
        check_response(data)
    spectrum = make_spectrum(settings.spectral_model, settings.free, _energies(datasets))
    groups = common_groups(datasets, settings.energy_edges, strict=settings.strict_energies)
    problems = make_problems(datasets, groups, settings.spectral_model, width=settings.width)
    number = 2 * settings.n_toys * int(np.prod(problems.shape))  # values and errors
    check_number_of_values(f"n_toys={settings.n_toys}", number, "draw fewer toys")
    tabulated = [tabulate(spectrum, make_fold(data, spectrum)) for data in datasets]
    _warn_of_jumps(tabulated)
    blocks = Blocks(problems, spectrum, tabulated, groups)
    nbin = problems.shape[-2]
    bar = progress_iterator("fit_spectrum", shown=progress, total=nbin, unit=" bins")
    fits = fit_all(blocks, settings, bar)
    same = compare_bins(blocks, fits, settings)
    source = with_history(binned, datasets)
    attrs = history_attrs(settings.attrs(), source, f"fit_spectrum {settings.summary()}")
    return make_result(datasets, blocks, fits, same, settings, attrs)


def _without_margin(data: xr.Dataset) -> xr.Dataset:
    """Leave out the bins that were added round the others."""
    if MARGIN not in data.coords:
        return data
    kept = np.flatnonzero(~data[MARGIN].to_numpy().astype(bool))
    return data.isel({bin_dim(data): kept}).drop_vars(MARGIN)


def _energies(datasets: Sequence[xr.Dataset]) -> tuple[float, float]:
    """Lowest and highest energy of all data sets in TeV."""
    edges = [
        axis_edges(data, ENERGY) * u.Unit(energy_unit(data)).to(ENERGY_UNIT) for data in datasets
    ]
    return min(float(e[0]) for e in edges), max(float(e[-1]) for e in edges)


def _warn_of_jumps(tabulated: Sequence[Tabulated]) -> None:
    error = max(one.error for one in tabulated)
    if error > _INTERPOLATED:
        warnings.warn(
            "the spectral model changes too fast with its free parameters to be interpolated: "
            f"signal counts are wrong by up to {error:.1g} of the largest of a bin; set narrower "
            "bounds of these parameters",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
