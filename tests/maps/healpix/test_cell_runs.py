"""Numbers of cells as runs of consecutive numbers, against dictionaries."""

import dask.array as da
import numpy as np
import pytest

from xprofile.maps.healpix.cell_runs import CellRuns, expand_runs

RNG = np.random.default_rng(2)
IDS = {
    "whole": np.arange(48),
    "later": np.arange(20) + 5,
    "some": np.sort(RNG.choice(400, 60, replace=False)),
    "dense": np.sort(RNG.choice(80, 60, replace=False)),
    "mixed": RNG.permutation(70)[:50],
    "backwards": np.arange(30)[::-1],
    "one": np.array([7]),
}


@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
def test_places_and_numbers_belong_together(ids):
    cells = CellRuns.from_ids(ids)
    places = {number: place for place, number in enumerate(ids.tolist())}
    wanted = np.arange(-3, ids.max() + 5)
    assert cells.find(wanted).tolist() == [places.get(number, -1) for number in wanted.tolist()]
    np.testing.assert_array_equal(cells.numbers(np.arange(ids.size)), ids)
    np.testing.assert_array_equal(cells.all_numbers(), ids)
    assert cells.ends == (ids.min(), ids.max())
    assert not cells.repeat


@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
def test_ranges_of_numbers_are_parts_of_the_map(ids):
    cells, rng = CellRuns.from_ids(ids), np.random.default_rng(5)
    start = rng.integers(-3, ids.max() + 3, 20)
    stop = start + rng.integers(1, 30, 20)
    row, place, length = cells.find_runs(start, stop)
    found = sorted(zip(np.repeat(row, length), expand_runs(place, length), strict=True))
    expected = [
        (i, at) for i in range(20) for at in np.flatnonzero((start[i] <= ids) & (ids < stop[i]))
    ]
    assert found == expected


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
def test_dask_gives_the_same_runs(ids, size):
    expected, cells = CellRuns.from_ids(ids), CellRuns.from_ids(da.from_array(ids, chunks=size))
    np.testing.assert_array_equal(cells.first, expected.first)
    np.testing.assert_array_equal(cells.start, expected.start)


def test_numbers_that_come_twice_are_seen():
    for ids in ([1, 2, 3, 3], [5, 6, 1, 2, 3, 4, 5], [0, 1, 2, 1, 2]):
        assert CellRuns.from_ids(np.array(ids)).repeat


def test_a_whole_sky_takes_no_memory():
    cells = CellRuns.from_ids(da.arange(12 * 4**9, chunks=4**9))
    assert cells.first.size == 1
    assert cells.numbers(np.array([0, 5])).tolist() == [0, 5]
