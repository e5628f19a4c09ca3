"""The tables of the page on coverage are those of the code, and show what it promises."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parents[1] / "docs" / "statistics"


def load(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def script(monkeypatch):
    monkeypatch.setitem(sys.modules, "coverage", load("coverage"))  # not the package of this name
    monkeypatch.setitem(sys.modules, "coverage_toys", load("coverage_toys"))
    return load("coverage_methods")


@pytest.mark.slow
def test_they_are_those_of_the_code(script):
    table = np.genfromtxt(DOCS / "methods_scan.csv", delimiter=",", names=True)
    for background in (0.1, 10):
        some = table[table["background"] == background][::20]
        found = script.exact(background, some["signal"])
        for row, written in zip(found, some, strict=True):
            for name in table.dtype.names:
                digits = 3 if name.startswith("median") else 2
                assert abs(row[name] - written[name]) < 0.51 * 10**-digits, (name, row["signal"])


def test_exact_limits_hold_in_95_percent_and_unified_intervals_in_68_27():
    table = np.genfromtxt(DOCS / "methods_scan.csv", delimiter=",", names=True)
    for name in ("cls_exact", "bayes", "feldman_cousins"):
        assert table[name].min() >= 95, name
    assert table["interval_feldman_cousins"].min() >= 68.27


@pytest.mark.slow
def test_the_table_of_toys_is_that_of_the_code(script):
    """Within five errors of the shares of 10,000 toys; some medians have a tenth of them."""
    rows = [script.toy_row(*at, 10_000) for at in ((1, 10), (10, 10))]
    for end in ("", "_medians"):
        table = np.genfromtxt(DOCS / f"methods_toys{end}.csv", delimiter=",", names=True)
        for row in rows:
            at = [table[name] == row[name] for name in ("background", "signal")]
            (written,) = table[np.logical_and(*at)]
            scale = 0.2 * np.sqrt(row["signal"] + row["background"]) if end else 1.1
            for name in table.dtype.names[2:]:
                assert abs(row[name] - written[name]) < scale, name


def test_limits_of_toys_hold_in_95_percent():
    table = np.genfromtxt(DOCS / "methods_toys.csv", delimiter=",", names=True)
    assert table.size == 30
    for name in ("cls_toys", "bayes", "feldman_cousins", "feldman_cousins_interval"):
        assert table[name].min() >= 95 - 0.07, name  # three errors of the share of a million toys
