"""Energy edges that are not edges of the data: warnings and errors, wherever edges are taken."""

import astropy.units as u
import numpy as np
import pytest
from cases.maps import make_maps
from cases.short_line import line
from hypothesis import given
from hypothesis import strategies as st

from xprofile import ProfileEstimator, bin_maps, estimate, rebin
from xprofile.estimation.energy_checks import check_groups
from xprofile.estimation.energy_groups import group_energies
from xprofile.exceptions import DataWarning, InvalidEnergyError
from xprofile.schema.axes import axis_edges

BINNED = bin_maps(make_maps(nenergy=8), line())  # 10 to 1000 GeV in 8 bins
EDGES = np.geomspace(10, 1000, 9)
WAYS = {
    "function": lambda **settings: estimate(BINNED, **settings),
    "estimator": lambda **settings: ProfileEstimator(**settings).run(BINNED),
    "accessor": lambda **settings: BINNED.profile.estimate(**settings),
    "maps": lambda **settings: make_maps(nenergy=8).profile.estimate(line(), **settings),
    "sensitivity": lambda **settings: estimate(
        BINNED, selection_optional="sensitivity", **settings
    ),
    "toys": lambda **settings: estimate(BINNED.profile.simulate(n_toys=2, rng=1), **settings),
    "rebin": lambda **settings: rebin(BINNED, min_ts=1e-9, **settings),
    "rebin method": lambda **settings: BINNED.profile.rebin(min_ts=1e-9, **settings),
}


@pytest.fixture(params=WAYS)
def run(request):
    return WAYS[request.param]


def test_moves_warn_once_with_both_values(run):
    with pytest.warns(DataWarning, match="12 to 10 GeV, 60 to 56.2341 GeV. Choose") as caught:
        run(energy_edges=[12, 60, 5000] * u.GeV)
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize("edges", [EDGES[[0, 4, 8]], [1, 100, 5000], [10.5, 102, 1000], [9, 2e3]])
def test_small_moves_and_ends_beyond_the_data_are_silent(run, edges):
    run(energy_edges=edges * u.GeV)


def test_strict_energies_refuse_any_move(run):
    run(energy_edges=EDGES[[0, 4, 8]] * u.GeV, strict_energies=True)
    run(energy_edges=EDGES[[0, 4, 8]].astype(np.float32) * u.GeV, strict_energies=True)
    for edges, text in {(10.5, 100): "10.5 to 10", (10, 5000): "5000 to 1000"}.items():
        with pytest.raises(InvalidEnergyError, match=f"would move: {text} GeV. Choose among 10, "):
            run(energy_edges=edges * u.GeV, strict_energies=True)


@pytest.mark.slow
def test_shortcuts(run):
    for edges in ("fine", 4, np.int64(3), 1):
        run(energy_edges=edges, strict_energies=True)


@pytest.mark.parametrize(
    ("edges", "text"),
    [
        ([10, 15, 20, 25, 30, 40], r"15 to 20, 25 to 30, 30 to 40 GeV, as both.*among 10, 17.78"),
        ([11, 12, 100], "11 to 12 GeV, as both ends move to the same edge"),
        ([1, 5, 100], "1 to 5 GeV, beyond the data. The data have 10 to 1000 GeV; choose among"),
        ([2000, 5000], "2000 to 5000 GeV, beyond the data"),
    ],
)
def test_groups_without_energy_bins_are_refused(run, edges, text):
    with pytest.raises(InvalidEnergyError, match=text):
        run(energy_edges=edges * u.GeV)


def test_messages_are_in_the_unit_of_the_edges():
    with pytest.warns(DataWarning, match="0.06 to 0.0562341 TeV. Choose among 0.01, "):
        estimate(BINNED, energy_edges=[0.01, 0.06, 1] * u.TeV)


def test_of_many_edges_those_nearby_are_listed():
    fine = np.geomspace(1, 10, 101)
    groups = group_energies(fine, [2.005, 2.01] * u.TeV, "TeV")
    with pytest.raises(InvalidEnergyError, match=r"among 1.94984, .*, 2.0893 TeV, \.\.\."):
        check_groups([fine], [groups], [2.005, 2.01] * u.TeV, "TeV")


def test_shortcuts_are_the_same_as_their_edges():
    fine = estimate(BINNED, energy_edges="fine")
    np.testing.assert_allclose(axis_edges(fine, "energy") * 1000, EDGES, rtol=1e-12)
    np.testing.assert_array_equal(fine.counts, BINNED.counts.transpose(*fine.counts.dims))
    quarters = estimate(BINNED, energy_edges=4)
    np.testing.assert_allclose(axis_edges(quarters, "energy") * 1000, EDGES[::2], rtol=1e-12)


def test_joint_fits_warn_once_and_refuse_groups_that_all_lack():
    low, high = (BINNED.isel(energy=part) for part in (slice(0, 4), slice(4, 8)))
    estimate([low, high], energy_edges=[10, 100, 1000] * u.GeV, strict_energies=True)
    with pytest.warns(DataWarning, match="data: 12 to 10 GeV. Choose") as caught:
        estimate([BINNED, BINNED], energy_edges=[12, 100] * u.GeV)
    assert len(caught) == 1
    with pytest.raises(InvalidEnergyError, match="beyond the data"):
        estimate([low, high], energy_edges=[10, 100, 1000, 2000] * u.GeV)
    with pytest.raises(InvalidEnergyError, match=r"4 and 8, .*'fine' has no common"):
        estimate([low, BINNED], energy_edges="fine")


positive = st.lists(
    st.floats(1, 1e3), min_size=2, max_size=9, unique_by=lambda x: round(np.log(x), 3)
).map(sorted)


@pytest.mark.slow
@given(fine=positive, wanted=positive)
def test_warnings_and_errors_are_those_of_the_definition(fine, wanted):
    """Edge by edge: the nearest in log energy, and how far in the fine bin around it."""
    fine, wanted = np.array(fine), np.array(wanted)
    nearest = [int(np.argmin(np.abs(np.log(fine) - np.log(edge)))) for edge in wanted]
    moves = []
    for edge, near in zip(wanted, nearest, strict=True):
        if fine[0] < edge < fine[-1]:
            place = int(np.searchsorted(fine, edge)) - 1
            width = np.log(fine[place + 1] / fine[place])
            moves.append(abs(np.log(edge / fine[near])) / width)
    groups = group_energies(fine, wanted * u.TeV, "TeV")
    if np.any(np.diff(nearest) <= 0):
        with pytest.raises(InvalidEnergyError, match="groups without energy bins"):
            check_groups([fine], [groups], wanted * u.TeV, "TeV")
    elif max(moves, default=0) > 0.1001:
        with pytest.warns(DataWarning, match="edges of the data"):
            check_groups([fine], [groups], wanted * u.TeV, "TeV")
    elif max(moves, default=0) < 0.0999:
        check_groups([fine], [groups], wanted * u.TeV, "TeV")
        assert np.array_equal(groups.edges, fine[nearest])
