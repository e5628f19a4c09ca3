"""Fits in parallel and of lazy data give the same profile."""

import sys

import dask
import pytest
import xarray as xr
from cases.bins import line
from cases.maps import uneven_maps
from dask.callbacks import Callback

from xprofile import bin_maps, estimate
from xprofile.exceptions import MissingPackageError


def test_lazy_binned_data_give_the_same_profile():
    binned = bin_maps(uneven_maps().drop_vars("edisp"), line())
    xr.testing.assert_identical(estimate(binned.chunk(projected_distance=2)).compute(),
                                estimate(binned))  # fmt: skip


@pytest.mark.parametrize("scheduler", ["threads", "sync"])
def test_fits_in_parallel_give_the_same(scheduler, monkeypatch):
    monkeypatch.setattr("xprofile.estimation.solve._BLOCK", 3)
    binned, options = bin_maps(uneven_maps(), line()), {"selection_optional": "all"}
    tasks = []
    noted = Callback(pretask=lambda key, *_: tasks.append(key))
    with dask.config.set(scheduler=scheduler), noted:
        found = estimate(binned, parallel=True, **options)
    assert len(tasks) >= 2
    xr.testing.assert_identical(found, estimate(binned, **options))


def test_parallel_fits_need_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.delayed", None)
    with pytest.raises(MissingPackageError, match="parallel=True needs the package dask"):
        estimate(bin_maps(uneven_maps(), line()), parallel=True)


def test_progress_of_parallel_fits_needs_dask(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "dask.diagnostics.progress", None)
    with pytest.raises(MissingPackageError, match="parallel=True needs the package dask"):
        estimate(bin_maps(uneven_maps(), line()), parallel=True, progress=True)
