import astropy.units as u
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xprofile.estimation.energy_groups import EnergyGroups, group_energies
from xprofile.exceptions import InvalidEnergyError

FINE = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
FERMI = np.geomspace(0.01, 0.5, 12)  # TeV; the edges of the 3FHL cube


def ranges(groups):
    return list(zip(groups.first.tolist(), groups.stop.tolist(), strict=True))


def test_one_group_of_everything_by_default():
    groups = group_energies(FINE, None, "TeV")
    assert ranges(groups) == [(0, 4)]
    assert (groups.lower.tolist(), groups.upper.tolist()) == ([1.0], [16.0])


def test_edges_of_the_data_give_every_fine_bin():
    groups = group_energies(FINE, FINE * u.TeV, "TeV")
    assert ranges(groups) == [(0, 1), (1, 2), (2, 3), (3, 4)]
    np.testing.assert_array_equal(groups.lower, FINE[:-1])
    np.testing.assert_array_equal(groups.upper, FINE[1:])


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (2.8, 2.0),  # 2.83 is half-way between 2 and 4 in log energy, 3 in energy
        (2.85, 4.0),
        (5.6, 4.0),
        (5.7, 8.0),
        (4.0, 4.0),
    ],
)
def test_edges_move_to_the_nearest_in_log_energy(asked, found):
    groups = group_energies(FINE, [1, asked, 16] * u.TeV, "TeV")
    np.testing.assert_array_equal(groups.upper, [found, 16])
    np.testing.assert_array_equal(groups.lower, [1, found])
    place = FINE.tolist().index(found)
    assert ranges(groups) == [(0, place), (place, 4)]


def test_edges_beyond_the_data_move_to_their_end():
    groups = group_energies(FINE, [1e-3, 4, 1e6] * u.TeV, "TeV")
    assert ranges(groups) == [(0, 2), (2, 4)]
    assert (groups.lower.tolist(), groups.upper.tolist()) == ([1.0, 4.0], [4.0, 16.0])


def test_tutorial_bands_on_the_edges_of_the_3fhl_cube():
    groups = group_energies(FERMI, [10, 100, 2000] * u.GeV, "TeV")
    np.testing.assert_allclose(groups.lower, [0.01, 0.08447], rtol=1e-4, atol=0)
    np.testing.assert_allclose(groups.upper, [0.08447, 0.5], rtol=1e-4, atol=0)
    assert ranges(groups) == [(0, 6), (6, 11)]


def test_real_cube_has_these_bands(real_maps):
    fine = np.append(real_maps["energy_min"], real_maps["energy_max"][-1:])
    groups = group_energies(fine, [10, 100, 2000] * u.GeV, "TeV")
    np.testing.assert_allclose(groups.upper, [0.0844716, 0.5], rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    "asked",
    [[4.2, 5], [4.9, 5.1], [20, 30], [0.1, 0.9]],
    ids=["near an edge", "inside a bin", "above", "below"],
)
def test_groups_without_fine_bins_keep_what_was_asked_for(asked):
    groups = group_energies(FINE, asked * u.TeV, "TeV")
    assert groups.first == groups.stop
    np.testing.assert_allclose([groups.lower[0], groups.upper[0]], asked, rtol=1e-12, atol=0)


@pytest.mark.parametrize("number", range(1, 12))
def test_number_of_groups_shares_the_fine_bins_out(number):
    groups = group_energies(FERMI, number, "TeV")
    sizes = groups.stop - groups.first
    assert (sizes.size, sizes.sum()) == (number, 11)
    assert sizes.max() - sizes.min() <= 1
    np.testing.assert_array_equal(groups.first[1:], groups.stop[:-1])
    np.testing.assert_array_equal(groups.edges, FERMI[np.append(groups.first, 11)])


def test_fine_is_each_fine_bin():
    groups, each = (group_energies(FERMI, wanted, "TeV") for wanted in ("fine", 11))
    np.testing.assert_array_equal(groups.edges, FERMI)
    np.testing.assert_array_equal(each.edges, FERMI)
    with pytest.raises(InvalidEnergyError, match=r"12 groups, .* 11 energy bins; .*'fine'"):
        group_energies(FERMI, 12, "TeV")


def test_empty_group_takes_nothing_from_its_neighbours():
    groups = group_energies(FINE, [1, 4.2, 5, 16] * u.TeV, "TeV")
    assert ranges(groups) == [(0, 2), (2, 2), (2, 4)]
    assert groups.upper[0] == groups.lower[2] == 4


