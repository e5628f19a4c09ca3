"""Writes of Zarr that end early: threads of zarr go on, but nothing comes after the end."""

import asyncio
import threading
import time

import pytest
import xarray as xr
import zarr
from cases.profiles import make_profile

from xprofile import write_zarr
from xprofile.io.zarr_stores import StoppableStore


def put(store, key, *, exclusive=False):
    value = zarr.core.buffer.default_buffer_prototype().buffer.from_bytes(b"x")
    asyncio.run((store.set_if_not_exists if exclusive else store.set)(key, value))


@pytest.mark.parametrize("exclusive", [False, True])
def test_a_stopped_store_writes_nothing(tmp_path, exclusive):
    store = StoppableStore(tmp_path / "a")
    put(store, "x/0", exclusive=exclusive)
    store.stop()
    with pytest.raises(OSError, match=r"writing to .* has ended"):
        put(store, "y/0", exclusive=exclusive)
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["x"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, OSError])
@pytest.mark.parametrize("exclusive", [False, True])
def test_a_thread_that_writes_on_does_not_make_the_folder_anew(
    tmp_path, monkeypatch, error, exclusive
):
    ended = []

    def to_zarr(data, store, **options):
        def write_on():
            try:
                for number in range(10_000):
                    put(store, f"counts/{number}", exclusive=exclusive)
            finally:
                ended.append(number)

        thread = threading.Thread(target=write_on, daemon=True)
        thread.start()
        while not list(tmp_path.rglob("counts/*")):
            time.sleep(0.001)
        raise error

    monkeypatch.setattr(xr.Dataset, "to_zarr", to_zarr)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    with pytest.raises((KeyboardInterrupt, OSError)):
        write_zarr(make_profile(), tmp_path / "a")
    end = time.monotonic() + 5
    while not ended and time.monotonic() < end:
        time.sleep(0.005)
    assert ended[0] < 9_999
    assert not list(tmp_path.iterdir())
