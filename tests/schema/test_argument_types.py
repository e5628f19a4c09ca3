"""Arguments of wrong types are refused in one place, by the annotations of public functions."""

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.small_inputs import binned, bins, center, image, maps, profile, toys

import xprofile
from xprofile import ProfileEstimator, SkyBins
from xprofile.exceptions import (
    InvalidBinsError,
    InvalidOptionError,
    MissingFileError,
    MissingVariableError,
    NotFoundError,
    PassedOptionError,
    TooLargeError,
    UnusableInputError,
    XProfileError,
)
from xprofile.schema.options import suggests_options

WRONG_CALLS = {
    "text as Dataset": lambda: xprofile.bin_maps("maps.fits", bins()),
    "None as Dataset": lambda: xprofile.check_binned(None),
    "array as profile": lambda: xprofile.to_sed_type(np.ones(3), "dnde"),
    "number as image": lambda: xprofile.smooth(3, 1 * u.deg),
    "number as path": lambda: xprofile.open_netcdf(3),
    "list as path": lambda: xprofile.write_netcdf(binned(), ["a", "b"]),
    "text as bool": lambda: xprofile.write_netcdf(binned(), "x", overwrite="no"),
    "number as bool": lambda: profile().profile.to_table(tidy=1),
    "array as bool": lambda: SkyBins.annuli(
        center(), radius_max=1 * u.deg, nbin=2, planar=np.array([True])
    ),
    "list as sed type": lambda: profile().profile.to_sed_type(["dnde"]),
    "set as sed type": lambda: xprofile.to_table(profile(), {"dnde"}),
    "generator of data": lambda: ProfileEstimator().run(3 for _ in range(2)),
    "number as data": lambda: ProfileEstimator().run(3),
    "number as bins": lambda: xprofile.bin_maps(maps(), 3),
    "text as threshold": lambda: xprofile.with_threshold(profile(), "3"),
    "NaN as threshold": lambda: xprofile.upper_limits(profile(), np.nan),
    "bool as index": lambda: xprofile.power_law(True),
    "angle as energy": lambda: xprofile.power_law(reference=1 * u.deg),
    "float of values": lambda: xprofile.estimate(binned(), scan_n_sigma=2, scan_n_values=5.0),
    "bool as background": lambda: xprofile.estimate(binned(), background=True),
    "empty text as model": lambda: xprofile.estimate(binned(), spectral_model=""),
    "list as model": lambda: xprofile.simulate(binned(), spectral_model=[]),
    "huge number": lambda: xprofile.estimate(binned(), n_sigma=10**400),
    "negative unit": lambda: xprofile.to_units(maps(), energy=-1 * u.TeV),
    "None as unit": lambda: xprofile.to_units(maps(), energy=None),
}


