"""The progress of `unfold` reaches its end, moves between its quantities, and changes no result."""

from contextlib import contextmanager

import pytest
import xarray as xr
from cases.unfolding import row_of_bins

from xprofile import simulate, unfold
from xprofile.estimation.unfolding import unfolding
from xprofile.likelihood.many_norms.refitting import parts


class Recorder:
    """A counter that keeps the numbers of steps, and how many there are."""

    def __init__(self, total):
        self.total, self.moves = total, []

    def advance(self, number):
        self.moves.append(number)

    def grow(self, number):
        self.total += number


@pytest.fixture
def counters(monkeypatch):
    """Progress of every run."""
    found = []

    @contextmanager
    def counted(total):
        found.append(Recorder(total))
        yield found[-1]

    monkeypatch.setattr(unfolding, "progress_counter", lambda label, **options: counted)
    return found


@pytest.fixture(scope="module")
def few():
    return row_of_bins(3, norm=[1, 0, 2], background=1)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"norm_min": 0, "background": 0.1},
        {"selection_optional": ["errn-errp", "ul"], "exposure_systematic": 0.1, "norm_min": 0},
        {"selection_optional": ["ul"], "ul_method": "bounded"},
        {"selection_optional": ["ul", "ul-expected"], "ul_method": "cls"},
        {"selection_optional": ["errn-errp"], "interval_method": "likelihood"},
        {"interval_method": "bounded"},
    ],
)
def test_every_quantity_counts_once_for_every_norm(few, counters, options):
    unfold(few, energy_edges="fine", **options)
    (counter,) = counters
    assert sum(counter.moves) == counter.total >= 2 * 3 * 3
    assert min(counter.moves) >= 0


def test_norms_without_a_curvature_are_counted_too(few, counters):
    empty = few.assign(counts=0 * few.counts)
    unfold(empty)
    assert sum(counters[0].moves) == counters[0].total == (2 + 2) * 3  # and ends on both sides


def test_it_moves_with_blocks_of_norms_and_roots_of_limits(few, counters, monkeypatch):
    toys = simulate(few, n_toys=2, rng=1)
    monkeypatch.setattr(parts, "_NUMBERS", 1)  # blocks of a single norm
    unfold(toys, selection_optional=["ul"], ul_method="cls")
    (counter,) = counters
    norms = 2 * 3
    assert counter.total == 4 * norms
    assert sum(move > 0 for move in counter.moves) > 3 * norms
    assert max(counter.moves) <= norms


def test_a_bar_changes_no_result(few, capsys):
    toys = simulate(few, n_toys=2, rng=1)
    options = {"selection_optional": "ul", "ul_method": "cls"}
    quiet = unfold(toys, **options)
    assert capsys.readouterr().err == ""
    xr.testing.assert_identical(toys.profile.unfold(progress=True, **options), quiet)
    shown = capsys.readouterr().err
    assert "unfold: 100%" in shown
    assert "24/24" in shown
