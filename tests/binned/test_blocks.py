"""Maps of dask, binned a block at a time: the same numbers, and no chunk more than is needed."""

import os
import signal

import astropy.units as u
import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from cases.bins import CENTER, galactic, line, rings
from cases.datasets import same
from cases.maps import make_onoff, uneven_maps
from dask.callbacks import Callback
from hypothesis import given, settings
from hypothesis import strategies as st

from xprofile import SkyBins, bin_image, bin_maps, estimate
from xprofile.binned.members.finding import find_members
from xprofile.exceptions import InvalidDataError, MissingPackageError
from xprofile.maps.wcs import pixel_grid

sizes = st.integers(11, 90)
BINS = {
    "rings": rings(),
    "line": line(),
    "list": line().to_regions(),
    "overlapping": rings().to_regions() + line().to_regions(),
    "partly off": rings(radius=9, nbin=4),
    "wholly off": SkyBins.annuli(galactic(90, 40), radius_max=1 * u.deg, nbin=2),
    "one pixel": SkyBins.annuli(CENTER, radius_max=0.06 * u.deg, nbin=1),
}


@pytest.mark.filterwarnings("ignore:bins overlap")
@pytest.mark.parametrize("name", BINS)
@pytest.mark.parametrize("make", [uneven_maps, make_onoff])
@settings(max_examples=5, derandomize=True, deadline=None, database=None)
@given(lat=sizes, lon=sizes, energy=st.integers(1, 4), keep=st.floats(0, 1))
def test_any_chunks_give_the_same(make, name, lat, lon, energy, keep):
    maps = make()
    rng = np.random.default_rng(lat)
    if "mask" in maps:  # planes that are equal here and differ there, and empty ones
        maps["mask"] = maps["mask"] & xr.DataArray(rng.random(maps.sizes["energy"]), dims="energy"
                                                   ).pipe(lambda r: r < keep + 0.3)  # fmt: skip
    chunked = maps.chunk(lat=lat, lon=lon, energy=energy, energy_true=energy)
    same(bin_maps(chunked, BINS[name]), bin_maps(maps, BINS[name]))


@settings(max_examples=10, derandomize=True, deadline=None, database=None)
@given(lat=sizes, lon=sizes, other=sizes)
def test_chunks_may_differ_between_maps_or_be_none(lat, lon, other):
    maps = uneven_maps()
    mixed = maps.assign(
        counts=maps["counts"].chunk(lat=lat, lon=lon),
        exposure=maps["exposure"].chunk(lat=other, energy_true=2),
    )
    same(bin_maps(mixed, line()), bin_maps(maps, line()))


@pytest.mark.parametrize("how", ["sum", "mean"])
@pytest.mark.parametrize("dims", ["lat lon", "energy lat lon", "lon energy lat"])
def test_images(how, dims):
    image = uneven_maps()["background"].where(uneven_maps()["mask"])
    image = image.transpose(*dims.split()) if "energy" in dims else image.isel(energy=1)
    chunked = image.chunk(lat=13, lon=17)
    found, expected = (bin_image(one, rings(), how=how) for one in (chunked, image))
    xr.testing.assert_allclose(found, expected, rtol=1e-12)


def counting(maps, seen, name="counts"):
    """Maps of which one notes the blocks that are computed."""

    def note(block, block_info=None):
        if block_info:
            seen.append(block_info[0]["chunk-location"])
        return block

    array = da.from_array(maps[name].to_numpy(), chunks=(-1, 10, 10))
    noted = array.map_blocks(note, dtype=array.dtype, meta=np.empty((0, 0, 0), array.dtype))
    rest = maps.chunk(lat=10, lon=10)
    return rest.assign({name: (maps[name].dims, noted, maps[name].attrs)})


