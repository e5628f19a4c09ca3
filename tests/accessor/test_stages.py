"""The accessor shows the methods of a Dataset's stage, and leads to those of other stages."""

import copy
import inspect
import pickle
from importlib import import_module

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.modeling import models
from cases.maps import make_maps
from cases.short_line import line

import xprofile
from xprofile import (
    DataArrayProfile,
    DatasetProfile,
    bin_maps,
    estimate,
    fit_shape,
    fit_spectrum,
    fit_templates,
    power_law,
)
from xprofile.accessor.base import _CLASSES
from xprofile.accessor.delegation import _Delegate, replace_first_parameter
from xprofile.exceptions import (
    MissingVariableError,
    UnknownOptionError,
    WrongStageError,
    XProfileError,
)

TABLES = {"to_dataframe", "to_ecsv", "to_fits", "to_table"}
SELECTIONS = {"isel", "nearest", "sel"}
COMMON = {*SELECTIONS, "to_netcdf", "to_units", "to_zarr"}
METHODS = {
    "maps": {
        "assign_sky_coords", "bin", "coarsen", "cutout", "estimate", "exclude", "fit_templates",
        "predict", "skycoord", "solid_angle", "to_fits", "wcs",
    },
    "binned": {
        "estimate", "fit_shape", "fit_spectrum", "fit_templates", "fold",
        "goodness_of_fit", "plot_psf", "psf_profile", "rebin", "rebin_energy",
        "share_kept", "simulate", "unfold",
    },
    "profile": {
        "containment", "correlation", "curve_of_growth", "divide", "expected_limits", "fwhm",
        "global_significance", "half_light",
        "interval_coverage", "normalize", "p_value", "plot", "subtract",
        "plot_correlation",
        "plot_sky_bins", "plot_stat_scan", "plot_summary", "quantity", "recompute_ul",
        "to_dataframe", "to_ecsv",
        "to_fits", "to_sed_type", "to_table", "upper_limits", "with_reference_model",
        "with_threshold",
    },
    "templates": {"bin_profile", "plot", *TABLES},
    "shape": TABLES,
    "spectra": {"plot", *TABLES},
    "quantity": {"plot"},
    "image": {"bin", "cutout", "plot_sky", "skycoord", "smooth", "solid_angle", "wcs"},
}  # fmt: skip


@pytest.fixture(scope="module")
def stages():
    maps = make_maps()
    binned = bin_maps(maps, line())
    profile = estimate(binned, selection_optional=["ul"])
    found = {"maps": maps, "binned": binned, "profile": profile, "image": maps["counts"]}
    found["quantity"] = profile["ts"]
    shape = models.Gaussian1D(1, 0, 0.5, fixed={"mean": True, "stddev": True})
    return found | {
        "templates": fit_templates(binned, {"flat": binned.background}),
        "shape": fit_shape(binned, shape),
        "spectra": fit_spectrum(binned, power_law()),
    }


def delegates():
    """Methods that call a function, of the accessors of all stages."""
    for module, name in _CLASSES.values():
        cls = getattr(import_module(f"xprofile.accessor.{module}"), name)
        for attribute in dir(cls):
            found = inspect.getattr_static(cls, attribute)
            if isinstance(found, _Delegate):
                yield pytest.param(cls, attribute, found, id=f"{module}-{attribute}")


DELEGATES = list(delegates())


def function_of(path):
    module, _, name = path.rpartition(".")
    return getattr(import_module(f"xprofile.{module}"), name)


@pytest.mark.slow
@pytest.mark.parametrize("stage", METHODS)
def test_completion_shows_the_methods_of_the_stage(stages, stage):
    common = COMMON if stage not in ("image", "quantity") else SELECTIONS
    assert set(dir(stages[stage].profile)) == METHODS[stage] | common
    for name in METHODS[stage] | common:
        assert hasattr(stages[stage].profile, name)


@pytest.mark.parametrize("stage", METHODS)
@pytest.mark.parametrize("other", METHODS)
def test_methods_of_other_stages_say_what_leads_there(stages, stage, other):
    for name in METHODS[other] - METHODS[stage] - COMMON:
        assert not hasattr(stages[stage].profile, name)
        with pytest.raises(WrongStageError, match=f"{name} is a method of .*; this Data.* is "):
            getattr(stages[stage].profile, name)


