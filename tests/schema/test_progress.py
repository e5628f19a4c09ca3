"""Progress bars move with fits, bins and chunks, and change no result."""

import re
import sys

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.modeling import models
from cases.maps import make_maps
from cases.rebinning import annuli

from xprofile import (
    bin_maps,
    estimate,
    fit_shape,
    fit_spectrum,
    fit_templates,
    goodness_of_fit,
    power_law,
    simulate,
)
from xprofile.exceptions import MissingPackageError
from xprofile.schema.arguments.progress import progress_iterator

RADII = np.array([0, 0.5, 1.0, 1.4])


@pytest.fixture(scope="module")
def binned():
    return bin_maps(make_maps(), annuli(RADII))


def steps(text):
    """Numbers that a bar has shown, and the last of all."""
    found = re.findall(r"(\d+)/(\d+) \[", text)
    return [int(number) for number, _ in found], int(found[-1][1])


def test_blocks_move_the_bar_by_their_sizes(capsys):
    iterate = progress_iterator("run", shown=True, total=10, unit=" fits")
    assert list(iterate([0, 4, 8])) == [0, 4, 8]
    numbers, total = steps(capsys.readouterr().err)
    assert numbers[-1] == total == 10
    assert list(progress_iterator("run", shown=False)([0, 4])) == [0, 4]
    assert capsys.readouterr().err == ""


def test_fits_of_toys_are_counted(binned, capsys):
    toys = simulate(binned, n_toys=3000, rng=1)
    found = estimate(toys, progress=True)
    numbers, total = steps(capsys.readouterr().err)
    assert numbers[-1] == total == found.norm.size == 9000


FITS = {
    "fit_spectrum": lambda data, **options: fit_spectrum(data, power_law(), **options),
    "fit_shape": lambda data, **options: fit_shape(
        data, models.Gaussian1D(1, 0, 0.5, fixed={"mean": True, "stddev": True}),
        energy_edges=[10, 100, 1000] * u.GeV, **options,
    ),
}  # fmt: skip


@pytest.mark.heavy
@pytest.mark.parametrize(("name", "number"), [("fit_spectrum", 3), ("fit_shape", 2)])
def test_further_fits_show_a_bar(binned, capsys, name, number):
    quiet = FITS[name](binned)
    assert capsys.readouterr().err == ""
    xr.testing.assert_identical(FITS[name](binned, progress=True), quiet)
    shown = capsys.readouterr().err
    assert name in shown
    assert steps(shown)[1] == number


def test_fits_of_toys_of_tests_show_bars(binned, capsys):
    """In blocks of 1000 toys for each fit of templates, and of fits of bins by themselves."""
    alone = binned.assign(background=0 * binned.background)
    options = {"n_toys": 1500, "rng": 1}
    known = {"known": binned.background}
    quiet = fit_templates(alone, known, **options)
    test = goodness_of_fit(binned, **options)
    assert capsys.readouterr().err == ""
    xr.testing.assert_identical(fit_templates(alone, known, progress=True, **options), quiet)
    shown = capsys.readouterr().err
    assert "fit_templates" in shown
    assert steps(shown)[0][-1] == steps(shown)[1] == 2
    xr.testing.assert_identical(goodness_of_fit(binned, progress=True, **options), test)
    assert "goodness_of_fit" in capsys.readouterr().err


@pytest.mark.slow
def test_chunks_move_the_bar_of_dask(binned, capsys):
    pytest.importorskip("dask")
    maps = make_maps().chunk(lat=20, lon=20)
    quiet = bin_maps(maps, annuli(RADII))
    assert "Completed" not in capsys.readouterr().out
    xr.testing.assert_identical(maps.profile.bin(annuli(RADII), progress=True), quiet)
    assert "100% Completed" in capsys.readouterr().out
    image = maps.counts
    quiet = image.profile.bin(annuli(RADII))
    assert "Completed" not in capsys.readouterr().out
    xr.testing.assert_identical(image.profile.bin(annuli(RADII), progress=True), quiet)
    assert "100% Completed" in capsys.readouterr().out
    xr.testing.assert_identical(estimate(binned, parallel=True, progress=True), estimate(binned))
    shown = capsys.readouterr()
    assert "100% Completed" in shown.out
    assert shown.err == ""  # not the bar of tqdm, which would be full before the work begins
    bin_maps(make_maps(), annuli(RADII), progress=True)  # in memory it is one step
    assert capsys.readouterr().out == ""


def test_a_bar_needs_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(MissingPackageError, match="needs the package tqdm"):
        progress_iterator("run", shown=True)
