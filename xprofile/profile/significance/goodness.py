r"""Goodness of fit of profiles without signal, and of profiles that are constant.

With the norm :math:`x_j` of each bin free, the statistic is :math:`\sum_j C_j(\hat x_j)`. Without
signal, or with one norm x in all bins, it is higher by

.. math:: T_0 = \sum_j [C_j(0) - C_j(\hat x_j)], \qquad
    T_1 = \min_x \sum_j [C_j(x) - C_j(\hat x_j)],

which for many counts follow :math:`\chi^2` distributions of m and m - 1 degrees of freedom for m
bins (Wilks 1938). The deviance is the statistic above that of a model that predicts the counts of
each fine energy bin exactly (Baker & Cousins 1984), so it also tests the spectrum.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import xarray as xr

from ...estimation.data_sets import Binned, as_datasets, common_groups, with_history
from ...estimation.energy_groups import EnergyEdges, EnergyGroups
from ...estimation.settings import background_width, check_model, checked_energy_edges, setting_text
from ...exceptions import InvalidDataError, InvalidOptionError
from ...schema.arguments.generators import random_generator
from ...schema.arguments.one_by_one import FINE_BINS, over_further_dims
from ...schema.arguments.progress import progress_iterator
from ...schema.axes import axis_coords, energy_unit
from ...schema.history import history_attrs
from ...schema.names import ENERGY, SPECTRAL_MODEL, TOY
from ...schema.number_checks import check_bool, check_positive_integer
from ...schema.options import suggests_options
from ...spectrum.model_json import model_to_json
from ...spectrum.models import SpectralModel, power_law
from .hypotheses import FitSettings, chi2_p_values, run_tests, toys_p_values

__all__ = ["goodness_of_fit"]

_HYPOTHESIS = "hypothesis"
_TITLES = {
    "norm": "norm of all bins",
    "ts": "test statistic against norms of all bins",
    "dof": "degrees of freedom of the test statistic",
    "p_value": "probability of a ts as high, by chi2",
    "deviance": "deviance of the counts",
    "deviance_dof": "degrees of freedom of the deviance",
    "p_value_toys": "probability of a ts as high, by toys",
    "deviance_p_value_toys": "probability of a deviance as high, by toys",
}


@suggests_options
@over_further_dims(FINE_BINS, alone="n_toys")
def goodness_of_fit(
    binned: Binned,
    *,
    spectral_model: SpectralModel | None = None,
    energy_edges: EnergyEdges = None,
    background: str | float = "fixed",
    sum_over_energy_groups: bool = False,
    strict_energies: bool = False,
    n_toys: int | None = None,
    rng: int | np.random.Generator | None = None,
    progress: bool = False,
) -> xr.Dataset:
    r"""Test whether all bins of a profile have no signal, or all have the same norm.

    Parameters
    ----------
    binned : xarray.Dataset, list or dict of xarray.Dataset
        Binned data, as for `estimate`; several data sets are fitted jointly. ``psf_mixing`` is not
        used.
    spectral_model, energy_edges, background, sum_over_energy_groups, strict_energies : optional
        As for `estimate`.
    n_toys : int, optional
        Number of toys of each hypothesis, for p-values that hold for few counts.
    rng : int or numpy.random.Generator, optional
        Seed or generator of the toys; without it each call draws other toys.
    progress : bool
        Show progress bars of the fits of toys, which need tqdm.

    Returns
    -------
    xarray.Dataset
        For the coordinate ``hypothesis``: ``"no signal"``, norm 0 in all bins, and ``"constant"``,
        the same norm in all bins, which is fitted. A dim ``toy`` of the counts comes after it.

        - ``norm`` (hypothesis, energy): norm of all bins.
        - ``ts`` (hypothesis, energy): rise of the statistic if the norms of all bins are replaced
          by this one.
        - ``dof`` (hypothesis, energy): number of bins with a norm, minus one for ``"constant"``.
        - ``p_value`` (hypothesis, energy): probability of a ``ts`` as high if the hypothesis is
          true, by the :math:`\chi^2` distribution (Wilks 1938, Ann. Math. Statist. 9, 60), which
          needs ten or more counts in each bin. NaN without degrees of freedom.
        - ``deviance`` (hypothesis, energy): statistic of the counts of all fine energy bins, above
          that of a model that predicts them exactly.
        - ``deviance_dof`` (hypothesis, energy): number of fine energy bins that can have counts,
          minus fitted norms.
        - ``p_value_toys``, ``deviance_p_value_toys`` (hypothesis, energy), with `n_toys`: p-values
          (1 + k) / (1 + N), if k of N toys have a ``ts`` or a ``deviance`` as high.

        ``ts`` tests the bins against each other, ``deviance`` also the spectrum in each bin.

    Raises
    ------
    MissingVariableError, InvalidDataError
        If `binned` is not binned data or has no background, or has toys and `n_toys` is given.
    InvalidEnergyError, InvalidOptionError
        If a setting is wrong, or toys cannot be drawn, as with ``background="free"``.

    Warns
    -----
    DataWarning
        If energy edges inside the data move.

    See Also
    --------
    xprofile.p_value : Test of each bin.
    xprofile.global_significance : Significance of the most significant bin.
    xprofile.fit_templates : Fit of predicted counts, with the goodness of fit.

    Notes
    -----
    Toys of ``"constant"`` have the fitted norm. Those of an uncertain background draw another
    background norm in each bin, as `simulate` does.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> import xprofile
    >>> maps = xprofile.tutorial.open_maps("galactic-center-sim")
    >>> center = SkyCoord(0, 0, unit="deg", frame="galactic")
    >>> rings = xprofile.SkyBins.annuli(center, radius_max=2 * u.deg, nbin=4)
    >>> tests = xprofile.goodness_of_fit(maps.profile.bin(rings), n_toys=99, rng=1)
    >>> tests.dof.values.ravel()
    array([4, 3])
    >>> (tests.p_value_toys == 0.01).values.ravel()
    array([ True,  True])
    """
    model = power_law() if spectral_model is None else spectral_model
    check_model(model)
    check_bool("sum_over_energy_groups", sum_over_energy_groups)
    check_bool("strict_energies", strict_energies)
    if n_toys is not None:
        check_positive_integer("n_toys", n_toys, InvalidOptionError)
    generator = random_generator(rng)
    settings = FitSettings(model, background, background_width(background), sum_over_energy_groups)
    edges = checked_energy_edges(energy_edges)
    datasets = as_datasets(binned)
    if n_toys is not None and any(TOY in data.dims for data in datasets):
        raise InvalidDataError("the data have toys already; select one, such as isel(toy=0)")
    groups = common_groups(datasets, edges, strict=strict_energies)
    tests = run_tests(datasets, groups, settings)
    iterate = progress_iterator("goodness_of_fit", shown=progress, unit=" blocks of fits")
    found = {**tests.values(), "p_value": chi2_p_values(tests)}
    if n_toys is not None:
        found |= toys_p_values(datasets, groups, settings, tests, int(n_toys), generator, iterate)
    dims = (_HYPOTHESIS, *tests.extra_dims, ENERGY)
    variables = {n: (dims, found[n], {"long_name": t}) for n, t in _TITLES.items() if n in found}
    step = (
        f"goodness_of_fit spectral_model: {setting_text(SPECTRAL_MODEL, model)}; "
        f"energy_edges: {setting_text('energy_edges', edges)}; background: {background}; "
        f"n_toys: {n_toys}"
    )
    source = with_history(binned, datasets)
    attrs = history_attrs({SPECTRAL_MODEL: model_to_json(model)}, source, step)
    return xr.Dataset(variables, _coords(datasets[0], groups[0], tests.extra_dims), attrs)


def _coords(
    first: xr.Dataset, groups: EnergyGroups, extra: Sequence[Hashable]
) -> dict[Hashable, xr.Variable]:
    """Coordinates: the hypotheses, the energy groups, and toys."""
    coords: dict[Hashable, xr.Variable] = {
        _HYPOTHESIS: xr.Variable(_HYPOTHESIS, ["no signal", "constant"])
    }
    coords |= {dim: first.coords[dim].variable for dim in extra if dim in first.coords}
    centre = np.sqrt(groups.lower * groups.upper)
    for name, coord in axis_coords(ENERGY, centre, groups.lower, groups.upper).items():
        coord.attrs["units"] = energy_unit(first)
        coords[name] = coord
    return coords