def test_a_message_names_both_stages_what_is_missing_and_the_next_step(stages):
    with pytest.raises(WrongStageError) as raised:
        _ = stages["maps"].profile.plot
    assert str(raised.value) == (
        "plot is a method of a profile or a fit of templates or a fit of spectra or a variable; "
        "this Dataset is "
        "maps and lacks norm; estimate a profile first: maps.profile.estimate(bins).profile.plot("
        "...); or fit templates to binned data: xprofile.fit_templates(binned, templates); or fit "
        "spectra to binned data: xprofile.fit_spectrum(binned, power_law()); or select a variable "
        "along bins, such as profile['ts']"
    )
    with pytest.raises(WrongStageError) as raised:
        _ = stages["binned"].profile.bin
    assert "this Dataset is binned data and lacks" in str(raised.value)
    assert "call it on the maps that were binned" in str(raised.value)
    message = "is neither maps, binned data nor a profile and lacks counts"
    with pytest.raises(WrongStageError, match=message):
        _ = xr.Dataset().profile.estimate
    assert issubclass(WrongStageError, (MissingVariableError, AttributeError, XProfileError))


def test_plain_arrays_are_no_map_image(stages):
    plain = stages["profile"]["ref_dnde"].drop_vars("projected_distance", errors="ignore")
    assert type(plain.profile) is DataArrayProfile
    assert dir(plain.profile) == sorted(SELECTIONS)
    with pytest.raises(WrongStageError, match="this DataArray is not a map image and lacks"):
        plain.profile.plot_sky()
    with pytest.raises(WrongStageError, match="this DataArray is a variable and lacks lat"):
        stages["profile"]["norm"].profile.plot_sky()


def test_misspelt_methods_get_a_suggestion(stages):
    with pytest.raises(AttributeError, match="did you mean 'estimate'"):
        stages["binned"].profile.estimat()
    with pytest.raises(AttributeError, match=r"no method 'xyz': it has estimate, .*fold"):
        _ = stages["binned"].profile.xyz
    with pytest.raises(AttributeError, match="_private"):
        _ = stages["binned"].profile._private


def test_a_dataset_that_changes_gets_the_methods_of_its_new_stage(stages):
    data = xr.Dataset()
    accessor = data.profile
    assert set(dir(accessor)) == COMMON
    binned = stages["binned"]
    for name, variable in binned.variables.items():
        (data.coords if name in binned.coords else data)[name] = variable
    assert data.profile is accessor
    assert set(dir(accessor)) == METHODS["binned"] | COMMON
    assert accessor.estimate().sizes["projected_distance"] == 4


@pytest.mark.parametrize("stage", METHODS)
def test_datasets_survive_pickling_and_copying_after_their_accessor_was_used(stages, stage):
    data = stages[stage]
    kind = type(data.profile)
    for found in (pickle.loads(pickle.dumps(data)), copy.deepcopy(data), copy.copy(data)):
        xr.testing.assert_identical(found, data)
        assert type(found.profile) is kind
        assert dir(found.profile) == dir(data.profile)
    again = copy.copy(data.profile)
    assert type(again) is kind
    assert again._obj is data


def test_what_only_looks_like_maps_is_at_no_stage(stages):
    foreign = xr.Dataset({"t2m": (("lat", "lon"), np.zeros((2, 3)))})
    assert set(dir(foreign.profile)) == COMMON
    assert set(dir(xr.Dataset({"exposure": 1, "solid_angle": 2}).profile)) == COMMON
    for name in ("energy", "exposure"):
        row = stages["maps"][name].isel({d: 0 for d in ("lat",) if d in stages["maps"][name].dims})
        assert dir(row.profile) == sorted(SELECTIONS)
        assert repr(row.profile).startswith("DataArray: ")
    assert repr(stages["maps"].isel(lat=0).profile).startswith("Maps")


def test_isinstance_of_the_public_classes(stages):
    assert all(isinstance(stages[s].profile, DatasetProfile) for s in ("maps", "binned", "profile"))
    assert isinstance(stages["image"].profile, DataArrayProfile)
    assert xr.Dataset.profile is DatasetProfile


