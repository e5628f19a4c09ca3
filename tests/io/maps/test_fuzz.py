"""Files with random changes: each gives an error of xprofile, or maps that can be used.

The files are small ones of each tool's format, and with GAMMAPY_DATA those that real tools wrote.
"""

import os
import signal
import tracemalloc
import warnings
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from astropy.utils.exceptions import AstropyDeprecationWarning
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.few_cases import one_in
from cases.fuzzing import changed, pick
from cases.real_files import open_set, read_sets
from hypothesis import given, settings
from hypothesis import strategies as st

from xprofile import check_maps, open_map, open_maps
from xprofile.exceptions import DataWarning, XProfileError
from xprofile.io.maps.backend import MapsBackend

SECONDS = 10
SMALL = 30_000  # bytes of real files in the fast test

SINGLE = {
    "MapDataset": small.PLAIN.content,
    "MapDatasetOnOff": small.Recipe(onoff=True, layout="rows").content,
}
PARTS = {
    "counts": partfiles.content(partfiles.gtbin()),
    "background": partfiles.content(partfiles.gtmodel()),
    "exposure": partfiles.content(partfiles.gtexpcube2()),
    "psf": partfiles.content(partfiles.gtpsf()),
    "edisp": partfiles.content(partfiles.gtdrm()),
    "mask": partfiles.content(partfiles.single_map(small.MASK_SAFE.astype(np.uint8))),
}
MAPS = {
    "diffuse": partfiles.content(partfiles.diffuse()),
    "counts": partfiles.content(partfiles.ctbin()),
}


KINDS = ["map"] * 25 + ["parts"] * 2 + ["single", "lazy"]


def open_changed(rng, path, real):
    """Return the size of a changed file, or of several files, and a function that opens it."""
    kind = pick(rng, KINDS + ["real"] * 3 if real else KINDS)
    if kind == "real":
        one, contents = real[rng.integers(len(real))]
        name = pick(rng, contents)
        files = contents | {name: changed(rng, contents[name])}
        return sum(map(len, files.values())), lambda: open_set(one, files)
    if kind == "parts":
        name = pick(rng, PARTS)
        files = {key: BytesIO(value) for key, value in PARTS.items()}
        files[name] = BytesIO(changed(rng, PARTS[name]))
        return sum(map(len, PARTS.values())), lambda: open_maps(**files)
    content = changed(rng, pick(rng, (MAPS if kind == "map" else SINGLE).values()))
    if kind == "lazy":
        path.write_bytes(content)
        return len(content), lambda: xr.load_dataset(path, engine=MapsBackend)
    opens = open_map if kind == "map" else open_maps
    return len(content), lambda: opens(BytesIO(content))


@contextmanager
def limited(size, *, memory):
    """Fail if the block takes too long, or needs more memory than a multiple of `size`."""
    signal.alarm(SECONDS)
    if memory:
        tracemalloc.start()
    try:
        yield
    finally:
        signal.alarm(0)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 8 * size + 2**20


@contextmanager
def answered():
    """Suppress the answers that a damaged file may have: errors of xprofile, and its warnings."""
    with warnings.catch_warnings(), suppress(XProfileError):
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DataWarning)
        for old in (DeprecationWarning, AstropyDeprecationWarning):  # within astropy
            warnings.simplefilter("ignore", old)
        yield


def check(seed, path, real=(), *, memory=False):
    rng = np.random.default_rng(seed)
    size, opens = open_changed(rng, path, real)
    found = None
    with limited(size, memory=memory), answered():
        found = opens()
    if {"counts", "exposure"} <= set(getattr(found, "data_vars", ())):
        with answered():  # values may be damaged, such as those of the PSF
            check_maps(found)


@pytest.fixture(autouse=True)
def deadline():
    if not hasattr(signal, "SIGALRM"):
        pytest.skip("this system has no alarm signal")
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail(f"no answer in {SECONDS} s"))
    yield
    signal.signal(signal.SIGALRM, before)


def fuzz(path, first, number, real):
    for seed in range(40):  # imports need memory the first time
        check(seed, path)
    for one, contents in real:
        with answered():
            open_set(one, contents)

    @settings(max_examples=number, derandomize=True, deadline=None, database=None)
    @given(seed=st.integers(0, 2**32 - 1))
    def run(seed):
        check(seed + first, path, real, memory=seed % 20 == 0)

    run()


def real_sets(largest):
    """Sets of real files of at most so many bytes, none without GAMMAPY_DATA."""
    folder = Path(os.environ.get("GAMMAPY_DATA") or ".") / "real"
    return read_sets(folder, largest) if folder.is_dir() else []


@pytest.mark.slow
def test_some_changed_files(tmp_path):
    fuzz(tmp_path / "changed.fits", 0, 60, real_sets(SMALL))


@pytest.mark.parametrize("part", one_in(8, range(8)))
def test_many_changed_files(tmp_path, part):
    """5,000 changed files, about 500 of them with GAMMAPY_DATA from real ones."""
    fuzz(tmp_path / "changed.fits", part << 32, 625, real_sets(np.inf))
