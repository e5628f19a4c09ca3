"""Sums in a few threads: the same as in one, and none where others use the processor."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr
from cases.bins import rings
from cases.maps import uneven_maps

from xprofile import bin_maps
from xprofile.binned.sums import threads
from xprofile.binned.sums.threads import map_in_threads

MANY = 1 << 30  # values


@pytest.fixture
def two_free(monkeypatch):
    """A processor with two cores, and no array too small for a thread."""
    monkeypatch.setattr(threads, "_available", lambda: 2)
    monkeypatch.setattr(threads, "_FEWEST_VALUES", 1)


@pytest.mark.usefixtures("two_free")
def test_calls_run_at_the_same_time_and_keep_their_order():
    both = threading.Barrier(2, timeout=10)  # breaks if one call waits for the other to end

    def call(number):
        both.wait()
        return number, threading.get_ident()

    found = map_in_threads(call, [0, 1, 2, 3], MANY)
    assert [number for number, _ in found] == [0, 1, 2, 3]
    assert threading.get_ident() not in {thread for _, thread in found}


@pytest.mark.usefixtures("two_free")
def test_a_thread_of_a_program_starts_no_others():
    with ThreadPoolExecutor(1) as pool:
        thread = pool.submit(threading.get_ident).result()
        found = pool.submit(map_in_threads, lambda _: threading.get_ident(), [0, 1], MANY)
        assert found.result() == [thread, thread]


def test_small_arrays_start_no_threads():
    found = map_in_threads(lambda _: threading.get_ident(), [0, 1], 1000)
    assert found == [threading.get_ident()] * 2


@pytest.mark.usefixtures("two_free")
def test_an_error_reaches_the_caller_and_numpy_treats_errors_as_set():
    def divide(by):
        return np.divide(1.0, by)

    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide by zero"):
        map_in_threads(divide, np.array([1.0, 0.0]), MANY)


def test_sums_are_the_same_in_threads_and_in_batches(monkeypatch, two_free):
    maps = uneven_maps()
    whole = bin_maps(maps, rings())
    monkeypatch.setattr("xprofile.binned.sums.pixel_values._BATCH_SIZE", 1)
    xr.testing.assert_identical(bin_maps(maps, rings()), whole)
    monkeypatch.setattr(threads, "_available", lambda: 1)
    xr.testing.assert_identical(bin_maps(maps, rings()), whole)