@pytest.mark.parametrize(("cls", "name", "delegate"), DELEGATES)
class TestDelegates:
    def test_signature_is_that_of_the_function(self, cls, name, delegate):
        method = inspect.signature(delegate._method).parameters
        function = inspect.signature(function_of(delegate.path)).parameters
        ours = [p for key, p in method.items() if key != "self"]
        theirs = list(function.values())[1:]
        if name in ("estimate", "fit_templates") and "bins" in method:
            assert ours.pop(0).name == "bins"
        assert [(p.name, p.kind, p.default) for p in ours] == [
            (p.name, p.kind, p.default) for p in theirs
        ]
        spelled = {p.name: str(p.annotation).replace("StageAccessor", "") for p in theirs}
        assert {p.name: str(p.annotation) for p in ours} == spelled
        assert "settings" not in method

    def test_docstring_is_that_of_the_function(self, cls, name, delegate):
        text = inspect.getdoc(getattr(cls, name))
        function = function_of(delegate.path)
        first = next(iter(inspect.signature(function).parameters))
        summary = text.splitlines()[0].replace("`xprofile.", "`")  # full names, so that they link
        assert summary == inspect.getdoc(function).splitlines()[0]
        assert f"\n{first} : " not in text
        assert "Returns\n-------" in text or name.startswith("to_")

    def test_a_misspelt_option_gets_a_suggestion(self, cls, name, delegate, stages):
        options = [p for p in inspect.signature(delegate._method).parameters if len(p) > 4]
        options = [p for p in options if p not in ("indexers", "units", "by_name", "kwargs")]
        kinds = {p.kind for p in inspect.signature(delegate._method).parameters.values()}
        if not options or inspect.Parameter.VAR_KEYWORD in kinds:
            return
        stage = next(s for s, (m, _) in _CLASSES.items() if m == cls.__module__.split(".")[-1])
        with pytest.raises(UnknownOptionError, match=f"did you mean '{options[0]}'"):
            getattr(stages[stage].profile, name)(**{options[0][:-1]: None})


def test_options_that_are_passed_on_get_a_suggestion_too(stages):
    with pytest.raises(UnknownOptionError, match="did you mean 'sed_type'"):
        stages["profile"].profile.plot(sed_typ="dnde")
    with pytest.raises(AttributeError, match="colour_of_the_sea"):
        stages["profile"].profile.plot(colour_of_the_sea="blue")


def test_functions_suggest_options(stages):
    with pytest.raises(UnknownOptionError, match="did you mean 'energy_edges'") as raised:
        estimate(stages["binned"], energy_edge=[1, 2] * u.TeV)
    assert isinstance(raised.value, TypeError)
    with pytest.raises(UnknownOptionError, match="did you mean 'n_sigma_ul'"):
        xprofile.ProfileEstimator(n_sigma_up=3)
    with pytest.raises(UnknownOptionError, match="did you mean 'min_counts'"):
        xprofile.rebin(stages["binned"], min_count=3)
    with pytest.raises(UnknownOptionError, match="along_line has no option 'heigt': did you mean"):
        xprofile.SkyBins.along_line(None, None, heigt=3 * u.deg, nbin=2)
    with pytest.raises(UnknownOptionError, match="has no option 'zzz': it has"):
        xprofile.simulate(stages["binned"], zzz=3)
    with pytest.raises(UnknownOptionError, match="plot_profile has no option 'sedtype': did you"):
        xprofile.plot.plot_profile(stages["profile"], sedtype="flux")
    with pytest.raises(UnknownOptionError, match="did you mean 'method'"):
        stages["maps"].profile.sel(energy=0.1, metod="nearest")


def test_errors_from_inside_pass_through(stages):
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        stages["maps"].profile.bin()


def test_arrays_print_well(stages):
    text = repr(stages["image"].profile)
    assert text.splitlines()[0] == "Map image: counts"
    assert "energy : 4, from 0.01 to 1 TeV" in text
    assert repr(stages["profile"]["norm"].profile).startswith("DataArray: norm")
    assert repr(xr.DataArray(np.zeros(3)).profile).startswith("DataArray: without name")


def test_the_first_parameter_is_left_out_of_docstrings():
    def function(data, factor):
        """Do it.

        Parameters
        ----------
        data : xarray.Dataset
            Data.

            More of it.
        factor : int
            How much.
        """

    assert replace_first_parameter(function) == (
        "Do it.\n\nParameters\n----------\nfactor : int\n    How much."
    )
    function.__doc__ = (
        "Do it.\n\nParameters\n----------\ndata, other : int\n    Data.\n\nReturns\n-------\nint"
    )
    assert "Parameters" not in replace_first_parameter(function)


def test_dir_of_the_package_is_its_public_names():
    assert dir(xprofile) == sorted([*xprofile.__all__, "plot"])