def test_chunks_that_no_bin_touches_are_not_read():
    maps, seen = uneven_maps(), []
    bins = SkyBins.annuli(CENTER, radius_max=0.4 * u.deg, nbin=2)
    same(bin_maps(counting(maps, seen), bins), bin_maps(maps, bins))
    members = find_members(bins, pixel_grid(maps))
    y, x = np.divmod(members.pixel, maps.sizes["lon"])
    assert set(seen) == {(0, int(i), int(j)) for i, j in zip(y // 10, x // 10, strict=True)}
    assert len(seen) == len(set(seen)) < 8


def test_the_graph_has_few_tasks_for_each_chunk():
    """One that reads each cube, one that sums, and some that add up."""
    maps, tasks = uneven_maps().chunk(lat=6, lon=8), []
    noted = Callback(pretask=lambda key, *_: tasks.append(key))
    with dask.config.set(scheduler="sync"), noted:
        bin_maps(maps, rings(radius=2.8))
    blocks = sum("_sums_of_block" in str(key) for key in tasks)
    assert blocks > 10
    assert len(tasks) <= 6 * blocks


@pytest.mark.parametrize("name", ["counts", "background", "exposure"])
@pytest.mark.parametrize("value", [np.nan, -1.0, np.inf])
def test_bad_values_are_refused_whatever_the_chunks(name, value):
    maps = uneven_maps()
    maps[name] = maps[name].astype(float)
    used = np.argwhere(maps["mask"].to_numpy()[1] & (rings_planes(maps)))
    row, column = used[3]
    maps[name][1, row, column] = value
    messages = []
    for one in (maps, maps.chunk(lat=7, lon=9)):
        with pytest.raises(InvalidDataError, match=f"{name} is negative or not finite in 1 ") as e:
            bin_maps(one, rings())
        messages.append(str(e.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("value", [np.nan, -1.0])
@pytest.mark.parametrize("left", [40, 80])
def test_exposures_of_masked_chunks_may_hold_anything(value, left):
    """Where all that the bins have of a chunk, or of the map, is masked."""
    maps = uneven_maps()
    lost = xr.DataArray(np.arange(maps.sizes["lon"]) < left, dims="lon")
    maps["mask"] = maps["mask"] & ~lost
    maps["exposure"] = maps["exposure"].where(~lost, value).assign_attrs(maps["exposure"].attrs)
    whole = maps.assign(exposure=uneven_maps()["exposure"])
    for one in (maps, maps.chunk(lat=20, lon=20)):
        same(bin_maps(one, rings()), bin_maps(whole, rings()))


def rings_planes(maps):
    plane = np.zeros((maps.sizes["lat"], maps.sizes["lon"]), bool)
    plane.ravel()[find_members(rings(), pixel_grid(maps)).pixel] = True
    return plane


@pytest.mark.parametrize(
    "scheduler", ["threads", "sync", pytest.param("processes", marks=pytest.mark.slow)]
)
def test_schedulers_give_the_same(scheduler):
    maps = uneven_maps()
    with dask.config.set(scheduler=scheduler, num_workers=2):
        same(bin_maps(maps.chunk(lat=20, lon=40), line()), bin_maps(maps, line()))


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
    monkeypatch.setitem(__import__("sys").modules, "dask.delayed", None)
    with pytest.raises(MissingPackageError, match="parallel=True needs the package dask"):
        estimate(bin_maps(uneven_maps(), line()), parallel=True)


# more than one process


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as found:
        yield found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_workers_give_the_same_numbers(cluster, tmp_path):
    maps = uneven_maps()
    maps.chunk(lat=20, lon=20).to_zarr(tmp_path / "maps.zarr")
    with xr.open_zarr(tmp_path / "maps.zarr") as stored:
        here = bin_maps(stored, line())
        with cluster.get_client():
            there = bin_maps(stored, line())
    xr.testing.assert_identical(there, here)
    same(there, bin_maps(maps, line()))


def dies_once(block, flag, seen=None):
    """Kill the process that works on it, the first time."""
    if block.size and not os.path.exists(flag):
        with open(flag, "w"):
            os.kill(os.getpid(), signal.SIGKILL)
    return block


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_worker_that_is_killed_is_survived(cluster, tmp_path):
    maps = uneven_maps()
    array = da.from_array(maps["counts"].to_numpy(), chunks=(-1, 20, 20))
    deadly = array.map_blocks(
        dies_once, str(tmp_path / "died"), dtype=array.dtype, meta=np.empty((0, 0, 0), array.dtype)
    )
    lazy = maps.chunk(lat=20, lon=20).assign(counts=(maps["counts"].dims, deadly))
    with cluster.get_client():
        found = bin_maps(lazy, line())
    assert (tmp_path / "died").exists()
    same(found, bin_maps(maps, line()))
