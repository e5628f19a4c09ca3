"""Which cases the fast suite leaves to the slow one, and both to the thorough one."""

from itertools import product
from types import SimpleNamespace

import pytest
from cases.few_cases import (
    FURTHER,
    choices,
    left_to_other_suites,
    one_in,
    representatives,
)


def items(*counts, slow=(), marker=None):
    """Items of a test with one parametrisation for each count."""
    marks = [pytest.mark.parametrize(f"x{n}", range(count)) for n, count in enumerate(counts)]
    for case in product(*map(range, counts)):
        closest = {"slow": pytest.mark.slow} if case in slow else {}
        closest |= {marker: getattr(pytest.mark, marker)} if marker else {}
        yield SimpleNamespace(
            nodeid=f"test_a.py::test_b[{case}]",
            case=case,
            callspec=SimpleNamespace(params={f"x{n}": value for n, value in enumerate(case)}),
            iter_markers=lambda name: iter(marks),
            get_closest_marker=closest.get,
        )


def kept(members, number):
    members = list(members)
    left = [item.case for suite in left_to_other_suites(members, number) for item in suite]
    return [item.case for item in members if item.case not in left]


def test_each_value_occurs_once():
    assert kept(items(3, 4), 6) == [(0, 0), (0, 3), (1, 1), (2, 2)]


@pytest.mark.parametrize("number", [1, 2, 3, 6])
def test_there_are_no_more_than_the_number(number):
    found = kept(items(31), number)
    assert len(found) == number
    assert found[0] == (0,)
    assert number == 1 or found[-1] == (30,)


def test_few_cases_all_stay():
    assert kept(items(2, 3), 6) == list(product(range(2), range(3)))


def test_quick_cases_all_stay():
    assert kept(items(31, marker="quick"), 6) == [(n,) for n in range(31)]


def test_one_heavy_case_stays():
    assert kept(items(3, 4, marker="heavy"), 6) == [(0, 0)]


def test_slow_cases_stand_for_none():
    found = kept(items(3, 4, slow=[(0, 0)]), 6)
    assert found == [(0, 0), (0, 1), (0, 3), (1, 0), (2, 2)]  # the first one is slow anyway


def test_values_of_one_parametrisation_belong_together():
    pairs = [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    mark = pytest.mark.parametrize(("name", "value"), pairs)
    found = [
        choices(
            SimpleNamespace(
                callspec=SimpleNamespace(params={"name": name, "value": value}),
                iter_markers=lambda name: iter([mark]),
            )
        )
        for name, value in pairs
    ]
    assert representatives(found, 6) == [0, 1, 2, 3]


def test_items_without_cases():
    plain = SimpleNamespace(
        nodeid="test_a.py::test_b",
        iter_markers=lambda name: iter(()),
        get_closest_marker=lambda name: None,
    )
    assert choices(plain) == set()
    assert left_to_other_suites([plain], 1) == ([], [])


def test_the_slow_suite_has_some_further_cases():
    members = list(items(31))
    slow, thorough = left_to_other_suites(members, 3)
    assert (len(slow), len(thorough)) == (FURTHER, 31 - 3 - FURTHER)
    assert {item.case for item in [*slow, *thorough]} | set(kept(members, 3)) == {
        item.case for item in members
    }


def test_one_in_some_random_cases_is_slow():
    marks = [[mark.name for mark in case.marks] for case in one_in(3, range(5))]
    assert marks == [["slow"], ["thorough"], ["thorough"], ["slow"], ["thorough"]]
