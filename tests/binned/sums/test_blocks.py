"""Maps of dask, binned block by block: the same numbers, and only the chunks that are needed."""

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

from xprofile import SkyBins, bin_maps
from xprofile.binned.members.finding import find_members
from xprofile.maps.wcs import pixel_grid

sizes = st.integers(11, 90)
BINS = {
    "rings": rings(),
    "line": line(),
    "list": line().to_regions(),
    "overlapping": rings().to_regions() + line().to_regions(),
    "beyond in part": rings(radius=9, nbin=4),
    "beyond": SkyBins.annuli(galactic(20, 0), edges=[0, 1, 2, 18] * u.deg),
    "one pixel": SkyBins.annuli(CENTER, radius_max=0.06 * u.deg, nbin=1),
}


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore:bins overlap", "ignore:.* off the map")
@pytest.mark.parametrize("name", BINS)
@pytest.mark.parametrize("make", [uneven_maps, make_onoff])
@pytest.mark.parametrize("number", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_any_chunks_give_the_same(make, name, number):
    @settings(max_examples=number, derandomize=True, deadline=None, database=None)
    @given(lat=sizes, lon=sizes, energy=st.integers(1, 4), keep=st.floats(0, 1))
    def check(**chunks):
        check_chunks(make(), name, **chunks)

    check()


def check_chunks(maps, name, lat, lon, energy, keep):
    rng = np.random.default_rng(lat)
    if "mask" in maps:  # planes that are equal in some places only, and empty ones
        maps["mask"] = maps["mask"] & xr.DataArray(rng.random(maps.sizes["energy"]), dims="energy"
                                                   ).pipe(lambda r: r < keep + 0.3)  # fmt: skip
    chunked = maps.chunk(lat=lat, lon=lon, energy=energy, energy_true=energy)
    same(bin_maps(chunked, BINS[name]), bin_maps(maps, BINS[name]))


@settings(max_examples=5, derandomize=True, deadline=None, database=None)
@given(lat=sizes, lon=sizes, other=sizes)
def test_maps_may_have_different_chunks_or_no_chunks(lat, lon, other):
    maps = uneven_maps()
    mixed = maps.assign(
        counts=maps["counts"].chunk(lat=lat, lon=lon),
        exposure=maps["exposure"].chunk(lat=other, energy_true=2),
    )
    same(bin_maps(mixed, line()), bin_maps(maps, line()))


def note_chunks(maps, computed, name="counts"):
    """Make maps of which one appends the chunks that are computed to a list."""

    def note(block, block_info=None):
        if block_info:
            computed.append(block_info[0]["chunk-location"])
        return block

    array = da.from_array(maps[name].to_numpy(), chunks=(-1, 10, 10))
    noted = array.map_blocks(note, dtype=array.dtype, meta=np.empty((0, 0, 0), array.dtype))
    rest = maps.chunk(lat=10, lon=10)
    return rest.assign({name: (maps[name].dims, noted, maps[name].attrs)})


def test_chunks_without_pixels_of_bins_are_not_computed():
    maps, computed = uneven_maps(), []
    bins = SkyBins.annuli(CENTER, radius_max=0.4 * u.deg, nbin=2)
    same(bin_maps(note_chunks(maps, computed), bins), bin_maps(maps, bins))
    members = find_members(bins, pixel_grid(maps))
    y, x = np.divmod(members.pixel, maps.sizes["lon"])
    assert set(computed) == {(0, int(i), int(j)) for i, j in zip(y // 10, x // 10, strict=True)}
    assert len(computed) == len(set(computed)) < 8


def test_the_graph_has_few_tasks_for_each_chunk():
    """One task reads each cube, one sums the cubes, and a few combine the sums."""
    maps, tasks = uneven_maps().chunk(lat=6, lon=8), []
    noted = Callback(pretask=lambda key, *_: tasks.append(key))
    with dask.config.set(scheduler="sync"), noted:
        bin_maps(maps, rings(radius=2.8))
    blocks = sum("_reduce_block" in str(key) for key in tasks)
    assert blocks > 10
    assert len(tasks) <= 6 * blocks


@pytest.mark.parametrize(
    "scheduler", ["threads", "sync", pytest.param("processes", marks=pytest.mark.slow)]
)
def test_schedulers_give_the_same(scheduler):
    maps = uneven_maps()
    with dask.config.set(scheduler=scheduler, num_workers=2):
        same(bin_maps(maps.chunk(lat=20, lon=40), line()), bin_maps(maps, line()))


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


def kill_once(block, flag):
    """Kill the process that computes a chunk, the first time."""
    if block.size and not os.path.exists(flag):
        with open(flag, "w"):
            os.kill(os.getpid(), signal.SIGKILL)
    return block


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_results_are_complete_after_a_worker_is_killed(cluster, tmp_path):
    maps = uneven_maps()
    array = da.from_array(maps["counts"].to_numpy(), chunks=(-1, 20, 20))
    killing = array.map_blocks(
        kill_once,
        str(tmp_path / "killed"),
        dtype=array.dtype,
        meta=np.empty((0, 0, 0), array.dtype),
    )
    lazy = maps.chunk(lat=20, lon=20).assign(counts=(maps["counts"].dims, killing))
    with cluster.get_client():
        found = bin_maps(lazy, line())
    assert (tmp_path / "killed").exists()
    same(found, bin_maps(maps, line()))
