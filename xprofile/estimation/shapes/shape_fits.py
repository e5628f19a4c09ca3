"""A brightness that depends on distance, fitted to the counts of bins in one call."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import product
from typing import Any, Literal

import xarray as xr

from ...exceptions import InvalidOptionError
from ...schema.arguments.one_by_one import FINE_BINS, over_further_dims
from ...schema.arguments.progress import progress_iterator
from ...schema.history import history_attrs
from ...schema.options import suggests_options
from ...spectrum.models import SpectralModel, model_name
from ..data_sets import Binned, as_datasets, common_groups, with_history
from ..energy_groups import EnergyEdges, EnergyGroups
from .brightness import Brightness
from .derived import Derived, make_grid, uniform_signal
from .extension import extension_parameter, kept_from_zero
from .fitting.problem import ShapeProblem
from .fitting.rows import DataRows, GroupRows, sort_rows
from .fitting.search import import_minuit
from .light import find_light
from .linear import find_amplitudes
from .outcome import Outcome, fit_problem
from .outside import warn_of_light_outside
from .results import Shape, make_result
from .settings import ShapeSettings

__all__ = ["fit_shape"]


@suggests_options
@over_further_dims(FINE_BINS)
def fit_shape(
    binned: Binned,
    model: Any,
    *,
    spectral_model: SpectralModel | None = None,
    per: Literal["profile", "energy"] | None = None,
    energy_edges: EnergyEdges = None,
    extension: str | None = None,
    n_sigma: float | None = None,
    n_sigma_ul: float | None = None,
    selection_optional: Collection[str] | str | None = "all",
    strict_energies: bool = False,
    cl: float | None = None,
    cl_ul: float | None = None,
    progress: bool = False,
) -> xr.Dataset:
    r"""Fit a brightness that depends on the distance, such as a Gaussian or a shell.

    The brightness is averaged over the used pixels of each bin, or spread by the PSF if the data
    have ``source_mixing``, and fitted by the likelihood of `estimate`.

    Parameters
    ----------
    binned : xarray.Dataset, list or dict of xarray.Dataset
        From `bin_maps`, of annuli, elliptical annuli, or bins along a line or path; with
        ``psf=True`` to take the PSF into account. A list, a dict by name, or a Dataset with a dim
        ``dataset``, is fitted jointly. The ``background`` is taken as it is, without a norm or an
        uncertainty: a constant in the model stands for more of it, and off counts for one that is
        measured.
    model : astropy.modeling.Model
        Model of one variable, the distance in deg: Gaussian1D, Moffat1D, Exponential1D, PowerLaw1D,
        Box1D, your own, or sums and products of them. Its values are the start of the fit, and its
        ``fixed``, ``tied`` and ``bounds`` hold. Lengths are in deg, or angles with a unit. The
        amplitude is a brightness: the number of reference spectra per sr, which may be negative
        unless it has a bound. Round a centre, fix the ``mean`` of a Gaussian to 0.
    spectral_model : astropy.modeling.Model or callable, optional
        Reference spectrum, from an energy Quantity to dN/dE. The default is a power law of index 2.
    per : {"profile", "energy"}, optional
        Fit one shape to all energies, or one to each energy bin. The default is one for each if
        `energy_edges` are given.
    energy_edges : Quantity, "fine" or int, optional
        Edges of the energy bins, as in `estimate`. Energies beyond them are left out.
    extension : str, optional
        Parameter whose limit 0 is a point source at distance 0, for ``ts_extension``. By default
        the first width of a Gaussian, Moffat, Lorentz, box, exponential, Sersic or King model in
        `model` that is free, and whose centre is fixed at 0.
    n_sigma : float, optional
        Significance of ``err``, ``errn`` and ``errp``; 1 by default, from 1e-6 to 1e5.
    n_sigma_ul : float, optional
        Significance of the upper limits; 2 by default, from 1e-6 to 1e5.
    selection_optional : collection of {"errn-errp", "ul", "ts-extension"} or "all"
        Optional quantities to compute.
    strict_energies : bool
        Refuse energy edges that are not edges of the data, instead of moving them.
    cl, cl_ul : float, optional
        Two-sided confidence level of errors instead of `n_sigma`, and one-sided confidence level of
        upper limits instead of `n_sigma_ul`, as in `estimate`.
    progress : bool
        Show a progress bar, which needs tqdm.

    Returns
    -------
    xarray.Dataset
        With ``per="profile"`` the dims have no ``energy``. Labels of the parameters are their names
        in the model. A dim ``toy`` of the counts comes first.

        - ``value`` (parameter, energy), in the unit that ``parameter_unit`` (parameter) says: deg
          for angles with a unit, and numbers as the model has them.
        - ``err``: error from the covariance; 0 for fixed parameters. Of a best fit at a bound, the
          larger of ``errn`` and ``errp``.
        - ``errn``, ``errp``, ``ul``: errors and upper limit with all others fitted again. They end
          at bounds of the parameter. NaN if no such rise is found.
        - ``status`` (parameter, energy): CF flags. Where several amplitudes would run away, as
          predicted counts below 0 count as 0, all counts are above 0, and free parameters are
          flagged ``best_fit_at_boundary`` if that holds them, with ``err`` as at a bound.
        - ``covariance``, ``correlation`` (energy, parameter, parameter_2), for 1 sigma. Rows of a
          parameter at a bound are NaN.
        - ``total``, ``total_err`` (energy): integral of the brightness in reference spectra; over
          the whole sky for bins round a centre, over the bins along a line. Constants that are
          added to other models are left out.
        - ``ts`` (energy): test statistic against no signal.
        - ``ts_extension`` (energy): test statistic against a point source, with the PSF. Without
          extension, it is 0 in half of all cases, and follows a chi-square distribution otherwise.
        - ``stat``, ``deviance``, ``dof`` (energy): fit statistic, the same minus that of a model
          that predicts the counts exactly, and degrees of freedom.
        - ``brightness``, ``brightness_err`` (energy, distance) per sr: the curve.
        - ``counts``, ``npred``, ``npred_background`` (projected_distance, energy): of each bin.
        - ``model_norm``, ``model_norm_err`` (projected_distance, energy): norm that `estimate`
          would find in each bin, with the PSF; and ``model_norm_true``, ``model_norm_true_err``
          that of `unfold`.

    Raises
    ------
    InvalidOptionError
        If the model has not one distance as input, its units are wrong, or an option is.
    InvalidDataError, MissingVariableError
        If the bins have no distance, or the data lack a background.
    MissingPackageError
        If iminuit is not installed; the extra ``fit`` has it.

    Warns
    -----
    DataWarning
        If bins of a few pixels have only their edges, the shape goes on beyond the bins so that the
        PSF carries light from there into them, energy edges move, upper limits of amplitudes are
        negative, or a significance is below 1.

    See Also
    --------
    xprofile.unfold : Brightness of each bin, without a shape.
    xprofile.containment : Radii of a profile, without a shape.
    xprofile.plot.plot_profile : Draw the shape over a profile.

    Notes
    -----
    The counts of bin i at energy k are, for a brightness B at the distance d,

    .. math:: \mu_{ik} = \int B(d)\, \frac{d\Omega}{dd}\, S_{ik}(d)\, dd + b_{ik}

    where S is the signal of one reference spectrum at d, from ``source_mixing`` and
    ``source_exposure``. Without a PSF, they are those of `estimate` for the mean of B over the
    bin, weighted with exposure. Light from outside the bins is not known, as in `unfold`;
    ``margin=`` of `bin_maps` adds bins. Nothing shines beside the boxes of a line or path: of a
    band that is wider, the PSF carries light in, which makes the amplitude too large. Amplitudes
    are fitted by Newton's method for each value of the other parameters, and these by Minuit (James
    & Roos 1975, Comput. Phys. Commun. 10, 343).

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> from astropy.modeling.models import Const1D, Gaussian1D
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=1 * u.deg, nbin=5)
    >>> binned = maps.profile.bin(rings, psf=True)
    >>> model = Gaussian1D(mean=0, stddev=0.3, fixed={"mean": True}) + Const1D()
    >>> fit = xprofile.fit_shape(binned, model, spectral_model=xprofile.power_law(2.3))
    >>> fit.parameter.values.tolist()
    ['amplitude_0', 'mean_0', 'stddev_0', 'amplitude_1']
    """
    settings = ShapeSettings.from_options(
        spectral_model=spectral_model,
        per=per,
        energy_edges=energy_edges,
        extension=extension,
        n_sigma=n_sigma,
        n_sigma_ul=n_sigma_ul,
        selection_optional=selection_optional,
        strict_energies=strict_energies,
        cl=cl,
        cl_ul=cl_ul,
    )
    import_minuit()
    brightness = Brightness.from_model(model)
    datasets = as_datasets(binned)
    groups = common_groups(datasets, settings.energy_edges, strict=settings.strict_energies)
    data = sort_rows(datasets, [find_light(d, settings.spectral_model) for d in datasets])
    brightness = brightness.on(data.places)
    width = extension_parameter(brightness, settings.extension)
    if width is not None:
        brightness = kept_from_zero(brightness, width, data.places)
    iterate = progress_iterator("fit_shape", shown=progress, unit=" fits")
    outcomes, shape = _outcomes(datasets, groups, data, brightness, settings, width, iterate)
    warn_of_light_outside(datasets, data, shape.grid.curve.at, outcomes)
    source = with_history(binned, datasets)
    step = f"fit_shape {model_name(model)}; {settings.summary()}"
    attrs = history_attrs(settings.attrs(), source, step)
    attrs["model"] = _text(model)
    attrs["extension"] = "" if width is None else brightness.names[width]
    return make_result(shape, outcomes, settings, attrs)


def _outcomes(
    datasets: Sequence[xr.Dataset],
    groups: Sequence[EnergyGroups],
    data: DataRows,
    brightness: Brightness,
    settings: ShapeSettings,
    width: int | None,
    iterate: Callable[[Sequence[Any]], Iterable[Any]],
) -> tuple[list[Outcome], Shape]:
    """Fit the shape to all toys and energy groups."""
    light = data.lights[0]
    grid = make_grid(datasets[0], light.geometry, light.size)
    amplitudes = find_amplitudes(brightness, data.places)
    if settings.extension is not None and width in amplitudes:
        raise InvalidOptionError(
            f"extension={settings.extension!r} is an amplitude, expected a width of the model"
        )
    uniform = [uniform_signal(d, settings.spectral_model) for d in datasets]
    ngroup = groups[0].first.size
    chosen = [[g] for g in range(ngroup)] if settings.per == "energy" else [list(range(ngroup))]
    parts = [GroupRows.from_energies(data, groups, numbers) for numbers in chosen]
    has_point = all(one.has_point for one in data.lights)
    tested = has_point and "ts-extension" in settings.selection_optional
    found = []
    indices = product(*(range(size) for size in data.sizes))
    for index, part in iterate(list(product(indices, parts))):
        rows = part.rows(index)
        problem = ShapeProblem(brightness, part, rows, amplitudes)
        derived = Derived(brightness, part, rows, grid, uniform)
        found.append(fit_problem(problem, derived, settings, width, tested=tested))
    shape = Shape(datasets[0], groups[0], brightness, grid, data.extra, data.sizes)
    return found, shape


def _text(model: Any) -> str:
    """Text of a model: its expression and the names of its parts."""
    expression = getattr(model, "submodel_names", None)
    if expression is None:
        return type(model).__name__
    kinds = [type(model[i]).__name__ for i in range(model.n_submodels)]
    return f"{model._format_expression()}: {', '.join(kinds)}"