@pytest.mark.parametrize("unit", ["TeV", "GeV", "keV"])
@pytest.mark.parametrize("asked", [[1, 4, 16] * u.TeV, [1000, 4000, 16000] * u.GeV])
def test_edges_are_in_the_unit_of_the_data(unit, asked):
    fine = FINE * u.TeV.to(unit)
    groups = group_energies(fine, asked, unit)
    np.testing.assert_allclose(groups.lower, fine[[0, 2]], rtol=1e-12, atol=0)
    assert ranges(groups) == [(0, 2), (2, 4)]


def test_list_of_quantities_is_taken():
    assert ranges(group_energies(FINE, [1000 * u.GeV, 4 * u.TeV], "TeV")) == [(0, 2)]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ([1, 4, 16], "has no unit of energy"),
        ([1, 4] * u.s, "has no unit of energy"),
        ([1, 4] * u.Hz, "has no unit of energy"),
        ("low to high", "has no unit of energy"),
        ([None, 4], "has no unit of energy"),
        ([4, 1] * u.TeV, "must be positive and ascend"),
        ([1, 4, 4] * u.TeV, "must be positive and ascend"),
        ([1, 16, 4] * u.TeV, "must be positive and ascend"),
        ([0, 4] * u.TeV, "must be positive and ascend"),
        ([-1, 4] * u.TeV, "must be positive and ascend"),
        ([1, np.nan] * u.TeV, "must be positive and ascend"),
        ([1, np.nan, 4] * u.TeV, "must be positive and ascend"),
        ([1, np.inf] * u.TeV, "must be positive and ascend"),
        ([4] * u.TeV, "must be a list of 2 or more energies"),
        (4 * u.TeV, "must be a list of 2 or more energies"),
        ([] * u.TeV, "must be a list of 2 or more energies"),
        ([[1, 4], [4, 16]] * u.TeV, "must be a list of 2 or more energies"),
    ],
    ids=str,
)
def test_wrong_edges_are_refused_with_an_example(wanted, message):
    with pytest.raises(InvalidEnergyError, match=rf"(?s)energy_edges {message}.*\* u\.GeV"):
        group_energies(FINE, wanted, "TeV")


def test_padded_sorts_fine_bins_into_groups():
    groups = group_energies(FINE, [1, 2, 4.2, 5, 16] * u.TeV, "TeV")
    values = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]])
    expected = [
        [[1, -1], [2, -1], [-1, -1], [3, 4]],
        [[5, -1], [6, -1], [-1, -1], [7, 8]],
    ]
    np.testing.assert_array_equal(groups.padded(values, fill=-1), expected)


def test_padded_of_empty_groups_alone():
    groups = EnergyGroups(np.array([1.0]), np.array([1.1]), np.array([4]), np.array([4]))
    np.testing.assert_array_equal(groups.padded(np.arange(4.0)), [[0.0]])


ascending = st.lists(
    st.floats(1e-4, 1e4), min_size=2, max_size=12, unique_by=lambda x: round(np.log(x), 6)
).map(sorted)


@pytest.mark.slow
@given(fine=ascending, wanted=ascending)
def test_groups_are_contiguous_and_within_the_data(fine, wanted):
    fine = np.array(fine)
    groups = group_energies(fine, wanted * u.TeV, "TeV")
    nfine = fine.size - 1
    assert groups.first.size == len(wanted) - 1
    np.testing.assert_array_equal(groups.first[1:], groups.stop[:-1])
    assert groups.first.min() >= 0
    assert groups.stop.max() <= nfine
    assert np.all(groups.first <= groups.stop)
    full = groups.first < groups.stop
    np.testing.assert_array_equal(groups.lower[full], fine[groups.first[full]])
    np.testing.assert_array_equal(groups.upper[full], fine[groups.stop[full]])
    assert np.all(groups.lower < groups.upper)


@pytest.mark.slow
@given(fine=ascending, wanted=ascending)
def test_no_other_edge_is_nearer(fine, wanted):
    groups = group_energies(np.array(fine), wanted * u.TeV, "TeV")
    distance = np.abs(np.log(wanted)[:, None] - np.log(fine))
    taken = np.append(groups.first, groups.stop[-1])
    chosen = distance[np.arange(len(wanted)), taken]
    np.testing.assert_allclose(chosen, distance.min(axis=1), rtol=1e-9, atol=1e-12)


@pytest.mark.slow
@given(fine=ascending, wanted=ascending)
def test_padding_conserves_what_is_between_first_and_last(fine, wanted):
    groups = group_energies(np.array(fine), wanted * u.TeV, "TeV")
    values = np.arange(1.0, len(fine))
    assert groups.padded(values).sum() == values[groups.first[0] : groups.stop[-1]].sum()