@pytest.mark.parametrize("call", WRONG_CALLS.values(), ids=WRONG_CALLS)
def test_wrong_types_are_refused(call):
    with pytest.raises(XProfileError) as caught:
        call()
    assert isinstance(caught.value, ValueError | KeyError | TypeError)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: xprofile.fold(3), "binned must be a Dataset, found 3"),
        (lambda: xprofile.solid_angle([1]), "data must be a Dataset or a DataArray, found"),
        (lambda: xprofile.open_profile(1.5), "path must be a path, found 1.5"),
        (
            lambda: xprofile.write_maps(maps(), "x", overwrite=2),
            "overwrite must be True or False, found 2",
        ),
        (lambda: xprofile.to_units(maps(), 3), "units must be a dict or None, found 3"),
        (
            lambda: xprofile.fold(np.zeros((50, 50))),
            r"binned must be a Dataset, found array\(.{100,130}\.\.\.$",
        ),
    ],
)
def test_messages(call, words):
    with pytest.raises(UnusableInputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_errors_from_inside_keep_their_cause():
    with pytest.raises(UnusableInputError, match="cannot use this input: ZeroDivisionError") as it:
        suggests_options(lambda value: 1 / value)(0)
    assert isinstance(it.value.__cause__, ZeroDivisionError)


def test_recursion_and_memory():
    @suggests_options
    def endless(value):
        return endless.__wrapped__(value)

    with pytest.raises(UnusableInputError, match="RecursionError"):
        endless(1)

    @suggests_options
    def huge(value):
        raise MemoryError("Unable to allocate 8 TB")

    with pytest.raises(TooLargeError, match=r"huge needs more memory than there is.*8 TB"):
        huge(1)


def test_other_errors_pass():
    @suggests_options
    def fails(error):
        raise error

    for error in (PermissionError(), KeyboardInterrupt(), InvalidBinsError("x"), StopIteration()):
        with pytest.raises(type(error)) as caught:
            fails(error)
        assert caught.value is error


def test_python_tells_of_missing_arguments():
    with pytest.raises(TypeError, match="missing 1 required positional argument") as caught:
        xprofile.fold()
    assert not isinstance(caught.value, XProfileError)


def test_keys_that_are_not_found():
    with pytest.raises(NotFoundError, match=r"nothing can be selected by energy=77\.0"):
        xprofile.select(maps(), {"energy": 77.0})
    with pytest.raises(MissingVariableError, match=r"select cannot use this input: .*'offset'"):
        xprofile.select(maps(), {"offset": 77.0})


def test_options_that_are_passed_on():
    with pytest.raises(PassedOptionError, match=r"which it passes on: .*'colour_of_sea'") as caught:
        profile().profile.plot("flux", colour_of_sea=3)
    assert isinstance(caught.value, AttributeError)
    assert isinstance(caught.value, InvalidOptionError)


def test_too_many_toys_are_refused_at_once():
    with pytest.raises(TooLargeError, match=r"n_toys=1000000000 asks for 6e\+09 values"):
        xprofile.simulate(binned(), n_toys=10**9)
    with pytest.raises(InvalidOptionError, match="n_toys must be a positive integer"):
        xprofile.simulate(binned(), n_toys=3.0)


@pytest.mark.parametrize("nbin", [10**7, 10**12, 10**30])
def test_too_many_bins_are_refused_at_once(nbin):
    for call in (
        lambda: SkyBins.annuli(center(), radius_max=1 * u.deg, nbin=nbin),
        lambda: SkyBins.sectors(center(), radius_max=1 * u.deg, step=360 / nbin * u.deg),
        lambda: SkyBins.grid(center(), width=1 * u.deg, height=1 * u.deg, nbin=(nbin, 1)),
    ):
        with pytest.raises(InvalidBinsError, match="bins are asked for, and 1e\\+06 are possible"):
            call()


@pytest.mark.parametrize("path", ["", "x" * 300, "x" * 5000, "a\0b"], ids=len)
def test_paths_that_cannot_be(path):
    for read in (xprofile.open_netcdf, xprofile.open_profile, xprofile.open_maps):
        with pytest.raises(MissingFileError, match="no file"):
            read(path)


def test_right_types_pass():
    assert xprofile.with_threshold(profile(), np.float32(3)).attrs["sqrt_ts_threshold_ul"] == 3
    assert xprofile.to_table(profile(), tidy=np.True_)
    assert xprofile.interval_coverage(toys(), norm=xr.DataArray(1.0)).sizes
    assert xprofile.bin_image(image=image(), bins=bins()).sizes["energy"] == 2


def arrays(values, **options):
    """The same values in numpy, pandas and xarray."""
    return np.array(values), pd.Series(values), pd.Index(values), xr.DataArray(values, **options)


def test_arrays_are_taken_as_lists_numbers_and_quantities():
    limits = xprofile.estimate(binned(), selection_optional=["ul"])
    for names in arrays(["ul"]):
        xr.testing.assert_identical(xprofile.estimate(binned(), selection_optional=names), limits)
    expected = xprofile.estimate(binned(), cl_ul=0.9)
    for level in (np.array(0.9), xr.DataArray(0.9)):
        xr.testing.assert_identical(xprofile.estimate(binned(), cl_ul=level), expected)
    edges = [10, 1000] * u.GeV
    expected = xprofile.rebin_energy(binned(), edges=edges)
    labelled = xr.DataArray([10, 1000], attrs={"units": "GeV"})
    for given in (labelled, pd.Series(list(edges)), list(edges)):  # without units they are TeV
        xr.testing.assert_identical(xprofile.rebin_energy(binned(), edges=given), expected)
    expected = xprofile.estimate(binned(), energy_edges=edges)
    xr.testing.assert_identical(xprofile.estimate(binned(), energy_edges=labelled), expected)
    with pytest.raises(XProfileError, match="energy_edges has no unit of energy"):
        xprofile.estimate(binned(), energy_edges=xr.DataArray([10, 1000]))
    with pytest.raises(XProfileError, match="energy"):
        xprofile.estimate(binned(), energy_edges=labelled.assign_attrs(units="parsnips"))
    colors = [profile().profile.plot(color=c).lines[0].get_color() for c in arrays(["red"] * 2)]
    assert colors == ["red"] * 4
    places = SkyCoord([0, 1] * u.deg, [0, 1] * u.deg)
    options = {"height": 1 * u.deg, "nbin": 2}
    path = SkyBins.along_path(places, **options)
    np.testing.assert_array_equal(SkyBins.along_path(list(places), **options).upper, path.upper)
